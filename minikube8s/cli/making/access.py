"""Roles, what they allow, and who has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from minikube8s.api.resources import Resource
from minikube8s.api.resources.model import ALL_VERBS
from minikube8s.cli.errors import CommandError
from minikube8s.cli.making.base import Object, key_values, made

_API = "rbac.authorization.k8s.io"
_OTHER_VERBS = ("proxy", "use", "bind", "impersonate", "escalate", "approve", "sign", "attest", "*")
_VERBS = {*ALL_VERBS, *_OTHER_VERBS}
_URL_VERBS = {"get", "put", "post", "head", "options", "delete", "patch", "*"}
_ANYTHING = "*"


def rules(
    verbs: Sequence[str],
    words: Sequence[str],
    names: Sequence[str],
    kind_of: Callable[[str], Resource],
) -> list[Object]:
    """What ``verbs`` on the resources that ``words`` name allow, a rule an API group.

    Raises CommandError.
    """
    if not verbs:
        raise CommandError("at least one verb must be specified: --verb=get,list")
    if not words:
        raise CommandError("at least one resource must be specified: --resource=pods")
    if _ANYTHING in words and len(words) > 1:
        raise CommandError("resource cannot be specified with another resource together with *")
    groups: dict[str, list[str]] = {}
    for word in words:
        name, slash, part = word.partition("/")
        if name == _ANYTHING:
            groups.setdefault("", []).append(word)
            continue
        resource = kind_of(name)
        plural = resource.plural + (f"/{part}" if slash else "")
        if plural not in groups.setdefault(resource.group, []):
            groups[resource.group].append(plural)
    return [
        {"verbs": _verbs(verbs), "apiGroups": [group], "resources": resources}
        | ({"resourceNames": list(dict.fromkeys(names))} if names else {})
        for group, resources in sorted(groups.items())
    ]


def url_rule(verbs: Sequence[str], urls: Sequence[str]) -> Object:
    """What ``verbs`` on paths of the server allow. Raises CommandError."""
    for url in urls:
        if not url.startswith("/") and url != _ANYTHING:
            raise CommandError(f"nonResourceURL should start with /: {url}")
    for verb in verbs:
        if verb not in _URL_VERBS:
            raise CommandError(f"invalid verb: '{verb}' for nonResourceURL")
    return {"verbs": _verbs(verbs), "nonResourceURLs": list(dict.fromkeys(urls))}


def unusual(verbs: Sequence[str]) -> list[str]:
    """The verbs that no resource is known to have."""
    return [verb for verb in verbs if verb not in _VERBS]


def role(name: str, allowed: Sequence[Object]) -> Object:
    """A Role."""
    return made("Role", f"{_API}/v1", name, rules=list(allowed))


def cluster_role(name: str, allowed: Sequence[Object]) -> Object:
    """A ClusterRole."""
    return made("ClusterRole", f"{_API}/v1", name, rules=list(allowed))


def aggregated_role(name: str, labels: str) -> Object:
    """A ClusterRole of the rules of those with these labels, `a=b,c=d`."""
    selectors = [{"matchLabels": key_values(labels, "aggregation rule")}]
    rule = {"clusterRoleSelectors": selectors}
    return made("ClusterRole", f"{_API}/v1", name, rules=None, aggregationRule=rule)


def binding(kind: str, name: str, role_kind: str, role_name: str, who: list[Object]) -> Object:
    """A RoleBinding or ClusterRoleBinding."""
    reference = {"apiGroup": _API, "kind": role_kind, "name": role_name}
    subjects = {"subjects": who} if who else {}
    return made(kind, f"{_API}/v1", name, **subjects, roleRef=reference)


def _verbs(verbs: Sequence[str]) -> list[str]:
    return [_ANYTHING] if _ANYTHING in verbs else list(dict.fromkeys(verbs))

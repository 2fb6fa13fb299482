"""Questions about rights, and lists of them, as `auth can-i` asks and shows them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from minikube8s.cli.errors import CommandError

if TYPE_CHECKING:
    from minikube8s.api.resources import Resource
    from minikube8s.cli.naming.kinds import Kinds

_VERBS = (
    "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "use",
    "bind", "impersonate", "*", "approve", "sign", "escalate", "attest",
)  # fmt: skip
_URL_VERBS = ("get", "put", "post", "head", "options", "delete", "patch", "*")

Rule = dict[str, tuple[str, ...]]


class Question(NamedTuple):
    """The spec of a SelfSubjectAccessReview, and what is odd about it."""

    spec: dict[str, Any]
    warnings: list[str]


def question(kinds: Kinds, verb: str, what: str, part: str, namespace: str) -> Question:
    """May one `verb` `what`: TYPE, TYPE/NAME or a path that begins with a slash?"""
    if what.startswith("/"):
        if part:
            raise CommandError("--subresource can not be used with NonResourceURL")
        warnings = [] if verb in _URL_VERBS else [f"verb '{verb}' is not a known verb"]
        return Question({"nonResourceAttributes": {"path": what, "verb": verb}}, warnings)
    kind, _, name = what.partition("/")
    warnings = [] if verb in _VERBS else [f"verb '{verb}' is not a known verb"]
    group, resource = "*" if kind == "*" else "", kind
    if kind != "*":
        found = _found(kinds, kind)
        if found is None:
            resource, _, group = kind.partition(".")
            where = f" in group '{group}'" if group else ""
            warnings.append(f"the server doesn't have a resource type '{resource}'{where}")
        else:
            group, resource = found.group, found.plural
            if not found.namespaced and namespace:
                where = f" in group '{group}'" if group else ""
                warnings.append(f"resource '{resource}' is not namespace scoped{where}")
    attributes = {
        "namespace": namespace,
        "verb": verb,
        "group": group,
        "resource": resource,
        "subresource": part,
        "name": name,
    }
    return Question({"resourceAttributes": attributes}, warnings)


def verdict(status: dict[str, Any]) -> str:
    """`yes`, or `no` and why."""
    if status.get("allowed"):
        return "yes"
    reasons = (status.get("reason"), status.get("evaluationError"))
    return " - ".join(["no", *(str(reason) for reason in reasons if reason)])


def rows(status: dict[str, Any]) -> list[list[str]]:
    """The lines of `can-i --list`: rules of the same resource in one, in kubectl's order."""
    rules = [part for rule in status.get("resourceRules") or () for part in _parts(rule)]
    rules = _together(rules)
    for rule in status.get("nonResourceRules") or ():
        rules += [
            _rule(verbs=(verb,), urls=(url,))
            for url in rule.get("nonResourceURLs") or ()
            for verb in rule.get("verbs") or ()
        ]
    return [
        [_resource(rule), _list(rule["urls"]), _list(rule["names"]), _list(rule["verbs"])]
        for rule in sorted(rules, key=_key)
    ]


def _found(kinds: Kinds, word: str) -> Resource | None:
    try:
        return kinds.by_word(word)
    except CommandError:
        return None


def _rule(**given: tuple[str, ...]) -> Rule:
    return {"verbs": (), "groups": (), "resources": (), "names": (), "urls": (), **given}


def _parts(rule: dict[str, Any]) -> Iterable[Rule]:
    """A rule for each verb, group, resource and name of a rule."""
    for group in rule.get("apiGroups") or ():
        for resource in rule.get("resources") or ():
            for verb in rule.get("verbs") or ():
                for name in rule.get("resourceNames") or [None]:
                    names = () if name is None else (name,)
                    yield _rule(verbs=(verb,), groups=(group,), resources=(resource,), names=names)


def _together(rules: Iterable[Rule]) -> list[Rule]:
    """One rule for all verbs of the same group, resource and name."""
    merged: dict[tuple[Any, ...], Rule] = {}
    for rule in rules:
        key = (rule["groups"], rule["resources"], rule["names"])
        known = merged.setdefault(key, {**rule, "verbs": ()})
        known["verbs"] += rule["verbs"]
    return list(merged.values())


def _key(rule: Rule) -> str:
    return (
        f"Verbs:{_list(rule['verbs'])},APIGroups:{_list(rule['groups'])},"
        f"Resources:{_list(rule['resources'])},ResourceNames:{_list(rule['names'])},"
        f"NonResourceURLs:{_list(rule['urls'])},"
    )


def _resource(rule: Rule) -> str:
    if not rule["resources"]:
        return ""
    name, slash, part = rule["resources"][0].partition("/")
    group = rule["groups"][0] if rule["groups"] else ""
    return name + (f".{group}" if group else "") + slash + part


def _list(values: Iterable[str]) -> str:
    return f"[{' '.join(values)}]"

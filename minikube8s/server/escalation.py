"""Nobody hands out more than they have: checks on writes of roles and bindings.

Whoever writes a role must hold all its rules, unless they may `escalate` it; whoever writes a
binding must hold all rules of the role that it binds, unless they may `bind` that. Source:
https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minikube8s.api import errors
from minikube8s.api.quoting import quote
from minikube8s.api.rbac import FULL_AUTHORITY, GROUP, Ask, Rule, describe, missing, rules_of
from minikube8s.api.resources import CLUSTERROLES, ROLES, Resource
from minikube8s.registry.options import Admit
from minikube8s.server.authn import MASTERS, User
from minikube8s.server.authz import Authorizer

Object = dict[str, Any]
_COLLECTED = ("ownerReferences", "finalizers", "managedFields")
"""What the garbage collector changes, which nobody needs a role's rules for."""


def guard(
    authorizer: Authorizer, user: User, resource: Resource, namespace: str | None
) -> Admit | None:
    """Return what checks a user's writes of a resource, None where there is nothing to check."""
    if resource.group != GROUP or MASTERS in user.groups:
        return None
    kind = _check_role if resource in (ROLES, CLUSTERROLES) else _check_binding

    def admit(new: Object, old: Object | None) -> None:
        if old is None or _content(new) != _content(old):
            kind(authorizer, user, resource, namespace or "", new)

    return admit


def _check_role(
    authorizer: Authorizer, user: User, resource: Resource, namespace: str, role: Object
) -> None:
    name = role["metadata"]["name"]
    ask = Ask("escalate", GROUP, resource.plural, "", namespace, name)
    if authorizer.decide(user, ask).allowed:
        return
    held = authorizer.rules_for(user, namespace)
    if role.get("aggregationRule") and missing(held, FULL_AUTHORITY):
        why = "must have cluster-admin privileges to use the aggregationRule"
        raise errors.forbidden(resource, name, why)
    _confirm(user, resource, name, held, rules_of(role.get("rules")))


def _check_binding(
    authorizer: Authorizer, user: User, resource: Resource, namespace: str, binding: Object
) -> None:
    reference = binding["roleRef"]
    target = CLUSTERROLES if reference["kind"] == "ClusterRole" else ROLES
    ask = Ask("bind", GROUP, target.plural, "", namespace, reference["name"])
    if authorizer.decide(user, ask).allowed:
        return
    rules = authorizer.role_rules(namespace if target is ROLES else "", reference["name"])
    if rules is None:
        raise errors.not_found(target, reference["name"])
    held = authorizer.rules_for(user, namespace)
    _confirm(user, resource, binding["metadata"]["name"], held, rules)


def _confirm(
    user: User, resource: Resource, name: str, held: Sequence[Rule], wanted: Sequence[Rule]
) -> None:
    lacking = sorted(describe(rule) for rule in missing(held, wanted))
    if not lacking:
        return
    groups = " ".join(map(quote, user.groups))
    why = (
        f"user {quote(user.name)} (groups=[{groups}]) is attempting to grant RBAC permissions "
        "not currently held:\n" + "\n".join(lacking)
    )
    raise errors.forbidden(resource, name, why)


def _content(obj: Object) -> Object:
    metadata = {key: value for key, value in obj["metadata"].items() if key not in _COLLECTED}
    return obj | {"metadata": metadata}

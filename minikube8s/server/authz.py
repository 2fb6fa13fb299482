"""Who may do what: masters everything, everybody else what roles and bindings grant.

Nodes may besides do what `noderights` says, with what is their own.

Owns the words of refusals and the index of roles and bindings, which the registry keeps current.
The decision itself is `api.rbac`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikube8s.api import errors
from minikube8s.api.errors import ApiError
from minikube8s.api.quoting import quote
from minikube8s.api.rbac import Ask, Decision, Grants, Rule
from minikube8s.api.resources import (
    CLUSTERROLEBINDINGS,
    CLUSTERROLES,
    ROLEBINDINGS,
    ROLES,
)
from minikube8s.api.selectors import parse_fields
from minikube8s.registry import Registry
from minikube8s.server import noderights
from minikube8s.server.authn import MASTERS, User
from minikube8s.server.paths import ApiPath
from minikube8s.store.watching import Event

_ALLOWED = Decision(True)
_ALWAYS = frozenset({"/healthz", "/livez", "/readyz"})
"""What probes ask for, whoever they are and whatever the roles say."""
_CONVERSATIONS = frozenset({"pods/attach", "pods/exec", "pods/portforward"})
_SELECTING = frozenset({"list", "watch", "deletecollection"})
_Put = Callable[[str, str, dict[str, Any]], None]
_Drop = Callable[[str, str], None]


class Authorizer:
    """Decides for one cluster."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._grants = grants = Grants()
        for resource in (ROLES, CLUSTERROLES):
            registry.observe(resource, _follower(grants.put_role, grants.drop_role))
        for resource in (ROLEBINDINGS, CLUSTERROLEBINDINGS):
            registry.observe(resource, _follower(grants.put_binding, grants.drop_binding))

    def decide(self, user: User, ask: Ask) -> Decision:
        """Return whether a user may do something, and why."""
        if MASTERS in user.groups or ask.path in _ALWAYS:
            return _ALLOWED
        node = noderights.node_of(user)
        if node and noderights.allows(self._registry, node, ask):
            return Decision(True, noderights.REASON)
        return self._grants.decide(user.name, user.groups, ask)

    def check(self, user: User, ask: Ask) -> None:
        """Return when a user may do something. Raises ApiError Forbidden."""
        decision = self.decide(user, ask)
        if not decision.allowed:
            raise refusal(user, ask, decision.reason)

    def rules_for(self, user: User, namespace: str) -> list[Rule]:
        """Return all rules that a user has in a namespace, or with "" cluster-wide."""
        return self._grants.rules_for(user.name, user.groups, namespace)

    def role_rules(self, namespace: str, name: str) -> tuple[Rule, ...] | None:
        """Return the rules of a Role, or with "" of a ClusterRole; None when there is none."""
        return self._grants.role_rules(namespace, name)


def asks_of(verb: str, path: ApiPath, field_selector: str = "") -> tuple[Ask, ...]:
    """Return what somebody must be allowed to send a request to a resource's path.

    A selector of one name makes it a request for that name, one of a node for its pods. A
    Namespace counts as lying in itself, so that a role there can allow reading it. Talking to a
    container takes the right to create, also where the method, for a WebSocket, has to be GET.
    """
    namespace, name = path.namespace or "", path.name
    if path.plural == "namespaces" and not path.group and name:
        namespace = name
    node = ""
    if not name and verb in _SELECTING:
        name = _selected(field_selector, "metadata.name")
        node = _selected(field_selector, "spec.nodeName")
    ask = Ask(verb, path.group, path.plural, path.subresource, namespace, name, node=node)
    if verb == "get" and not path.group and ask.word in _CONVERSATIONS:
        return ask, ask._replace(verb="create")
    return (ask,)


def refusal(user: User, ask: Ask, reason: str = "") -> ApiError:
    """Return 403 Forbidden in Kubernetes' words, with what is wrong with the user's bindings."""
    ending = f": {reason}" if reason else ""
    who = f"User {quote(user.name)} cannot {ask.verb}"
    if ask.path:
        return ApiError(403, "Forbidden", f"forbidden: {who} path {quote(ask.path)}{ending}", {})
    place = f"in the namespace {quote(ask.namespace)}" if ask.namespace else "at the cluster scope"
    why = f"{who} resource {quote(ask.word)} in API group {quote(ask.group)} {place}{ending}"
    return forbidden(ask.group, ask.resource, ask.name, why)


def forbidden(group: str, resource: str, name: str, why: str) -> ApiError:
    """Return 403 Forbidden for a resource that need not be in the table (users, groups)."""
    full = f"{resource}.{group}" if group else resource
    details = {"name": name, "group": group, "kind": resource}
    return ApiError(
        403,
        "Forbidden",
        f"{full} {quote(name)} is forbidden: {why}" if name else f"{full} is forbidden: {why}",
        {key: value for key, value in details.items() if value},
    )


def _selected(field_selector: str, field: str) -> str:
    """Return the value that a field selector wants, "" for none."""
    if field not in field_selector:
        return ""
    try:
        return parse_fields(field_selector).value_of(field) or ""
    except errors.ApiError:
        # The verb will say what is wrong with it, to those who may ask at all.
        return ""


def _follower(put: _Put, drop: _Drop) -> Callable[[Event], None]:
    def follow(event: Event) -> None:
        entry = event.entry
        if event.type == "DELETED":
            drop(entry.namespace, entry.name)
        else:
            put(entry.namespace, entry.name, entry.object)

    return follow

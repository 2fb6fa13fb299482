"""All roles and bindings, found by who is bound. Pure.

Owns the one decision: may this user do that, and by which binding. It is told of every change to
a role or a binding; it must not know where they are stored. A decision looks only at the bindings
of the user and of the user's groups, cluster-wide and in the one namespace.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from minikube8s.api.quoting import quote
from minikube8s.api.rbac.rules import Ask, Rule, rules_of

GROUP = "rbac.authorization.k8s.io"
SERVICE_ACCOUNT_PREFIX = "system:serviceaccount:"

_RoleKey = tuple[str, str]
"""(namespace, name); the namespace of a ClusterRole is empty."""
_Subject = tuple[bool, str]
"""(whether it is a group, its name); a ServiceAccount is the user that it appears as."""


class Decision(NamedTuple):
    """`reason` names the binding that allows, or what is wrong with bindings that might have."""

    allowed: bool
    reason: str = ""


class _Grant(NamedTuple):
    binding: str
    role: _RoleKey
    subject: str

    def reason(self, kind: str) -> str:
        role = "ClusterRole" if not self.role[0] else "Role"
        return (
            f"RBAC: allowed by {kind} {quote(self.binding)} of {role} {quote(self.role[1])}"
            f" to {self.subject}"
        )


_Bound = dict[_Subject, dict[str, _Grant]]
"""Grants by subject and by name of their binding."""


class Grants:
    """The roles and bindings of a cluster as they are now."""

    def __init__(self) -> None:
        self._rules: dict[_RoleKey, tuple[Rule, ...]] = {}
        self._bound: dict[str, _Bound] = {}
        """By namespace; those of ClusterRoleBindings under the empty one."""
        self._subjects: dict[tuple[str, str], tuple[_Subject, ...]] = {}
        """By namespace and name of the binding."""

    def put_role(self, namespace: str, name: str, obj: Mapping[str, Any]) -> None:
        """Take in a Role, or with an empty `namespace` a ClusterRole."""
        self._rules[namespace, name] = rules_of(obj.get("rules"))

    def drop_role(self, namespace: str, name: str) -> None:
        """Forget a role that is gone."""
        self._rules.pop((namespace, name), None)

    def put_binding(self, namespace: str, name: str, obj: Mapping[str, Any]) -> None:
        """Take in a RoleBinding, or with an empty `namespace` a ClusterRoleBinding."""
        self.drop_binding(namespace, name)
        reference = obj.get("roleRef") or {}
        home = namespace if reference.get("kind") == "Role" else ""
        role = (home, reference.get("name", ""))
        subjects: dict[_Subject, _Grant] = {}
        for subject in obj.get("subjects") or ():
            key = _subject_key(subject, namespace)
            if key is not None:
                shown = f"{name}/{namespace}" if namespace else name
                subjects[key] = _Grant(shown, role, _describe(subject, namespace))
        bound = self._bound.setdefault(namespace, {})
        for key, grant in subjects.items():
            bound.setdefault(key, {})[name] = grant
        self._subjects[namespace, name] = tuple(subjects)

    def drop_binding(self, namespace: str, name: str) -> None:
        """Forget a binding that is gone."""
        bound = self._bound.get(namespace, {})
        for key in self._subjects.pop((namespace, name), ()):
            grants = bound[key]
            del grants[name]
            if not grants:
                del bound[key]
        if not bound:
            self._bound.pop(namespace, None)

    def decide(self, user: str, groups: Sequence[str], ask: Ask) -> Decision:
        """Return whether the user, being in those groups, may do what is asked for."""
        dangling: list[str] = []
        scopes = ("", ask.namespace) if ask.namespace else ("",)
        for scope in scopes:
            kind = "RoleBinding" if scope else "ClusterRoleBinding"
            for grant in self._granted(scope, user, groups):
                rules = self._rules.get(grant.role)
                if rules is None:
                    dangling.append(_not_found(grant.role))
                elif any(rule.allows(ask) for rule in rules):
                    return Decision(True, grant.reason(kind))
        return Decision(False, _problems(dangling))

    def rules_for(self, user: str, groups: Sequence[str], namespace: str) -> list[Rule]:
        """Return every rule that the user has in the namespace, or with "" cluster-wide."""
        scopes = ("", namespace) if namespace else ("",)
        grants = [grant for scope in scopes for grant in self._granted(scope, user, groups)]
        roles = dict.fromkeys(grant.role for grant in grants)
        return [rule for role in roles for rule in self._rules.get(role, ())]

    def role_rules(self, namespace: str, name: str) -> tuple[Rule, ...] | None:
        """Return the rules of a Role, or with "" of a ClusterRole; None when there is none."""
        return self._rules.get((namespace, name))

    def _granted(self, scope: str, user: str, groups: Sequence[str]) -> Iterator[_Grant]:
        bound = self._bound.get(scope)
        if not bound:
            return
        yield from bound.get((False, user), {}).values()
        for group in groups:
            yield from bound.get((True, group), {}).values()


def _subject_key(subject: Mapping[str, Any], namespace: str) -> _Subject | None:
    name = subject.get("name", "")
    match subject.get("kind"):
        case "User":
            return (False, name)
        case "Group":
            return (True, name)
        case "ServiceAccount":
            home = subject.get("namespace") or namespace
            return (False, f"{SERVICE_ACCOUNT_PREFIX}{home}:{name}") if home else None
    return None


def _describe(subject: Mapping[str, Any], namespace: str) -> str:
    kind, name = subject.get("kind", ""), subject.get("name", "")
    if kind == "ServiceAccount":
        name = f"{name}/{subject.get('namespace') or namespace}"
    return f"{kind} {quote(name)}"


def _not_found(role: _RoleKey) -> str:
    kind = "role" if role[0] else "clusterrole"
    return f"{kind}.{GROUP} {quote(role[1])} not found"


def _problems(dangling: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(dangling))
    if not distinct:
        return ""
    return f"RBAC: {distinct[0]}" if len(distinct) == 1 else f"RBAC: [{', '.join(distinct)}]"

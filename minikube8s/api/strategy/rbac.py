"""Roles and bindings, of a namespace and of the cluster."""

from __future__ import annotations

from typing import ClassVar

from minikube8s.api import names
from minikube8s.api.errors import Cause, invalid_value, required, unsupported
from minikube8s.api.strategy.checks.common import Obj, label_selector, named
from minikube8s.api.strategy.model import Strategy

GROUP = "rbac.authorization.k8s.io"


class _Named(Strategy):
    created_by_update: ClassVar[bool] = True

    def check_name(self, name: str) -> list[str]:
        """Names are free: `system:node` is one."""
        return names.path_segment(name)


class RoleStrategy(_Named):
    """Hooks of Roles and ClusterRoles."""

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, rules and aggregation."""
        causes = super().validate(obj)
        for position, rule in enumerate(obj.get("rules") or ()):
            causes += _rule(f"rules[{position}]", rule, namespaced=self.resource.namespaced)
        aggregation = obj.get("aggregationRule")
        if aggregation is not None:
            at = "aggregationRule.clusterRoleSelectors"
            selectors = aggregation.get("clusterRoleSelectors") or []
            if not selectors:
                why = "at least one clusterRoleSelector required if aggregationRule is non-nil"
                causes.append(required(at, why))
            for position, selector in enumerate(selectors):
                causes += label_selector(f"{at}[{position}]", selector)
        return causes


class RoleBindingStrategy(_Named):
    """Hooks of RoleBindings and ClusterRoleBindings."""

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, role and subjects."""
        causes = super().validate(obj)
        role = obj.get("roleRef") or {}
        kinds = ("Role", "ClusterRole") if self.resource.namespaced else ("ClusterRole",)
        if role.get("apiGroup") != GROUP:
            causes.append(unsupported("roleRef.apiGroup", role.get("apiGroup") or "", (GROUP,)))
        if role.get("kind") not in kinds:
            causes.append(unsupported("roleRef.kind", role.get("kind") or "", kinds))
        if not role.get("name"):
            causes.append(required("roleRef.name"))
        else:
            causes += named("roleRef.name", role["name"], names.path_segment)
        for position, subject in enumerate(obj.get("subjects") or ()):
            causes += _subject(
                f"subjects[{position}]", subject, namespaced=self.resource.namespaced
            )
        return causes

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep the role: whoever may bind one may not turn it into another."""
        causes = super().validate_update(new, old, subresource)
        if new.get("roleRef") != old.get("roleRef"):
            causes.append(invalid_value("roleRef", new.get("roleRef"), "cannot change roleRef"))
        return causes


def _rule(field: str, rule: Obj, *, namespaced: bool) -> list[Cause]:
    causes: list[Cause] = []
    if not rule.get("verbs"):
        causes.append(required(f"{field}.verbs", "verbs must contain at least one value"))
    urls = rule.get("nonResourceURLs")
    if urls:
        at = f"{field}.nonResourceURLs"
        if namespaced:
            why = "namespaced rules cannot apply to non-resource URLs"
            causes.append(invalid_value(at, urls, why))
        if any(rule.get(name) for name in ("apiGroups", "resources", "resourceNames")):
            why = "rules cannot apply to both regular resources and non-resource URLs"
            causes.append(invalid_value(at, urls, why))
        return causes
    if not rule.get("apiGroups"):
        why = "resource rules must supply at least one api group"
        causes.append(required(f"{field}.apiGroups", why))
    if not rule.get("resources"):
        why = "resource rules must supply at least one resource"
        causes.append(required(f"{field}.resources", why))
    return causes


def _subject(field: str, subject: Obj, *, namespaced: bool) -> list[Cause]:
    causes: list[Cause] = []
    name, group = subject.get("name") or "", subject.get("apiGroup") or ""
    if not name:
        causes.append(required(f"{field}.name"))
    match subject.get("kind"):
        case "ServiceAccount":
            if name:
                causes += named(f"{field}.name", name, names.dns1123_subdomain)
            if group:
                causes.append(unsupported(f"{field}.apiGroup", group, ("",)))
            # In a namespace, an account without one is the namespace's own.
            if not namespaced and not subject.get("namespace"):
                causes.append(required(f"{field}.namespace"))
        case "User" | "Group" as kind:
            if not name:
                why = f"{kind.lower()} name cannot be empty"
                causes.append(invalid_value(f"{field}.name", name, why))
            if group != GROUP:
                causes.append(unsupported(f"{field}.apiGroup", group, (GROUP,)))
        case kind:
            valid = ("ServiceAccount", "User", "Group")
            causes.append(unsupported(f"{field}.kind", kind or "", valid))
    return causes

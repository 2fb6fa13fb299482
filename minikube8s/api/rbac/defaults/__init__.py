"""The roles and bindings that every cluster begins with, and how they are kept up to date. Pure.

Loaded at the start of a master only.
"""

from minikube8s.api.rbac.aggregation import aggregated_rules
from minikube8s.api.rbac.defaults import joining, people, system
from minikube8s.api.rbac.defaults.build import Object
from minikube8s.api.rbac.defaults.reconcile import reconciled_binding, reconciled_role

BINDINGS = (*system.BINDINGS, *joining.BINDINGS)
"""ClusterRoleBindings."""
NAMESPACE_ROLES = {
    "kube-system": (*system.NAMESPACE_ROLES, *joining.SYSTEM_ROLES),
    "kube-public": joining.PUBLIC_ROLES,
}
"""Roles, by namespace."""
NAMESPACE_BINDINGS = {
    "kube-system": (*system.NAMESPACE_BINDINGS, *joining.SYSTEM_BINDINGS),
    "kube-public": joining.PUBLIC_BINDINGS,
}
"""RoleBindings, by namespace."""

__all__ = [
    "BINDINGS",
    "NAMESPACE_BINDINGS",
    "NAMESPACE_ROLES",
    "cluster_roles",
    "reconciled_binding",
    "reconciled_role",
]


def cluster_roles() -> list[Object]:
    """Return the ClusterRoles, the aggregating ones with the rules of those that make them up."""
    roles = {
        role["metadata"]["name"]: role for role in (*people.ROLES, *system.ROLES, *joining.ROLES)
    }
    for name in ("view", "edit", "admin"):
        # each is part of the next one
        roles[name] = roles[name] | {"rules": aggregated_rules(roles[name], roles.values())}
    return list(roles.values())

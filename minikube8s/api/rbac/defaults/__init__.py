"""The roles and bindings that every cluster begins with, and how they are kept up to date. Pure.

Loaded at the start of a master only.
"""

from minikube8s.api.rbac.aggregation import aggregated_rules
from minikube8s.api.rbac.defaults import people, system
from minikube8s.api.rbac.defaults.build import Object
from minikube8s.api.rbac.defaults.reconcile import reconciled_binding, reconciled_role

BINDINGS = system.BINDINGS
"""ClusterRoleBindings."""
NAMESPACE_ROLES = system.NAMESPACE_ROLES
"""Roles of kube-system."""
NAMESPACE_BINDINGS = system.NAMESPACE_BINDINGS
"""RoleBindings of kube-system."""

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
    roles = {role["metadata"]["name"]: role for role in (*people.ROLES, *system.ROLES)}
    for name in ("view", "edit", "admin"):
        # each is part of the next one
        roles[name] = roles[name] | {"rules": aggregated_rules(roles[name], roles.values())}
    return list(roles.values())

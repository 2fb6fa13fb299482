"""The roles and bindings that every cluster begins with, and how they are kept up to date. Pure.

Loaded at the start of a master only: names `ROLES` (ClusterRoles), `BINDINGS`
(ClusterRoleBindings), `NAMESPACE_ROLES` and `NAMESPACE_BINDINGS` (those of kube-system).
"""

from minikube8s.api.rbac.defaults import people, system
from minikube8s.api.rbac.defaults.reconcile import reconciled_binding, reconciled_role

ROLES = (*people.ROLES, *system.ROLES)
BINDINGS = system.BINDINGS
NAMESPACE_ROLES = system.NAMESPACE_ROLES
NAMESPACE_BINDINGS = system.NAMESPACE_BINDINGS

__all__ = [
    "BINDINGS",
    "NAMESPACE_BINDINGS",
    "NAMESPACE_ROLES",
    "ROLES",
    "reconciled_binding",
    "reconciled_role",
]

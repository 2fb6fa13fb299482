"""Who may do what: roles, their bindings, and requests for certificates."""

from __future__ import annotations

from minikube8s.api.resources.build import row
from minikube8s.api.resources.model import Subresource

_RBAC = "rbac.authorization.k8s.io"

CLUSTERROLEBINDINGS = row(
    _RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False
)
CLUSTERROLES = row(_RBAC, "v1", "ClusterRole", "clusterroles", namespaced=False)
ROLEBINDINGS = row(_RBAC, "v1", "RoleBinding", "rolebindings")
ROLES = row(_RBAC, "v1", "Role", "roles")
CERTIFICATESIGNINGREQUESTS = row(
    "certificates.k8s.io",
    "v1",
    "CertificateSigningRequest",
    "certificatesigningrequests",
    namespaced=False,
    short=("csr",),
    status=True,
    subresources=(Subresource("approval", "CertificateSigningRequest"),),
)

ROWS = (CERTIFICATESIGNINGREQUESTS, CLUSTERROLEBINDINGS, CLUSTERROLES, ROLEBINDINGS, ROLES)

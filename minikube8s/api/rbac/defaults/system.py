"""The roles that components are given, and the bindings that every cluster has.

The roles of Kubernetes' own controllers (`system:controller:…`) are left out: here controllers
are part of the master and ask nobody. The role of a node is there for tools that look for it, and
bound to nobody: agents do not speak this API.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#core-component-roles
"""

from __future__ import annotations

from minikube8s.api.rbac.defaults.build import READ, Object, at, binding, on, role
from minikube8s.api.rbac.grants import GROUP

_CERTIFICATES = "certificates.k8s.io"
_EVENTS = on('"" events.k8s.io', "events", "create patch update")
_ASK_FOR_OTHERS = (
    on("authentication.k8s.io", "tokenreviews", "create"),
    on("authorization.k8s.io", "subjectaccessreviews", "create"),
)
_HEALTH = "/healthz /livez /readyz /version /version/"
_LEASES = on("coordination.k8s.io", "leases", "create")


def _approver(name: str, signer: str) -> Object:
    rule = on(_CERTIFICATES, "signers", "approve", f"kubernetes.io/{signer}")
    return role(f"system:{_CERTIFICATES}:{name}", rule)


ROLES = (
    role(
        "system:discovery",
        at(f"/api /api/* /apis /apis/* /openapi /openapi/* {_HEALTH}"),
    ),
    role("system:public-info-viewer", at(_HEALTH)),
    role(
        "system:basic-user",
        on("authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews", "create"),
        on("authentication.k8s.io", "selfsubjectreviews", "create"),
    ),
    role(
        "system:monitoring",
        at("/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*"),
    ),
    role(
        "system:service-account-issuer-discovery",
        at("/.well-known/openid-configuration /openid/v1/jwks"),
    ),
    role("system:auth-delegator", *_ASK_FOR_OTHERS),
    role("system:kube-aggregator", on('""', "endpoints services", READ)),
    role(
        "system:kube-controller-manager",
        _EVENTS,
        _LEASES,
        on("coordination.k8s.io", "leases", "get update", "kube-controller-manager"),
        on('""', "secrets serviceaccounts", "create"),
        on('""', "secrets", "delete"),
        on('""', "configmaps namespaces secrets serviceaccounts", "get"),
        on('""', "secrets serviceaccounts", "update"),
        *_ASK_FOR_OTHERS,
        on("*", "*", "list watch"),
        on('""', "serviceaccounts/token", "create"),
    ),
    role(
        "system:kube-dns",
        on('""', "endpoints services", "list watch"),
        on("discovery.k8s.io", "endpointslices", "list watch"),
    ),
    role(
        "system:kube-scheduler",
        _EVENTS,
        _LEASES,
        on("coordination.k8s.io", "leases", "get list update watch", "kube-scheduler"),
        on('""', "nodes", READ),
        on('""', "pods", f"delete {READ}"),
        on('""', "bindings pods/binding", "create"),
        on('""', "pods/status", "patch update"),
        on('""', "replicationcontrollers services", READ),
        on("apps extensions", "replicasets", READ),
        on("apps", "statefulsets", READ),
        on("policy", "poddisruptionbudgets", READ),
        on('""', "persistentvolumeclaims persistentvolumes", READ),
        *_ASK_FOR_OTHERS,
        on("storage.k8s.io", "csidrivers csinodes csistoragecapacities", READ),
        on('""', "namespaces", READ),
    ),
    role(
        "system:kubelet-api-admin",
        on('""', "nodes", READ),
        on('""', "nodes", "proxy"),
        on('""', "nodes/log nodes/metrics nodes/proxy nodes/stats", "*"),
    ),
    role(
        "system:node",
        on("authentication.k8s.io", "tokenreviews", "create"),
        on("authorization.k8s.io", "localsubjectaccessreviews subjectaccessreviews", "create"),
        on('""', "services", READ),
        on('""', "nodes", f"create {READ}"),
        on('""', "nodes nodes/status", "patch update"),
        on('""', "events", "create patch update"),
        on('""', "pods", f"create delete {READ}"),
        on('""', "pods/status", "patch update"),
        on('""', "pods/eviction", "create"),
        on('""', "configmaps secrets", READ),
        on('""', "endpoints persistentvolumeclaims persistentvolumes", "get"),
        on(_CERTIFICATES, "certificatesigningrequests", f"create {READ}"),
        on("coordination.k8s.io", "leases", "create delete get patch update"),
        on("storage.k8s.io", "volumeattachments", "get"),
        on('""', "serviceaccounts/token", "create"),
        on('""', "persistentvolumeclaims/status", "get patch update"),
        on("storage.k8s.io", "csidrivers", READ),
        on("storage.k8s.io", "csinodes", "create delete get patch update"),
        on("node.k8s.io", "runtimeclasses", READ),
    ),
    role(
        "system:node-bootstrapper",
        on(_CERTIFICATES, "certificatesigningrequests", f"create {READ}"),
    ),
    role(
        "system:node-problem-detector",
        on('""', "nodes", "get"),
        on('""', "nodes/status", "patch"),
        _EVENTS,
    ),
    role(
        "system:node-proxier",
        on('""', "endpoints services", "list watch"),
        on('""', "nodes", READ),
        _EVENTS,
        on("discovery.k8s.io", "endpointslices", "list watch"),
        on("networking.k8s.io", "servicecidrs", "list watch"),
    ),
    role(
        "system:persistent-volume-provisioner",
        on('""', "persistentvolumes", f"create delete {READ}"),
        on('""', "persistentvolumeclaims", f"update {READ}"),
        on("storage.k8s.io", "storageclasses", READ),
        on('""', "events", "watch"),
        _EVENTS,
    ),
    role(
        "system:volume-scheduler",
        on('""', "persistentvolumes", f"patch update {READ}"),
        on("storage.k8s.io", "storageclasses", READ),
        on('""', "persistentvolumeclaims", f"patch update {READ}"),
    ),
    role(
        f"system:{_CERTIFICATES}:certificatesigningrequests:nodeclient",
        on(_CERTIFICATES, "certificatesigningrequests/nodeclient", "create"),
    ),
    role(
        f"system:{_CERTIFICATES}:certificatesigningrequests:selfnodeclient",
        on(_CERTIFICATES, "certificatesigningrequests/selfnodeclient", "create"),
    ),
    _approver("kube-apiserver-client-approver", "kube-apiserver-client"),
    _approver("kube-apiserver-client-kubelet-approver", "kube-apiserver-client-kubelet"),
    _approver("kubelet-serving-approver", "kubelet-serving"),
    _approver("legacy-unknown-approver", "legacy-unknown"),
)

_EVERYBODY = ("Group", "system:authenticated")

BINDINGS = (
    binding("cluster-admin", ("Group", "system:masters")),
    binding("system:basic-user", _EVERYBODY),
    binding("system:discovery", _EVERYBODY),
    binding("system:kube-controller-manager", ("User", "system:kube-controller-manager")),
    binding("system:kube-scheduler", ("User", "system:kube-scheduler")),
    binding("system:monitoring", ("Group", "system:monitoring")),
    binding("system:node"),
    binding("system:node-proxier", ("User", "system:kube-proxy")),
    binding("system:public-info-viewer", _EVERYBODY, ("Group", "system:unauthenticated")),
    binding("system:service-account-issuer-discovery", ("Group", "system:serviceaccounts")),
    binding("system:volume-scheduler", ("User", "system:kube-scheduler")),
)

READER = "extension-apiserver-authentication-reader"
NAMESPACE_ROLES = (
    role(READER, on('""', "configmaps", READ, "extension-apiserver-authentication")),
)
"""Roles in kube-system."""
NAMESPACE_BINDINGS = (
    binding(f"system::{READER}", ("User", "system:kube-controller-manager"))
    | {"roleRef": {"apiGroup": GROUP, "kind": "Role", "name": READER}},
)
"""RoleBindings in kube-system."""

"""What machines need that join as nodes; named as kubeadm names it.

Source: https://kubernetes.io/docs/reference/setup-tools/kubeadm/implementation-details/
"""

from __future__ import annotations

from minikube8s.api import bootstraptokens
from minikube8s.api.rbac.defaults.build import granted, on, role

_JOINING = ("Group", bootstraptokens.NODES_GROUP)
_NODES = ("Group", "system:nodes")
_SEEING = "mk8s:list-nodes"
_REQUESTS = "system:certificates.k8s.io:certificatesigningrequests"

# the second goes beyond kubeadm: who joins looks whether another node has its address
ROLES = (
    role("kubeadm:get-nodes", on('""', "nodes", "get")),
    role(_SEEING, on('""', "nodes", "list")),
)
BINDINGS = (
    # nodes too, which ask anew before their certificate ends
    granted(
        "kubeadm:kubelet-bootstrap", "ClusterRole", "system:node-bootstrapper", _JOINING, _NODES
    ),
    granted("kubeadm:get-nodes", "ClusterRole", "kubeadm:get-nodes", _JOINING, _NODES),
    granted(_SEEING, "ClusterRole", _SEEING, _JOINING),
    granted(
        "kubeadm:node-autoapprove-bootstrap", "ClusterRole", f"{_REQUESTS}:nodeclient", _JOINING
    ),
    granted(
        "kubeadm:node-autoapprove-certificate-rotation",
        "ClusterRole",
        f"{_REQUESTS}:selfnodeclient",
        _NODES,
    ),
)

_INFO_ROLE = "kubeadm:bootstrap-signer-clusterinfo"
_ANONYMOUS = ("User", "system:anonymous")
PUBLIC_ROLES = (role(_INFO_ROLE, on('""', "configmaps", "get", bootstraptokens.CLUSTER_INFO)),)
PUBLIC_BINDINGS = (granted(_INFO_ROLE, "Role", _INFO_ROLE, _ANONYMOUS),)

_CONFIG_ROLE = "kubeadm:nodes-kubeadm-config"
SYSTEM_ROLES = (role(_CONFIG_ROLE, on('""', "configmaps", "get", bootstraptokens.CONFIG)),)
SYSTEM_BINDINGS = (granted(_CONFIG_ROLE, "Role", _CONFIG_ROLE, _JOINING, _NODES),)

"""How pods are reached: networking and discovery."""

from __future__ import annotations

from minikube8s.api.resources.build import row

_GROUP = "networking.k8s.io"

ENDPOINTSLICES = row("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices")
INGRESSCLASSES = row(_GROUP, "v1", "IngressClass", "ingressclasses", namespaced=False)
INGRESSES = row(_GROUP, "v1", "Ingress", "ingresses", short=("ing",), status=True)
IPADDRESSES = row(_GROUP, "v1", "IPAddress", "ipaddresses", namespaced=False, short=("ip",))
NETWORKPOLICIES = row(_GROUP, "v1", "NetworkPolicy", "networkpolicies", short=("netpol",))
SERVICECIDRS = row(_GROUP, "v1", "ServiceCIDR", "servicecidrs", namespaced=False, status=True)

ROWS = (
    ENDPOINTSLICES,
    INGRESSCLASSES,
    INGRESSES,
    IPADDRESSES,
    NETWORKPOLICIES,
    SERVICECIDRS,
)

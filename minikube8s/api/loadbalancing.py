"""What of load balancers stands in objects: class, annotation, labels. Pure."""

from __future__ import annotations

from minikube8s.api.views import Service

CLASS = "mk8s.io/load-balancer"
"""The name by which a Service asks for ours; one without a class gets ours, too."""
ANNOUNCED_BY = "mk8s.io/announced-by"
"""On a Service: the node that answers for its address of the pool."""
EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers"
"""A node with this label, whatever its value, gets no traffic of load balancers."""


def is_balanced(service: Service) -> bool:
    """Tell whether the Service wants an address of ours."""
    return (
        service.spec.type == "LoadBalancer"
        and service.spec.load_balancer_class in (None, "", CLASS)
        and service.metadata.deletion_timestamp is None
    )

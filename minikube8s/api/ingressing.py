"""The class of Ingresses that the cluster serves itself. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from minikube8s.api.views import Ingress

CONTROLLER = "mk8s.io/ingress-nginx"
CLASS = "mk8s"
"""The name of the class that every new cluster has."""
OLD_CLASS = "kubernetes.io/ingress.class"
"""The annotation that named the class before there was a field for it."""
REDIRECT = "mk8s.io/ssl-redirect"
"""On an Ingress: "true" sends who comes by HTTP to HTTPS where the host has a certificate."""


def ingress_class() -> dict[str, Any]:
    """Return the class that Ingresses without one get."""
    default = {"ingressclass.kubernetes.io/is-default-class": "true"}
    return {
        "metadata": {"name": CLASS, "annotations": default},
        "spec": {"controller": CONTROLLER},
    }


def class_of(ingress: Ingress) -> str:
    """Return the name of the Ingress' class, "" if it has none."""
    return ingress.spec.ingress_class_name or ingress.metadata.annotations.get(OLD_CLASS, "")


def is_served(ingress: Ingress, classes: Collection[str]) -> bool:
    """Tell whether the Ingress is of one of `classes`."""
    return class_of(ingress) in classes and ingress.metadata.deletion_timestamp is None

"""Ingresses and their classes."""

from __future__ import annotations

from typing import Any

from minikube8s.api.views.base import View
from minikube8s.api.views.meta import ObjectMeta


class ServiceBackendPort(View, frozen=True):
    """A Service's port, by its name or by its number."""

    name: str = ""
    number: int = 0


class IngressServiceBackend(View, frozen=True):
    """A Service of the Ingress' namespace."""

    name: str = ""
    port: ServiceBackendPort = ServiceBackendPort()


class IngressBackend(View, frozen=True):
    """Where requests go: exactly one of the two is there."""

    service: IngressServiceBackend | None = None
    resource: dict[str, Any] | None = None


class HTTPIngressPath(View, frozen=True):
    """`path_type` is Exact, Prefix or ImplementationSpecific."""

    path: str = ""
    path_type: str = ""
    backend: IngressBackend = IngressBackend()


class HTTPIngressRuleValue(View, frozen=True):
    """The paths of a rule."""

    paths: tuple[HTTPIngressPath, ...] = ()


class IngressRule(View, frozen=True):
    """Without a host it is about all of them, without `http` all goes to the default backend."""

    host: str = ""
    http: HTTPIngressRuleValue | None = None


class IngressTLS(View, frozen=True):
    """Without hosts it is about all of the Ingress."""

    hosts: tuple[str, ...] = ()
    secret_name: str = ""


class IngressSpec(View, frozen=True):
    """networkingv1.IngressSpec."""

    ingress_class_name: str | None = None
    default_backend: IngressBackend | None = None
    rules: tuple[IngressRule, ...] = ()
    tls: tuple[IngressTLS, ...] = ()


class Ingress(View, frozen=True):
    """networkingv1.Ingress."""

    api_version: str = "networking.k8s.io/v1"
    kind: str = "Ingress"
    metadata: ObjectMeta = ObjectMeta()
    spec: IngressSpec = IngressSpec()


class IngressClassSpec(View, frozen=True):
    """networkingv1.IngressClassSpec."""

    controller: str = ""


class IngressClass(View, frozen=True):
    """networkingv1.IngressClass."""

    api_version: str = "networking.k8s.io/v1"
    kind: str = "IngressClass"
    metadata: ObjectMeta = ObjectMeta()
    spec: IngressClassSpec = IngressClassSpec()

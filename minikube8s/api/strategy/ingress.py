"""Ingresses and their classes."""

from __future__ import annotations

import ipaddress
from typing import ClassVar

from minikube8s.api import names
from minikube8s.api.errors import (
    Cause,
    forbidden_field,
    invalid_value,
    required,
    too_long,
)
from minikube8s.api.strategy.checks.common import Obj, kept, named, one_of, port
from minikube8s.api.strategy.model import Strategy

_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_BAD_IN_PATHS = ("//", "/./", "/../", "%2f", "%2F")
_BAD_ENDS = ("/..", "/.")
_OLD_CLASS = "kubernetes.io/ingress.class"
_CONTROLLER_LENGTH = 250


class IngressStrategy(Strategy):
    """Hooks of Ingresses."""

    generation_sections: ClassVar[tuple[str, ...]] = ("spec",)
    first_status: ClassVar[Obj | None] = {"loadBalancer": {}}

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, class, backends, rules and TLS."""
        spec = obj.get("spec") or {}
        causes = super().validate(obj) + _class(obj, spec)
        if not spec.get("rules") and not spec.get("defaultBackend"):
            why = "either `defaultBackend` or `rules` must be specified"
            causes.append(invalid_value("spec", spec, why))
        if spec.get("defaultBackend") is not None:
            causes += _backend("spec.defaultBackend", spec["defaultBackend"])
        for position, rule in enumerate(spec.get("rules") or ()):
            causes += _rule(f"spec.rules[{position}]", rule)
        for position, one in enumerate(spec.get("tls") or ()):
            at = f"spec.tls[{position}]"
            for place, host in enumerate(one.get("hosts") or ()):
                causes += _host(f"{at}.hosts[{place}]", host)
            if one.get("secretName"):
                causes += named(f"{at}.secretName", one["secretName"], names.dns1123_subdomain)
        return causes


class IngressClassStrategy(Strategy):
    """Hooks of IngressClasses."""

    generation_sections: ClassVar[tuple[str, ...]] = ("spec",)

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, controller and parameters."""
        spec = obj.get("spec") or {}
        controller = spec.get("controller") or ""
        causes = super().validate(obj)
        if len(controller) > _CONTROLLER_LENGTH:
            causes.append(too_long("spec.controller", _CONTROLLER_LENGTH))
        causes += named("spec.controller", controller, names.domain_path)
        if spec.get("parameters") is not None:
            causes += _parameters("spec.parameters", spec["parameters"])
        return causes

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep the controller."""
        causes = super().validate_update(new, old, subresource)
        return causes + kept(new.get("spec") or {}, old.get("spec") or {}, ("controller",), "spec.")


def _class(obj: Obj, spec: Obj) -> list[Cause]:
    name = spec.get("ingressClassName")
    if name is None:
        return []
    causes = named("spec.ingressClassName", name, names.dns1123_subdomain)
    old = (obj["metadata"].get("annotations") or {}).get(_OLD_CLASS)
    if old is not None:
        why = "can not be set when the class field is also set"
        causes.append(invalid_value(f"annotations.{_OLD_CLASS}", old, why))
    return causes


def _rule(field: str, rule: Obj) -> list[Cause]:
    causes = _host(f"{field}.host", rule["host"]) if rule.get("host") else []
    http = rule.get("http")
    if http is None:
        return causes
    paths = http.get("paths") or []
    if not paths:
        causes.append(required(f"{field}.http.paths"))
    for position, path in enumerate(paths):
        at = f"{field}.http.paths[{position}]"
        causes += _path(at, path) + _backend(f"{at}.backend", path.get("backend") or {})
    return causes


def _host(field: str, host: str) -> list[Cause]:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return [invalid_value(field, host, "must be a DNS name, not an IP address")]
    check = names.wildcard_subdomain if "*" in host else names.dns1123_subdomain
    return named(field, host, check)


def _path(field: str, path: Obj) -> list[Cause]:
    type_, text = path.get("pathType"), path.get("path") or ""
    if not type_:
        return [required(f"{field}.pathType", "pathType must be specified")]
    causes = one_of(f"{field}.pathType", type_, _PATH_TYPES)
    if causes:
        return causes
    at = f"{field}.path"
    if type_ == "ImplementationSpecific":
        if text and not text.startswith("/"):
            causes.append(invalid_value(at, text, "must be an absolute path"))
        return causes
    if not text.startswith("/"):
        causes.append(invalid_value(at, text, "must be an absolute path"))
    if text:
        causes += [
            invalid_value(at, text, f"must not contain '{bad}'")
            for bad in _BAD_IN_PATHS
            if bad in text
        ]
        causes += [
            invalid_value(at, text, f"cannot end with '{bad}'")
            for bad in _BAD_ENDS
            if text.endswith(bad)
        ]
    return causes


def _backend(field: str, backend: Obj) -> list[Cause]:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        return [invalid_value(field, "", "cannot set both resource and service backends")]
    if resource is not None:
        return _typed_reference(f"{field}.resource", resource)
    if service is None:
        return [invalid_value(field, "", "resource or service backend is required")]
    causes: list[Cause] = []
    if not service.get("name"):
        causes.append(required(f"{field}.service.name"))
    else:
        causes += named(f"{field}.service.name", service["name"], names.dns1035_label)
    by = service.get("port") or {}
    if by.get("name") and by.get("number"):
        causes.append(invalid_value(field, "", "cannot set both port name & port number"))
    elif by.get("name"):
        causes += named(f"{field}.service.port.name", by["name"], names.port_name)
    elif by.get("number"):
        causes += port(f"{field}.service.port.number", by["number"])
    else:
        causes.append(required(field, "port name or number is required"))
    return causes


def _typed_reference(field: str, reference: Obj) -> list[Cause]:
    causes: list[Cause] = []
    if reference.get("apiGroup") is not None:
        causes += named(f"{field}.apiGroup", reference["apiGroup"], names.dns1123_subdomain)
    for part in ("kind", "name"):
        if not reference.get(part):
            causes.append(required(f"{field}.{part}", f"{part} is required"))
        else:
            causes += named(f"{field}.{part}", reference[part], names.path_segment)
    return causes


def _parameters(field: str, parameters: Obj) -> list[Cause]:
    causes = _typed_reference(field, parameters)
    scope, namespace = parameters.get("scope"), parameters.get("namespace")
    causes += one_of(f"{field}.scope", scope, ("Cluster", "Namespace"))
    if scope == "Namespace" and not namespace:
        why = "`parameters.scope` is set to 'Namespace'"
        causes.append(required(f"{field}.namespace", why))
    elif scope == "Cluster" and namespace:
        why = "`parameters.scope` is set to 'Cluster'"
        causes.append(forbidden_field(f"{field}.namespace", why))
    return causes

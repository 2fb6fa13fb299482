"""Tables of the networking group."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikube8s.api.tables.model import (
    AGE,
    NAME,
    NONE,
    Column,
    Obj,
    Table,
    age,
    label_selector,
    name_of,
    section,
    shortened,
)


def _ingress(obj: Obj, now: datetime) -> list[Any]:
    spec = section(obj, "spec")
    return [
        name_of(obj),
        spec.get("ingressClassName") or NONE,
        shortened([rule["host"] for rule in spec.get("rules") or () if rule.get("host")], "*"),
        _addresses(obj),
        "80, 443" if spec.get("tls") else "80",
        age(obj, now),
    ]


def _addresses(obj: Obj) -> str:
    entries = section(section(obj, "status"), "loadBalancer").get("ingress") or ()
    found = {entry.get("ip") or entry.get("hostname") or "" for entry in entries}
    return ",".join(sorted(found - {""}))


def _ingress_class(obj: Obj, now: datetime) -> list[Any]:
    spec = section(obj, "spec")
    parameters, shown = spec.get("parameters"), NONE
    if parameters:
        group = f".{parameters['apiGroup']}" if parameters.get("apiGroup") else ""
        shown = f"{parameters.get('kind', '')}{group}/{parameters.get('name', '')}"
    return [name_of(obj), spec.get("controller", ""), shown, age(obj, now)]


def _network_policy(obj: Obj, now: datetime) -> list[Any]:
    selector = section(section(obj, "spec"), "podSelector")
    return [name_of(obj), label_selector(selector), age(obj, now)]


def _ip_address(obj: Obj, now: datetime) -> list[Any]:
    parent = section(section(obj, "spec"), "parentRef")
    shown = NONE
    if parent:
        group = f".{parent['group']}" if parent.get("group") else ""
        where = f"{parent['namespace']}/" if parent.get("namespace") else ""
        shown = f"{parent.get('resource', '')}{group}/{where}{parent.get('name', '')}".lower()
    return [name_of(obj), shown, age(obj, now)]


def _service_cidr(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), ",".join(section(obj, "spec").get("cidrs") or ()), age(obj, now)]


INGRESS = Table(
    (
        NAME,
        Column("Class", "The class of controllers that serve it."),
        Column("Hosts", "Host names that it answers to."),
        Column("Address", "Where it is reached."),
        Column("Ports", "Ports that it is reached on."),
        AGE,
    ),
    _ingress,
)
INGRESS_CLASS = Table(
    (
        NAME,
        Column("Controller", "The controller that serves the class."),
        Column("Parameters", "The object that configures it."),
        AGE,
    ),
    _ingress_class,
)
NETWORK_POLICY = Table(
    (NAME, Column("Pod-Selector", "The pods that it is about."), AGE), _network_policy
)
IP_ADDRESS = Table(
    (NAME, Column("ParentRef", "The object that has the address."), AGE), _ip_address
)
SERVICE_CIDR = Table((NAME, Column("CIDRs", "Addresses for Services."), AGE), _service_cidr)

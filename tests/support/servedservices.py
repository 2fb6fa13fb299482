"""Services and EndpointSlices as a node serves them: from objects to rules that can be traced."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from mk8s_agent.proxy.desired import service_ports
from mk8s_agent.proxy.endpoints import Node
from mk8s_agent.proxy.fixed import TableConfig
from mk8s_agent.proxy.parts import Owner, Part, PartKey
from mk8s_agent.proxy.rules import PortPart
from mk8s_agent.proxy.table import ServiceTable

from minikube8s.api.views import EndpointSlice, Service
from tests.support.faketable import Content, FakeTable

PODS = "10.244.0.0/16,fd44::/56"
SERVICES = "10.96.0.0/12,fd96::/108"
CONFIG = TableConfig("mk8s", "n1", PODS, SERVICES)
HERE = Node("n1", "east", ("192.0.2.1", "2001:db8::1"))


def service(name: str = "web", *, ingress: Iterable[dict[str, str]] = (), **spec: Any) -> Service:
    """A Service `shop/<name>` of port 80 named http."""
    ports = [{"name": "http", "port": 80, "protocol": spec.pop("protocol", "TCP")}]
    if "nodePort" in spec:
        ports[0]["nodePort"] = spec.pop("nodePort")
    made = {
        "metadata": {"namespace": "shop", "name": name},
        "spec": {"clusterIP": "10.96.0.10", "ports": ports} | spec,
        "status": {"loadBalancer": {"ingress": list(ingress)}},
    }
    return msgspec.convert(made, Service)


def endpoint(address: str, node: str | None = "n1", **more: Any) -> dict[str, Any]:
    """An endpoint; `state` is what its pod is in: ready, unready, or terminating and serving."""
    conditions = {
        "ready": {"ready": True},
        "unready": {"ready": False, "serving": False},
        "terminating": {"ready": False, "serving": True, "terminating": True},
    }[more.pop("state", "ready")]
    return {"addresses": [address], "nodeName": node, "conditions": conditions} | more


def slice_of(*endpoints: dict[str, Any], protocol: str = "TCP", **more: Any) -> EndpointSlice:
    """A slice whose port http is 8080."""
    ports = [{"name": "http", "port": 8080, "protocol": protocol}]
    return msgspec.convert({"endpoints": list(endpoints), "ports": ports} | more, EndpointSlice)


def parts(made: Service, *slices: EndpointSlice, node: Node = HERE) -> dict[PartKey, Part | None]:
    """What the Service has in the node's table."""
    owner = Owner("service", (made.metadata.namespace, made.metadata.name))
    return {
        PartKey(owner, f"{port.key.port}/{port.ipv6:d}"): PortPart(port, PODS)
        for port in service_ports(made, slices, node)
    }


def content(*served: dict[PartKey, Part | None]) -> Content:
    """The table of a node that serves these."""
    table, kernel = ServiceTable(CONFIG), FakeTable(CONFIG.table)
    for each in served:
        table.update(each)
    kernel.run(table.full())
    assert kernel.content is not None
    return kernel.content

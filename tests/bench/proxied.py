"""A node of namespaces with the agent's own pod network and proxy, and many Services.

No master, no engine: what is measured is the agent's work and what packets meet in the kernel.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from mk8s_agent.assignments import Assigned, Assignments
from mk8s_agent.network.pods import PodNetwork
from mk8s_agent.proxy import ServiceProxy

from tests.support.netlab import NODE_ADDRESS, NetLab, Space, inside, run
from tests.support.nodeconfig import NODE, NodeConfig

CLUSTER = "bench"
POD_CIDR = "10.244.0.0/24"
CLIENT_POD, SERVER_POD, OTHER_POD = "10.244.0.2", "10.244.0.3", "10.244.0.4"
ENDPOINTS = 10


@dataclass
class ProxiedNode:
    """The node, with a client's pod and two servers' pods plugged in; nothing is assigned yet."""

    lab: NetLab
    client: Space
    server: Space
    assignments: Assignments
    proxy: ServiceProxy
    revision: int = 1

    def give(self, *assigned: Assigned[Any]) -> None:
        """Change or add objects, as a message of the master does."""
        self.revision += 1
        self.assignments.update(assigned, (), self.revision)


@asynccontextmanager
async def proxied_node(lab: NetLab, state: Path) -> AsyncIterator[ProxiedNode]:
    """The node of ``lab`` with its network set up; the proxy runs once there is a first sync."""
    config = NodeConfig(state, cluster=CLUSTER)
    network = PodNetwork(config)
    await network.setup(POD_CIDR)
    client, server, other = (lab.pod(name) for name in ("client", "server", "other"))
    for space, address in ((client, CLIENT_POD), (server, SERVER_POD), (other, OTHER_POD)):
        await network.plug(space.pid, address, f"default/{address}")
    with inside(lab.client):
        run(f"ip route add {POD_CIDR} via {NODE_ADDRESS}")
    assignments = Assignments()
    proxy = ServiceProxy(config, assignments)
    running = asyncio.create_task(proxy.run())
    try:
        yield ProxiedNode(lab, client, server, assignments, proxy)
    finally:
        running.cancel()
        await asyncio.wait([running])
        await proxy.close()
        await network.close()


def crowd(count: int) -> list[Assigned[Any]]:
    """``count`` Services of ten endpoints; a quarter has a node port, a tenth affinity."""
    return [one for number in range(count) for one in _crowd_member(number)]


def crowd_slice(number: int, left_out: int = -1) -> Assigned[Any]:
    """The endpoints of Service ``number`` of the crowd, but for one of them."""
    first = number * ENDPOINTS
    places = [first + each for each in range(ENDPOINTS) if each != left_out]
    addresses = [f"10.244.{each // 250 % 250 + 1}.{each % 250 + 2}" for each in places]
    return endpoint_slice(f"crowd-{number}", addresses)


def service(name: str, address: str, **spec: Any) -> Assigned[Any]:
    """A Service with port 80."""
    port = {"port": 80, "protocol": "TCP"} | spec.pop("port", {})
    wanted = {"type": "ClusterIP", "clusterIP": address, "clusterIPs": [address], "ports": [port]}
    return assigned("services", {"metadata": _meta(name), "spec": wanted | spec})


def endpoint_slice(
    name: str, addresses: Iterable[str], port: int = 80, protocol: str = "TCP"
) -> Assigned[Any]:
    """Ready endpoints of the Service ``name``, on this node."""
    labels = {"kubernetes.io/service-name": name}
    ready = {"ready": True, "serving": True, "terminating": False}
    return assigned(
        "endpointslices",
        {
            "metadata": _meta(f"{name}-1") | {"labels": labels},
            "addressType": "IPv4",
            "ports": [{"name": "", "port": port, "protocol": protocol}],
            "endpoints": [
                {"addresses": [each], "conditions": ready, "nodeName": NODE} for each in addresses
            ],
        },
    )


def assigned(resource: str, body: dict[str, Any]) -> Assigned[Any]:
    """An object as it came down the link."""
    meta = body["metadata"]
    return Assigned(resource, (meta["namespace"], meta["name"]), 1, msgspec.json.encode(body))


def start(space: Space, *command: str) -> subprocess.Popen[str]:
    """A program in a namespace, whose output can be read."""
    with inside(space):
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _crowd_member(number: int) -> tuple[Assigned[Any], Assigned[Any]]:
    spec: dict[str, Any] = {}
    if number % 4 == 0:
        spec |= {"type": "NodePort", "port": {"nodePort": 31000 + number}}
    if number % 10 == 0:
        spec |= {"sessionAffinity": "ClientIP"}
    address = f"10.97.{number // 250}.{number % 250 + 1}"
    return service(f"crowd-{number}", address, **spec), crowd_slice(number)


def _meta(name: str) -> dict[str, Any]:
    return {"namespace": "default", "name": name}

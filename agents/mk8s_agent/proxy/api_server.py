"""The way to the API server, for this node's pods.

Pure. Owns what Service default/kubernetes means on a node: connections go to where this node's
agent has its master, whatever address is published. Where that is the node's own loopback, only
the node and its pods are led there: nobody else reaches through it what listens for nobody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from mk8s_agent.proxy.desired import Backend, ServicePort

SERVICE = ("default", "kubernetes")


def api_ports(
    ports: Iterable[ServicePort], master: str, cluster_cidr: str
) -> Iterator[ServicePort]:
    """The ports of Service default/kubernetes as this node has to serve them.

    `master` is host:port as the agent dials it; known by name it is reached as published. With a
    loopback host a published endpoint out of the pods' range (`cluster_cidr`, a list with commas)
    is served, too: no machine listens there.
    """
    ranges = [ip_network(each.strip()) for each in cluster_cidr.split(",")]
    host = _address(master)
    for port in ports:
        if host is None or (host.version == 6) is not port.ipv6:
            yield port
            continue
        backends = tuple(
            sorted({Backend(str(host), backend.port, here=False) for backend in port.backends})
        )
        served = replace(port, backends=backends, local=backends, only_inside=host.is_loopback)
        yield served
        for backend in port.backends if host.is_loopback else ():
            if any(ip_address(backend.address) in one for one in ranges):
                yield replace(
                    served,
                    key=port.key._replace(port=f"{port.key.port}-endpoint"),
                    port=backend.port,
                    cluster_ips=(backend.address,),
                    external_ips=(),
                    node_port=0,
                )


def _address(master: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(master.rpartition(":")[0].strip("[]"))
    except ValueError:
        return None

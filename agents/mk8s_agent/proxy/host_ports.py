"""Ports of the node that lead to a pod, in the form of Service ports.

Owns what `hostPort` and `hostIP` mean, and the look whether another program has such a port.
"""

import errno
import socket
from collections.abc import Iterator

from minikube8s.api.views import Pod
from minikube8s.api.views.containers import ContainerPort
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.proxy.desired import Backend, PortKey, ServicePort

NAMESPACE = "host.ports"
"""The namespace in the keys of these ports; no real one has a point in its name."""
_EVERYWHERE = ("", "0.0.0.0")
_KINDS = {"TCP": socket.SOCK_STREAM, "UDP": socket.SOCK_DGRAM}


def host_ports(pod: Pod, address: str) -> dict[PortKey, ServicePort]:
    """The ports of the node that lead to the pod, which has `address`."""
    made = {}
    for port in _wanted(pod):
        everywhere = port.host_ip in _EVERYWHERE
        protocol = port.protocol.lower()
        name = f"{port.host_ip or '0.0.0.0'}-{protocol}-{port.host_port}"
        backend = Backend(address, port.container_port, here=True)
        key = PortKey(NAMESPACE, pod.metadata.uid, name)
        made[key] = ServicePort(
            key=key,
            protocol=protocol,
            port=port.host_port,
            cluster_ips=(),
            external_ips=() if everywhere else (port.host_ip,),
            node_port=port.host_port if everywhere else 0,
            affinity_seconds=0,
            internal_local=False,
            external_local=False,
            backends=(backend,),
            local=(backend,),
        )
    return made


def check(pod: Pod) -> None:
    """Make sure that no other program has the pod's ports of the node. Raises NetworkError."""
    for port in _wanted(pod):
        kind = _KINDS.get(port.protocol)
        if kind is not None and _listens(kind, port.host_ip, port.host_port):
            where = f"{port.host_ip}:{port.host_port}"
            raise NetworkError(
                f"cannot open hostport {port.host_port} for pod "
                f"{pod.metadata.name}_{pod.metadata.namespace}: "
                f"listen {port.protocol.lower()}4 {where}: bind: address already in use"
            )


def _wanted(pod: Pod) -> Iterator[ContainerPort]:
    """IPv4 ports of the node; in the host's network the containers listen there themselves."""
    if pod.spec.host_network:
        return
    sidecars = (one for one in pod.spec.init_containers if one.restart_policy == "Always")
    for container in (*sidecars, *pod.spec.containers):
        for port in container.ports:
            if port.host_port and ":" not in port.host_ip:
                yield port


def _listens(kind: socket.SocketKind, address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind is socket.SOCK_STREAM:
            # Connections that have ended hold nobody up.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False

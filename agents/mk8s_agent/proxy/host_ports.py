"""Ports of the node that lead to a pod, in the form of Service ports.

Owns what `hostPort` and `hostIP` mean, and the look whether another program has such a port.
"""

import errno
import socket
from collections.abc import Callable, Iterator

from minikube8s.api.views import Pod
from minikube8s.api.views.containers import ContainerPort
from mk8s_agent.assignments import Assignments, Key
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.proxy.desired import Backend, PortKey, ServicePort
from mk8s_agent.proxy.parts import Part
from mk8s_agent.proxy.rules import PortPart

KIND = "host-port"
_NAMESPACE = "host.ports"
"""The namespace in the keys of these ports; no real one has a point in its name."""
_EVERYWHERE = ("", "0.0.0.0")
_KINDS = {"TCP": socket.SOCK_STREAM, "UDP": socket.SOCK_DGRAM}


class HostPorts:
    """The open ports of the node by their pod's uid, as a source of the table's parts."""

    def __init__(
        self, cluster_cidr: str, assignments: Assignments, changed: Callable[[str, Key], None]
    ) -> None:
        self._cluster_cidr = cluster_cidr
        self._assignments = assignments
        self._changed = changed
        self._open: dict[str, tuple[ServicePort, ...]] = {}

    def open(self, pod: Pod, address: str) -> None:
        """Let the pod's ports of the node lead to its address from now on."""
        self._set(pod.metadata.uid, tuple(host_ports(pod, address)))

    def shut(self, uid: str) -> None:
        """Let no port of the node lead to the pod any more."""
        self._set(uid, ())

    def known(self) -> list[Key]:
        """All pods with such ports; those of an earlier agent are served, too, until their workers
        have looked at their networks.
        """
        for assigned in self._assignments.pods().values():
            pod = assigned.view
            if pod.metadata.uid not in self._open and pod.status.pod_ip and not pod.terminal:
                self.open(pod, pod.status.pod_ip)
        return [("", uid) for uid in self._open]

    def parts(self, key: Key) -> dict[str, Part]:
        """A part for each port of the pod."""
        return {
            port.key.port: PortPart(port, self._cluster_cidr) for port in self._open.get(key[1], ())
        }

    def _set(self, uid: str, ports: tuple[ServicePort, ...]) -> None:
        if ports == self._open.get(uid, ()):
            return
        if ports:
            self._open[uid] = ports
        else:
            del self._open[uid]
        self._changed(KIND, ("", uid))


def host_ports(pod: Pod, address: str) -> Iterator[ServicePort]:
    """The ports of the node that lead to the pod, which has `address`."""
    for port in _wanted(pod):
        everywhere = port.host_ip in _EVERYWHERE
        protocol = port.protocol.lower()
        name = f"{port.host_ip or '0.0.0.0'}-{protocol}-{port.host_port}"
        backend = Backend(address, port.container_port, here=True)
        yield ServicePort(
            key=PortKey(_NAMESPACE, pod.metadata.uid, name),
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

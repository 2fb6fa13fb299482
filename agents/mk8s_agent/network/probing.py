"""Whether this kernel can make the links that a node needs. Tried, in a namespace of its own."""

import os
import socket
from collections.abc import Callable, Mapping

from mk8s_agent.network import bridging, messages, peer_messages
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.network.netlink import Netlink

_HARDWARE = ("02:00:00:00:00:01", "02:00:00:00:00:02")
_MTU = 1400
_PORT = 8472
_NETWORK_ID = 4242


def missing() -> dict[str, str]:
    """Why what cannot be had cannot be had: `veth`, `vxlan`, `netem`, `sctp`. Blocking.

    The calling thread has to be in a network namespace that nobody else uses.
    """
    found = {}
    for name, attempt in _ATTEMPTS.items():
        try:
            attempt()
        except (NetworkError, OSError) as error:
            found[name] = str(error)
    return found


def _veth() -> None:
    with Netlink() as netlink:
        pair = messages.add_pair(
            link="probe",
            hardware=_HARDWARE[0],
            peer_hardware=_HARDWARE[1],
            peer_pid=os.getpid(),
            mtu=_MTU,
        )
        netlink.run([pair])


def _vxlan() -> None:
    with Netlink() as netlink:
        link = peer_messages.add_tunnel("vx-probe", _HARDWARE[0], _NETWORK_ID, _PORT, _MTU)
        netlink.run([link])


def _netem() -> None:
    with Netlink() as netlink:
        netlink.run([bridging.impair(messages.LOOPBACK_INDEX, delay_ms=1)])


def _sctp() -> None:
    socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP).close()


_ATTEMPTS: Mapping[str, Callable[[], None]] = {
    "veth": _veth,
    "vxlan": _vxlan,
    "netem": _netem,
    "sctp": _sctp,
}

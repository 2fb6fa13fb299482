"""What mk8s calls the things it puts into the kernel. Pure.

A pod's link on the node is named after the pod's address, so an agent that starts finds from the
links alone which addresses are in use, and whose they are from the links' aliases.
"""

from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Address

LINK_PREFIX = "mk8s"
"""Every host end of a pod's link begins with it; firewall rules match `mk8s*`."""
POD_LINK = "eth0"
"""The pod's end of its link."""
GATEWAY = "169.254.1.1"
"""Every pod's default gateway; no interface carries it, the pod knows its hardware address."""
GATEWAY_IPV6 = "fe80::1"
"""The same of IPv6."""
ROUTE_PROTOCOL = 109
"""`proto 109` marks mk8s' routes (`ip route show proto 109`); the number is in the free range."""

TUNNEL_PREFIX = "vx-"
"""The VXLAN link's name begins with it."""

_LINK_LIMIT = 15
_ALIAS_LIMIT = 255
_LOCALLY_ADMINISTERED = "0a:58"


@dataclass(frozen=True, slots=True)
class PluggedPod:
    """A pod's link found in the kernel; `name` is what `plug` was given, `namespace/pod`."""

    address: str
    name: str
    link: str


def link_name(address: str) -> str:
    """`10.244.0.5` -> `mk8s0af40005`; 12 of the 15 characters that the kernel allows."""
    return f"{LINK_PREFIX}{int(IPv4Address(address)):08x}"


def link_address(link: str) -> str | None:
    """The inverse of `link_name`; None for links that are not a pod's."""
    digits = link.removeprefix(LINK_PREFIX)
    if not link.startswith(LINK_PREFIX) or len(digits) != 8:
        return None
    try:
        return str(IPv4Address(int(digits, 16)))
    except ValueError:
        return None


def link_alias(cluster: str, name: str) -> str:
    """What `ip link` shows with the link: `mk8s/<cluster>/<namespace>/<pod>`."""
    return f"{_alias_start(cluster)}{name}"[:_ALIAS_LIMIT]


def pod_of_alias(cluster: str, alias: str) -> str | None:
    """The `name` within a link's alias; None when the link is not of this cluster."""
    start = _alias_start(cluster)
    return alias.removeprefix(start) if alias.startswith(start) else None


def tunnel_name(cluster: str) -> str:
    """`vx-<cluster>`, the VXLAN link to the other nodes; a long name is cut and made unique."""
    room = _LINK_LIMIT - len(TUNNEL_PREFIX)
    if len(cluster) > room:
        cluster = f"{cluster[: room - 5]}-{sha256(cluster.encode()).hexdigest()[:4]}"
    return f"{TUNNEL_PREFIX}{cluster}"


def tunnel_network(cluster: str) -> int:
    """The VXLAN network that a cluster has when nobody chose one: 1 to 2^24 - 1, by its name."""
    return int(sha256(cluster.encode()).hexdigest()[:6], 16) or 1


def hardware_address(address: str) -> str:
    """A hardware address made from an IPv4 address, so that neighbours need not be asked for."""
    return ":".join(
        [_LOCALLY_ADMINISTERED, *(f"{byte:02x}" for byte in IPv4Address(address).packed)]
    )


def _alias_start(cluster: str) -> str:
    return f"mk8s/{cluster}/"

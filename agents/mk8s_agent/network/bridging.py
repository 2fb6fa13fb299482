"""The rtnetlink requests of which a bridge and the links of its members are made, as values.

Owns their encoding, beside `messages`.
"""

import errno
import socket
import struct
from ipaddress import IPv4Interface
from typing import Final

from mk8s_agent.network.library import ifaddrmsg, ifinfmsg, rtmsg
from mk8s_agent.network.messages import (
    RTM_NEWADDR,
    RTM_NEWLINK,
    RTM_NEWROUTE,
    RTM_SETLINK,
    encode,
)
from mk8s_agent.network.netlink import NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, Request

_RTM_NEWQDISC, _RTM_DELQDISC = 36, 37
_IFF_UP = 1
_IFLA_PROTINFO, _NESTED, _IFLA_BRPORT_MODE = 12, 1 << 15, 4
_TC_H_ROOT: Final = 0xFFFFFFFF
_TCA_KIND, _TCA_OPTIONS = 1, 2
_NETEM = b"netem\0"
_QUEUE_PACKETS = 1000
"""So many packets may be under way on a delayed link."""
_PSCHED_TICK_NS = 64
"""The unit in which traffic control counts time."""
_NO_QDISC = frozenset({errno.ENOENT, errno.EINVAL})


def add_bridge(name: str, hardware: str, mtu: int) -> Request:
    """A bridge, off; its hardware address stays when members come and go."""
    attrs = [
        ("IFLA_IFNAME", name),
        ("IFLA_ADDRESS", hardware),
        ("IFLA_MTU", mtu),
        ("IFLA_LINKINFO", {"attrs": [("IFLA_INFO_KIND", "bridge")]}),
    ]
    body = encode(ifinfmsg, {}, attrs)
    return Request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, body, f"create bridge {name}")


def add_member(*, link: str, bridge: int, peer: str, namespace: int, mtu: int) -> Request:
    """A veth on a bridge (its index), which is on from the start.

    Its peer is born in the namespace of that descriptor.
    """
    peer_attrs = [("IFLA_IFNAME", peer), ("IFLA_MTU", mtu), ("IFLA_NET_NS_FD", namespace)]
    data = {"attrs": [("VETH_INFO_PEER", {"attrs": peer_attrs})]}
    attrs = [
        ("IFLA_IFNAME", link),
        ("IFLA_MTU", mtu),
        ("IFLA_MASTER", bridge),
        ("IFLA_LINKINFO", {"attrs": [("IFLA_INFO_KIND", "veth"), ("IFLA_INFO_DATA", data)]}),
    ]
    body = encode(ifinfmsg, {"flags": _IFF_UP, "change": _IFF_UP}, attrs)
    what = f"create link {link} on a bridge"
    return Request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, body, what)


def reflect(link: int) -> Request:
    """Let a member of a bridge get back what it sent, where that is where it has to go.

    The kernel shows bridged packets to the firewall; what is translated there and leads back to
    its sender's pods never gets out of the bridge otherwise.
    """
    head = struct.pack("=BxHiII", socket.AF_BRIDGE, 0, link, 0, 0)
    mode = _attribute(_IFLA_BRPORT_MODE, b"\1")
    body = head + _attribute(_IFLA_PROTINFO | _NESTED, mode)
    return Request(RTM_SETLINK, 0, body, f"set link {link} of a bridge to hairpin mode")


def switch(link: str, *, on: bool) -> Request:
    """Switch a link on or off; it is found by its name."""
    fields = {"flags": _IFF_UP if on else 0, "change": _IFF_UP}
    body = encode(ifinfmsg, fields, [("IFLA_IFNAME", link)])
    return Request(RTM_SETLINK, 0, body, f"switch link {link} {'on' if on else 'off'}")


def add_interface_address(interface: str, index: int) -> Request:
    """Give a link an address within its network, `192.168.123.2/24`."""
    parsed = IPv4Interface(interface)
    attrs = [
        ("IFA_LOCAL", str(parsed.ip)),
        ("IFA_ADDRESS", str(parsed.ip)),
        ("IFA_BROADCAST", str(parsed.network.broadcast_address)),
    ]
    fields = {"family": socket.AF_INET, "prefixlen": parsed.network.prefixlen, "index": index}
    body = encode(ifaddrmsg, fields, attrs)
    return Request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, body, f"add address {interface}")


def add_gateway(gateway: str, index: int) -> Request:
    """A machine's default route, as its administrator would set it."""
    fields = {"family": socket.AF_INET, "table": 254, "proto": 4, "scope": 0, "type": 1}
    body = encode(rtmsg, fields, [("RTA_GATEWAY", gateway), ("RTA_OIF", index)])
    flags = NLM_F_CREATE | NLM_F_REPLACE
    return Request(RTM_NEWROUTE, flags, body, f"add a default route by {gateway}")


def impair(link: int, *, delay_ms: float = 0, loss_percent: float = 0) -> Request:
    """Delay or lose what goes out by a link (netem); what was set before is replaced."""
    ticks = int(delay_ms * 1_000_000 / _PSCHED_TICK_NS)
    lost = int(loss_percent / 100 * 0xFFFFFFFF)
    # struct tc_netem_qopt: latency, limit, loss, gap, duplicate, jitter
    options = struct.pack("=6I", ticks, _QUEUE_PACKETS, lost, 0, 0, 0)
    body = _qdisc(link) + _attribute(_TCA_KIND, _NETEM) + _attribute(_TCA_OPTIONS, options)
    flags = NLM_F_CREATE | NLM_F_REPLACE
    return Request(_RTM_NEWQDISC, flags, body, "delay or lose packets with netem")


def repair(link: int) -> Request:
    """Neither delay nor lose any more; a link that does neither is fine."""
    return Request(_RTM_DELQDISC, 0, _qdisc(link), "remove netem", _NO_QDISC)


def _qdisc(link: int) -> bytes:
    return struct.pack("=BxxxiIII", socket.AF_UNSPEC, link, 0, _TC_H_ROOT, 0)


def _attribute(kind: int, value: bytes) -> bytes:
    length = 4 + len(value)
    return struct.pack("=HH", length, kind) + value + bytes(-length % 4)

"""Which of the Services' addresses this node takes, so that the link's other machines send to it.

Pure. An address that is taken stands on the link whose network it is of, as /32 and with a label
of the cluster: the next agent finds it by that. Neighbours who knew another machine by the address
are told by ARP, with frames that nobody has asked for.
"""

import socket
import struct
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from typing import NamedTuple

from mk8s_agent.network import messages
from mk8s_agent.network.messages import Address, Link
from mk8s_agent.network.names import LINK_PREFIX, TUNNEL_PREFIX
from mk8s_agent.network.netlink import Request

_BROADCAST = b"\xff" * 6
_ETHERNET_ARP = 0x0806
_ARP = struct.Struct("!HHBBH6s4s6s4s")
_REQUEST, _REPLY = 1, 2
_NO_NETWORK = 31


class Taken(NamedTuple):
    """An address that the node now has, and the link that it is announced on."""

    address: str
    link: str
    hardware: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to change, what is to be announced then, and what is on no link of this node."""

    requests: tuple[Request, ...] = ()
    taken: tuple[Taken, ...] = ()
    elsewhere: tuple[str, ...] = ()


def plan(wanted: Set[str], addresses: Sequence[Address], links: Iterable[Link], label: str) -> Plan:
    """What makes the node have the wanted addresses, of those with the label no others."""
    names = {link.index: link for link in links if _carries(link)}
    own = [one for one in addresses if one.label != label and one.link in names]
    ours = [one for one in addresses if one.label == label]
    requests = [messages.delete_address(one) for one in ours if not _right(one, wanted, own)]
    there = {one.address for one in ours if _right(one, wanted, own)}
    there |= {one.address for one in addresses if one.label != label}
    taken: list[Taken] = []
    elsewhere: list[str] = []
    for address in sorted(wanted - there):
        index = _link_of(address, own)
        if index is None:
            elsewhere.append(address)
            continue
        requests.append(messages.add_address(address, index, label))
        taken.append(Taken(address, names[index].name, names[index].hardware))
    return Plan(tuple(requests), tuple(taken), tuple(elsewhere))


def frames(taken: Taken) -> tuple[bytes, bytes]:
    """A request and a reply that tell everybody on the link who has the address: each kind of
    machine listens to one of them.
    """
    return _frame(taken, _REQUEST, bytes(6)), _frame(taken, _REPLY, _BROADCAST)


def _frame(taken: Taken, operation: int, target: bytes) -> bytes:
    hardware = bytes.fromhex(taken.hardware.replace(":", ""))
    address = IPv4Address(taken.address).packed
    head = _BROADCAST + hardware + struct.pack("!H", _ETHERNET_ARP)
    return head + _ARP.pack(1, 0x0800, 6, 4, operation, hardware, address, target, address)


def _carries(link: Link) -> bool:
    """Whether other machines may be on the link."""
    inside = link.index == messages.LOOPBACK_INDEX
    return not inside and not link.name.startswith((LINK_PREFIX, TUNNEL_PREFIX))


def _right(address: Address, wanted: Set[str], own: Sequence[Address]) -> bool:
    return address.address in wanted and address.link == _link_of(address.address, own)


def _link_of(address: str, own: Sequence[Address]) -> int | None:
    """The link whose network holds the address."""
    if messages.family_of(address) != socket.AF_INET:
        return None
    for one in own:
        network = IPv4Interface(f"{one.address}/{one.prefix}").network
        if one.prefix < _NO_NETWORK and IPv4Address(address) in network:
            return one.link
    return None

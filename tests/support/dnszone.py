"""A zone to ask, and what it answers, read by a library that is not ours."""

from __future__ import annotations

import random

import dns.flags
import dns.message
import dns.rcode
from mk8s_agent.dns.forwarder import Forwarder
from mk8s_agent.dns.records import Record, zone_records
from mk8s_agent.dns.resolving import Resolving
from mk8s_agent.dns.sockets import OwnSockets
from mk8s_agent.dns.wire import UDP_BYTES, Type
from mk8s_agent.dns.zone import Zone

DOMAIN = "svc.cluster.local."
RANGES = ("10.244.0.0/16", "10.96.0.0/12")


def record(text: str) -> Record:
    """`web.shop A 10.96.0.7`: a name without a final dot is below svc.cluster.local."""
    name, kind, value = text.split(" ", 2)
    whole = name if name.endswith(".") else f"{name}.{DOMAIN}"
    return Record(whole, Type[kind], value)


def zone(**owners: list[str]) -> Zone:
    made = Zone("cluster.local", RANGES)
    made.put("", zone_records("cluster.local", "10.96.0.10"))
    for owner, records in owners.items():
        made.put(owner, [record(one) for one in records])
    return made


def resolving(known: Zone, *servers: str, port: int = 53) -> Resolving:
    """Whoever may ask, these are asked."""
    forwarder = Forwarder(
        lambda: servers, OwnSockets(), random.Random(1), port=port, told=lambda _: None
    )
    return Resolving(known, forwarder, lambda _: True)


def ask(known: Zone, name: str, type: str = "A", **query: object) -> dns.message.Message:
    """What the zone answers by UDP; fails when it would ask others."""
    whole = name if name.endswith(".") else f"{name}.{DOMAIN}"
    message = dns.message.make_query(whole, type, **query)  # type: ignore[arg-type]
    reply = resolving(known).resolve(message.to_wire(), "10.244.0.2", UDP_BYTES)
    assert isinstance(reply, bytes), "the question would go to others"
    answer = dns.message.from_wire(reply)
    assert message.is_response(answer) or answer.rcode() in (dns.rcode.FORMERR, dns.rcode.NOTIMP)
    return answer


def lines(section: list[object]) -> list[str]:
    """The records of a section, `name type data`, names below svc.cluster.local without that."""
    found = []
    for rrset in section:
        for data in rrset:  # type: ignore[attr-defined]
            name = rrset.name.to_text().removesuffix(f".{DOMAIN}")  # type: ignore[attr-defined]
            kind = Type(rrset.rdtype).name  # type: ignore[attr-defined]
            found.append(f"{name} {kind} {data.to_text()}")
    return sorted(found)

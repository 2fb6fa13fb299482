"""Packed answers say what the records say, whatever was before; nothing that comes in is fatal."""

from __future__ import annotations

import asyncio
import random
import socket

import dns.message
import dns.rcode
from hypothesis import given, settings
from hypothesis import strategies as st
from mk8s_agent.dns import wire
from mk8s_agent.dns.answering import Query, read_query
from mk8s_agent.dns.cache import keep
from mk8s_agent.dns.forwarder import Forwarder
from mk8s_agent.dns.records import Record
from mk8s_agent.dns.resolving import Resolving
from mk8s_agent.dns.sockets import OwnSockets
from mk8s_agent.dns.udp import UdpServer
from mk8s_agent.dns.wire import UDP_BYTES, Malformed, Type
from mk8s_agent.dns.zone import Zone

from tests.support.dnszone import DOMAIN, RANGES, ask, lines

HOSTS = st.sampled_from(["a", "b", "a.a", "_x._tcp.a", "c"])
NUMBERS = st.integers(1, 9)


def _address(kind: Type, start: str) -> st.SearchStrategy[Record]:
    return st.builds(lambda h, n: Record(f"{h}.{DOMAIN}", kind, f"{start}{n}"), HOSTS, NUMBERS)


RECORDS = st.one_of(
    _address(Type.A, "10.244.0."),
    _address(Type.AAAA, "fd00::"),
    st.builds(
        lambda h, t, n: Record(f"{h}.{DOMAIN}", Type.SRV, f"0 {n} 80 {t}.{DOMAIN}"),
        HOSTS, HOSTS, NUMBERS,
    ),
    st.builds(
        lambda n, h: Record(f"{n}.0.244.10.in-addr.arpa.", Type.PTR, f"{h}.{DOMAIN}"),
        NUMBERS, HOSTS,
    ),
)  # fmt: skip
CHANGES = st.lists(
    st.tuples(st.sampled_from(["one", "two", "three"]), st.lists(RECORDS, max_size=6)), max_size=8
)
KINDS = (Type.A, Type.AAAA, Type.SRV, Type.PTR)


@given(CHANGES)
@settings(max_examples=80, deadline=None)
def test_answers_are_those_of_the_records_however_they_came_to_be(
    changes: list[tuple[str, list[Record]]],
) -> None:
    grown, owners = Zone("cluster.local", RANGES), {}
    asked = {(r.name, kind) for _, records in changes for r in records for kind in KINDS}
    for owner, records in changes:
        grown.put(owner, records)
        owners[owner] = records
        for name, kind in asked:
            ask(grown, name, kind.name)
    present = {record for records in owners.values() for record in records}
    names = {record.name for record in present}
    for name, kind in asked:
        answer = ask(grown, name, kind.name, use_edns=0, payload=1232)
        expected = {r for r in present if (r.name, r.type) == (name, kind)}
        own = name.removesuffix(f".{DOMAIN}")
        assert lines(answer.answer) == sorted(f"{own} {kind.name} {r.value}" for r in expected)
        there = any(one == name or one.endswith(f".{name}") for one in names)
        assert (answer.rcode() == dns.rcode.NOERROR) == there


@given(CHANGES)
@settings(max_examples=40, deadline=None)
def test_a_zone_whose_owners_are_gone_is_as_it_was(changes: list[tuple[str, list[Record]]]) -> None:
    fresh, grown = Zone("cluster.local", RANGES), Zone("cluster.local", RANGES)
    for owner, records in changes:
        grown.put(owner, records)
    for owner, _ in changes:
        grown.put(owner, [])
    assert vars(grown).keys() == vars(fresh).keys()
    for part in ("packed", "_sets", "_owned", "_names"):
        assert getattr(grown, part) == getattr(fresh, part)


MESSAGE = dns.message.make_query(f"a.{DOMAIN}", "A", use_edns=0, payload=1232).to_wire()
DAMAGED = st.builds(
    lambda at, junk, drop: MESSAGE[:at] + junk + MESSAGE[at + drop :],
    st.integers(0, len(MESSAGE)), st.binary(max_size=12), st.integers(0, 12),
)  # fmt: skip


@given(st.one_of(st.binary(max_size=80), DAMAGED))
@settings(max_examples=400, deadline=None)
def test_no_bytes_are_fatal(message: bytes) -> None:
    found = read_query(message, UDP_BYTES)
    if isinstance(found, Query):
        assert found.question == message[12 : 12 + len(found.question)]
    try:
        keep(message, 0.0)
        wire.read_name(message, 12)
    except Malformed:
        return


@given(st.lists(st.one_of(st.binary(max_size=80), DAMAGED), max_size=20))
@settings(max_examples=30, deadline=None)
def test_the_server_answers_after_any_garbage(garbage: list[bytes]) -> None:
    asyncio.run(_answers_after(garbage))


async def _answers_after(garbage: list[bytes]) -> None:
    zone = Zone("cluster.local", RANGES)
    zone.put("one", [Record(f"a.{DOMAIN}", Type.A, "10.96.0.7")])
    forwarder = Forwarder(tuple, OwnSockets(), random.Random(1), told=lambda _: None)
    channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    channel.bind(("127.0.0.1", 0))
    address = channel.getsockname()
    server = UdpServer(channel, Resolving(zone, forwarder, lambda _: True))
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        await loop.sock_connect(client, address)
        for one in garbage:
            await loop.sock_sendall(client, one)
        last = MESSAGE if not garbage or garbage[-1][:2] != MESSAGE[:2] else b"\1\1" + MESSAGE[2:]
        await loop.sock_sendall(client, last)
        async with asyncio.timeout(5):
            while (reply := await loop.sock_recv(client, 4096))[:2] != last[:2] or not reply[7]:
                continue
    assert lines(dns.message.from_wire(reply).answer) == ["a A 10.96.0.7"]
    await server.close()
    await forwarder.close()

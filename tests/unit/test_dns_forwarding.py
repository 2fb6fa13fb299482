"""Questions passed on: servers that are slow, lie, cut their answers short, loop or are gone."""

from __future__ import annotations

import asyncio
import random

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from mk8s_agent.dns import forwarder as forwarding
from mk8s_agent.dns.cache import LONGEST_NEGATIVE, STALE, STALE_TTL, Cache, keep
from mk8s_agent.dns.forwarder import Forwarder
from mk8s_agent.dns.resolving import Resolving
from mk8s_agent.dns.sockets import OwnSockets
from mk8s_agent.dns.wire import UDP_BYTES

from tests.support.dnszone import lines, zone
from tests.support.fakedns import fake_server, says, truncated
from tests.support.netlab import eventually
from tests.support.ports import free_port

ONE, TWO = "127.0.0.11", "127.0.0.12"


class Clock:
    """Moves when told to."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


class Node:
    """A node that asks these servers; `told` is what its people were told."""

    def __init__(self, *servers: str, **owners: list[str]) -> None:
        self.port = free_port()
        self.servers = servers
        self.told: list[str] = []
        self.clock = Clock()
        self.forwarder = Forwarder(
            lambda: self.servers,
            OwnSockets(),
            random.Random(1),
            port=self.port,
            told=self.told.append,
            now=self.clock,
        )
        self.resolving = Resolving(zone(**owners), self.forwarder, lambda ip: ip != "192.0.2.1")

    async def ask(
        self,
        name: str = "example.org.",
        type: str = "A",
        client: str = "10.244.0.2",
        **query: object,
    ) -> dns.message.Message:
        message = dns.message.make_query(name, type, **query)  # type: ignore[arg-type]
        reply = self.resolving.resolve(message.to_wire(), client, UDP_BYTES)
        reply = reply if isinstance(reply, bytes) or reply is None else await reply
        assert reply is not None
        answer = dns.message.from_wire(reply)
        assert message.is_response(answer)
        return answer


async def test_an_answer_is_passed_on_and_kept_for_as_long_as_it_says() -> None:
    node = Node(ONE)
    async with fake_server(ONE, node.port, says("A 192.0.2.7", ttl=60)) as server:
        first = await node.ask()
        node.clock.time += 20
        second = await node.ask("EXAMPLE.org.")
        assert [a.answer[0].ttl for a in (first, second)] == [60, 40]
        assert lines(second.answer) == ["EXAMPLE.org. A 192.0.2.7"]
        assert len(server.asked) == 1
        node.clock.time += 40
        await node.ask()
        assert len(server.asked) == 2


async def test_a_name_that_does_not_exist_is_remembered_for_a_short_time() -> None:
    def denies(query: dns.message.Message, _: str) -> dns.message.Message:
        reply = dns.message.make_response(query)
        reply.set_rcode(dns.rcode.NXDOMAIN)
        soa = "ns.example.org. a.example.org. 1 2 3 4 900"
        reply.authority.append(dns.rrset.from_text("org.", 900, "IN", "SOA", soa))
        return reply

    node = Node(ONE)
    async with fake_server(ONE, node.port, denies) as server:
        for seconds in (0, LONGEST_NEGATIVE - 1, 1):
            node.clock.time += seconds
            assert (await node.ask()).rcode() == dns.rcode.NXDOMAIN
        assert len(server.asked) == 2


async def test_one_question_is_asked_once_however_many_wait_for_it() -> None:
    node = Node(ONE)
    async with fake_server(ONE, node.port, says("A 192.0.2.7")) as server:
        answers = await asyncio.gather(*(node.ask() for _ in range(50)))
        assert all(answer.answer for answer in answers)
        assert len(server.asked) == 1


async def test_a_server_that_is_gone_or_silent_gives_way_to_the_next_and_is_asked_last_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forwarding, "_PATIENCE", 0.1)
    node = Node(ONE, TWO)
    async with (
        fake_server(ONE, node.port, lambda *_: None) as silent,
        fake_server(TWO, node.port, says("A 192.0.2.7", ttl=1)) as other,
    ):
        for _ in range(3):
            assert (await node.ask()).answer
            node.clock.time += 2
        assert (len(silent.asked), len(other.asked)) == (1, 3)
    node = Node("127.0.0.13", TWO)
    async with fake_server(TWO, node.port, says("A 192.0.2.7")):
        assert (await node.ask()).answer


async def test_answers_of_somebody_else_are_not_taken() -> None:
    def lies(query: dns.message.Message, transport: str) -> bytes:
        del transport
        wrong = dns.message.make_response(query)
        wrong.id ^= 1
        return wrong.to_wire()

    def other_question(query: dns.message.Message, transport: str) -> dns.message.Message:
        reply = says("A 6.6.6.6")(dns.message.make_query("evil.example.", "A"), transport)
        assert isinstance(reply, dns.message.Message)
        reply.id = query.id
        return reply

    for liar in (lies, other_question):
        node = Node(ONE, TWO)
        async with (
            fake_server(ONE, node.port, liar),
            fake_server(TWO, node.port, says("A 192.0.2.7")),
        ):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(forwarding, "_PATIENCE", 0.1)
                assert lines((await node.ask()).answer) == ["example.org. A 192.0.2.7"]


async def test_an_answer_that_was_cut_is_asked_for_by_tcp() -> None:
    many = says(*(f"A 192.0.2.{n}" for n in range(100)))

    def cut(query: dns.message.Message, transport: str) -> object:
        return truncated(query) if transport == "udp" else many(query, transport)

    node = Node(ONE)
    async with fake_server(ONE, node.port, cut):  # type: ignore[arg-type]
        answer = await node.ask()
        assert answer.flags & dns.flags.TC and not answer.answer
        message = dns.message.make_query("example.org.", "A")
        reply = node.resolving.resolve(message.to_wire(), "10.244.0.2", 65535)
        assert isinstance(reply, bytes), "it is kept by now"
        assert len(dns.message.from_wire(reply).answer[0]) == 100


async def test_a_server_that_fails_gives_way_and_its_failure_is_told_when_all_fail() -> None:
    def fails(query: dns.message.Message, _: str) -> dns.message.Message:
        reply = dns.message.make_response(query)
        reply.set_rcode(dns.rcode.SERVFAIL)
        return reply

    node = Node(ONE, TWO)
    async with fake_server(ONE, node.port, fails):
        async with fake_server(TWO, node.port, says("A 192.0.2.7")):
            assert (await node.ask()).answer
        assert (await node.ask("other.example.")).rcode() == dns.rcode.SERVFAIL


async def test_a_server_that_does_not_know_edns_is_asked_without() -> None:
    def old(query: dns.message.Message, transport: str) -> object:
        if query.edns < 0:
            return says("A 192.0.2.7")(query, transport)
        reply = dns.message.make_response(query)
        reply.set_rcode(dns.rcode.FORMERR)
        reply.use_edns(False)
        return reply

    node = Node(ONE)
    async with fake_server(ONE, node.port, old):  # type: ignore[arg-type]
        assert (await node.ask()).answer


async def test_without_servers_the_answer_is_a_failure_at_once_and_people_are_told() -> None:
    node = Node()
    async with asyncio.timeout(1):
        assert (await node.ask()).rcode() == dns.rcode.SERVFAIL
    assert "/etc/resolv.conf names none" in node.told[0]
    node.servers = (ONE,)
    async with fake_server(ONE, node.port, says("A 192.0.2.7")):
        assert (await node.ask()).answer


async def test_old_answers_serve_while_no_server_does() -> None:
    node = Node(ONE)
    async with fake_server(ONE, node.port, says("A 192.0.2.7", ttl=60)):
        await node.ask()
    node.clock.time += 61
    stale = await node.ask()
    assert (stale.rcode(), stale.answer[0].ttl) == (dns.rcode.NOERROR, STALE_TTL)
    node.clock.time += STALE
    assert (await node.ask()).rcode() == dns.rcode.SERVFAIL


async def test_a_server_that_asks_us_is_found_and_left_out() -> None:
    node = Node(ONE)
    back: list[bytes] = []

    def loops(query: dns.message.Message, transport: str) -> None:
        del transport
        reply = node.resolving.resolve(query.to_wire(), "10.244.0.2", UDP_BYTES)
        back.append(reply) if isinstance(reply, bytes) else reply and reply.close()

    async with fake_server(ONE, node.port, loops):
        waiting = asyncio.create_task(node.ask())
        await eventually(lambda: bool(node.told))
        assert f"server {ONE} asks this node itself" in node.told[0]
        waiting.cancel()
        async with asyncio.timeout(1):
            assert (await node.ask("other.example.")).rcode() == dns.rcode.SERVFAIL
    await node.forwarder.close()


async def test_strangers_questions_are_not_passed_on() -> None:
    node = Node(ONE, web=["web.shop A 10.96.0.7"])
    answer = await node.ask(client="192.0.2.1")
    assert answer.rcode() == dns.rcode.REFUSED
    assert (await node.ask("web.shop.svc.cluster.local.", client="192.0.2.1")).answer


async def test_too_many_questions_at_a_time_are_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forwarding, "MOST_FLIGHTS", 2)
    node = Node(ONE)
    async with fake_server(ONE, node.port, lambda *_: None):
        waiting = [asyncio.create_task(node.ask(f"n{n}.example.")) for n in range(2)]
        await asyncio.sleep(0)
        async with asyncio.timeout(1):
            assert (await node.ask("third.example.")).rcode() == dns.rcode.SERVFAIL
        await node.forwarder.close()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_an_alias_that_cannot_be_read_is_a_failure_each_time() -> None:
    node = Node(ONE, ext=["ext.shop CNAME www.example.org."])

    def broken(query: dns.message.Message, transport: str) -> bytes:
        del transport
        head, question = query.to_wire()[:12], query.to_wire()[12:33]
        alias = b"\xc0\x0c\0\5\0\1\0\0\0\x3c\0\2\xff\xff"
        address = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\7"
        return head[:2] + b"\x81\x80\0\1\0\2\0\0\0\0" + question + alias + address

    async with fake_server(ONE, node.port, broken) as server:
        for _ in range(2):
            answer = await node.ask("ext.shop.svc.cluster.local.")
            assert answer.rcode() == dns.rcode.SERVFAIL
        assert len(server.asked) == 1


@pytest.mark.parametrize("type", ["A", "AAAA"])
async def test_an_external_name_is_followed_to_its_addresses(type: str) -> None:
    node = Node(ONE, ext=["ext.shop CNAME www.example.org."])
    data = {"A": "192.0.2.7", "AAAA": "2001:db8::7"}[type]

    def chain(query: dns.message.Message, transport: str) -> dns.message.Message:
        del transport
        reply = dns.message.make_response(query)
        name = query.question[0].name
        reply.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", "real.example.org."))
        reply.answer.append(dns.rrset.from_text("real.example.org.", 60, "IN", type, data))
        return reply

    async with fake_server(ONE, node.port, chain):
        for _ in range(2):
            answer = await node.ask("ext.shop.svc.cluster.local.", type)
            assert lines(answer.answer) == [
                "ext.shop CNAME www.example.org.",
                f"real.example.org. {type} {data}",
                "www.example.org. CNAME real.example.org.",
            ]


async def test_what_a_client_says_of_signatures_is_passed_on() -> None:
    flags: list[int] = []

    def notes(query: dns.message.Message, transport: str) -> object:
        flags.append(query.ednsflags & dns.flags.DO | query.flags & dns.flags.CD)
        return says("A 192.0.2.7")(query, transport)

    node = Node(ONE)
    async with fake_server(ONE, node.port, notes):  # type: ignore[arg-type]
        await node.ask()
        await node.ask(want_dnssec=True)
        await node.ask(flags=dns.flags.RD | dns.flags.CD)
    assert {0, dns.flags.DO, dns.flags.CD} <= set(flags)


def kept(name: str, size: int, now: float = 0.0, ttl: int = 60) -> bytes:
    reply = dns.message.make_response(dns.message.make_query(name, "TXT"))
    reply.answer.append(dns.rrset.from_text(name, ttl, "IN", "TXT", "x" * size))
    return reply.to_wire()


@pytest.mark.parametrize(("most", "most_bytes"), [(10, 1 << 30), (1 << 30, 6000)])
def test_the_cache_has_bounds_and_forgets_what_was_used_longest_ago(
    most: int, most_bytes: int
) -> None:
    cache = Cache(most, most_bytes)
    for n in range(100):
        cache.put(b"%d" % n, keep(kept(f"n{n}.example.", 50), 0.0))
        assert cache.get(b"0", 1.0) is not None
    assert len(cache) <= most and cache.size <= most_bytes and len(cache) > 3
    assert cache.get(b"99", 1.0) and not cache.get(b"50", 1.0)


def test_answers_that_may_not_be_kept_are_not() -> None:
    cache = Cache()
    cache.put(b"k", keep(kept("n.example.", 5, ttl=0), 0.0))
    refused = dns.message.make_response(dns.message.make_query("n.example.", "A"))
    refused.set_rcode(dns.rcode.SERVFAIL)
    cache.put(b"r", keep(refused.to_wire(), 0.0))
    assert len(cache) == 0

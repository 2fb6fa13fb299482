"""What is answered with authority, and what is refused: read back with dnspython."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import pytest
from mk8s_agent.dns.answering import Elsewhere, Query, answer, read_query
from mk8s_agent.dns.wire import UDP_BYTES, Malformed, read_name
from mk8s_agent.dns.zone import TTL, Zone

from tests.support.dnszone import ask, lines, record, resolving, zone

CREW = [
    "crew.shop A 10.244.0.5",
    "crew.shop A 10.244.0.6",
    "one.crew.shop A 10.244.0.5",
    "two.crew.shop A 10.244.0.6",
    "_http._tcp.crew.shop SRV 0 50 80 one.crew.shop.svc.cluster.local.",
    "_http._tcp.crew.shop SRV 0 50 80 two.crew.shop.svc.cluster.local.",
    "5.0.244.10.in-addr.arpa. PTR one.crew.shop.svc.cluster.local.",
]


@pytest.fixture
def known() -> Zone:
    return zone(
        crew=CREW,
        web=["web.shop A 10.96.0.7", "7.0.96.10.in-addr.arpa. PTR web.shop.svc.cluster.local."],
        alias=["alias.shop CNAME web.shop.svc.cluster.local."],
        twice=["twice.shop CNAME alias.shop.svc.cluster.local."],
        away=["away.shop CNAME nobody.shop.svc.cluster.local."],
        loop=["loop.shop CNAME loop.shop.svc.cluster.local."],
    )


@pytest.mark.parametrize(
    ("name", "type", "expected"),
    [
        ("web.shop", "A", ["web.shop A 10.96.0.7"]),
        ("crew.shop", "A", ["crew.shop A 10.244.0.5", "crew.shop A 10.244.0.6"]),
        ("one.crew.shop", "A", ["one.crew.shop A 10.244.0.5"]),
        (
            "_http._tcp.crew.shop",
            "SRV",
            [
                "_http._tcp.crew.shop SRV 0 50 80 one.crew.shop.svc.cluster.local.",
                "_http._tcp.crew.shop SRV 0 50 80 two.crew.shop.svc.cluster.local.",
            ],
        ),
        (
            "7.0.96.10.in-addr.arpa.",
            "PTR",
            ["7.0.96.10.in-addr.arpa. PTR web.shop.svc.cluster.local."],
        ),
        ("alias.shop", "CNAME", ["alias.shop CNAME web.shop.svc.cluster.local."]),
        (
            "twice.shop",
            "A",
            [
                "alias.shop CNAME web.shop.svc.cluster.local.",
                "twice.shop CNAME alias.shop.svc.cluster.local.",
                "web.shop A 10.96.0.7",
            ],
        ),
        (
            "10-244-0-9.shop.pod.cluster.local.",
            "A",
            ["10-244-0-9.shop.pod.cluster.local. A 10.244.0.9"],
        ),
        ("dns-version.cluster.local.", "TXT", ['dns-version.cluster.local. TXT "1.1.0"']),
        ("cluster.local.", "NS", ["cluster.local. NS ns.dns.cluster.local."]),
        ("web.shop", "ANY", ['web.shop HINFO "RFC8482" ""']),
    ],
)
def test_what_there_is_is_told(known: Zone, name: str, type: str, expected: list[str]) -> None:
    found = ask(known, name, type)
    assert found.rcode() == dns.rcode.NOERROR
    assert lines(found.answer) == expected
    assert all(rrset.ttl == TTL for rrset in found.answer)


def test_the_targets_addresses_come_with_an_srv_answer(known: Zone) -> None:
    found = ask(known, "_http._tcp.crew.shop", "SRV")
    assert lines(found.additional) == ["one.crew.shop A 10.244.0.5", "two.crew.shop A 10.244.0.6"]


@pytest.mark.parametrize(
    ("name", "type", "rcode", "owner"),
    [
        ("web.shop", "AAAA", "NOERROR", "cluster.local."),
        ("alias.shop", "AAAA", "NOERROR", ""),
        ("shop", "A", "NOERROR", "cluster.local."),
        ("svc.cluster.local.", "A", "NOERROR", "cluster.local."),
        ("cluster.local.", "A", "NOERROR", "cluster.local."),
        ("pod.cluster.local.", "A", "NOERROR", "cluster.local."),
        ("_tcp.crew.shop", "SRV", "NOERROR", "cluster.local."),
        ("nobody.shop", "A", "NXDOMAIN", "cluster.local."),
        ("web.nowhere", "A", "NXDOMAIN", "cluster.local."),
        ("web.shop.svc.cluster.local", "A", "NXDOMAIN", "cluster.local."),
        ("away.shop", "A", "NXDOMAIN", ""),
        ("no-address.shop.pod.cluster.local.", "A", "NXDOMAIN", "cluster.local."),
        ("9.9.96.10.in-addr.arpa.", "PTR", "NXDOMAIN", "96.10.in-addr.arpa."),
        ("9.9.244.10.in-addr.arpa.", "PTR", "NXDOMAIN", "244.10.in-addr.arpa."),
    ],
)
def test_what_there_is_not_is_denied_for_a_short_time(
    known: Zone, name: str, type: str, rcode: str, owner: str
) -> None:
    found = ask(known, name, type)
    assert dns.rcode.to_text(found.rcode()) == rcode
    assert [rrset.name.to_text() for rrset in found.authority] == [owner] * bool(owner)
    for rrset in found.authority:
        assert (rrset.ttl, rrset[0].minimum) == (TTL, TTL)


@pytest.mark.parametrize("name", ["example.org.", "xcluster.local.", "1.1.168.192.in-addr.arpa."])
def test_other_names_are_asked_of_others(known: Zone, name: str) -> None:
    query = read_query(dns.message.make_query(name, "A").to_wire(), UDP_BYTES)
    assert isinstance(query, Query)
    assert answer(query, known) == Elsewhere(query.name)


def test_an_endpoint_with_an_address_outside_the_ranges_has_its_reverse_name() -> None:
    mine = "9.123.168.192.in-addr.arpa. PTR host-9.crew.shop.svc.cluster.local."
    known = zone(crew=[mine])
    assert lines(ask(known, "9.123.168.192.in-addr.arpa.", "PTR").answer) == [mine]


def test_names_that_lead_in_a_circle_are_a_failure(known: Zone) -> None:
    assert ask(known, "loop.shop").rcode() == dns.rcode.SERVFAIL


def test_every_answer_begins_with_another_address(known: Zone) -> None:
    firsts = [ask(known, "crew.shop").answer[0][0].address for _ in range(4)]
    assert firsts[:2] != firsts[1:3] and set(firsts) == {"10.244.0.5", "10.244.0.6"}
    assert [firsts.count(one) for one in set(firsts)] == [2, 2]


def test_the_question_comes_back_as_it_was_written(known: Zone) -> None:
    found = ask(known, "WeB.sHOp.sVc.cLUSter.LoCAL.")
    assert found.question[0].name.to_text() == "WeB.sHOp.sVc.cLUSter.LoCAL."
    assert len(found.answer) == 1


@pytest.mark.parametrize(
    ("query", "rcode"),
    [
        (dns.message.make_query("web.shop.svc.cluster.local.", "A", rdclass="CH"), "REFUSED"),
        (dns.message.make_query("cluster.local.", "AXFR"), "REFUSED"),
        (dns.message.make_query("cluster.local.", "A", use_edns=1), "BADVERS"),
    ],
)
def test_what_is_not_for_us_is_refused(known: Zone, query: dns.message.Message, rcode: str) -> None:
    reply = resolving(known).resolve(query.to_wire(), "10.244.0.2", UDP_BYTES)
    assert isinstance(reply, bytes)
    assert dns.rcode.to_text(dns.message.from_wire(reply).rcode()) == rcode


QUERY = dns.message.make_query("web.shop.svc.cluster.local.", "A", id=7).to_wire()


@pytest.mark.parametrize(
    ("message", "rcode"),
    [
        (QUERY[:2] + b"\x10\x00" + QUERY[4:], dns.rcode.NOTIMP),
        (QUERY[:-1], dns.rcode.FORMERR),
        (QUERY[:4] + b"\0\0" + QUERY[6:], dns.rcode.FORMERR),
        (QUERY[:4] + b"\0\2" + QUERY[6:], dns.rcode.FORMERR),
        (QUERY[:10] + b"\0\1" + QUERY[12:], dns.rcode.FORMERR),
        (QUERY[:12] + b"\xc0\x0c" + QUERY[-4:], dns.rcode.FORMERR),
        (QUERY[:12] + b"\x40" + QUERY[13:], dns.rcode.FORMERR),
    ],
    ids=["status", "cut", "none", "two", "missing", "pointer", "label"],
)
def test_a_message_that_is_not_understood_is_told_so(message: bytes, rcode: int) -> None:
    reply = read_query(message, UDP_BYTES)
    assert isinstance(reply, bytes)
    assert reply[:2] == QUERY[:2] and reply[3] & 0xF == rcode


def test_a_question_that_brings_much_is_refused_unread() -> None:
    record = b"\0\0\x10\0\1" + bytes(6)
    reply = read_query(QUERY[:10] + b"\0\x40" + QUERY[12:] + record * 64, 65_535)
    assert isinstance(reply, bytes) and reply[3] & 0xF == dns.rcode.FORMERR


def test_a_name_of_endless_pointers_is_no_name() -> None:
    steps = b"\0" + b"".join((0xC000 | at).to_bytes(2) for at in (0, *range(1, 16_000, 2)))
    with pytest.raises(Malformed):
        read_name(steps, len(steps) - 2)
    assert read_name(steps, 21) == (b"\0", 23)


@pytest.mark.parametrize("message", [b"", b"\0" * 11, QUERY[:2] + b"\x80\x00" + QUERY[4:]])
def test_what_is_no_query_gets_no_answer(message: bytes) -> None:
    assert read_query(message, UDP_BYTES) is None


@pytest.mark.parametrize(
    ("payload", "most"), [(None, 512), (100, 512), (900, 900), (1232, 1232), (4096, 1232)]
)
def test_an_answer_that_is_too_long_says_so_and_tells_the_addresses_that_fit(
    payload: int | None, most: int
) -> None:
    many = zone(many=[f"many.shop A 10.244.1.{n}" for n in range(200)])
    edns = {"use_edns": 0, "payload": payload} if payload else {"use_edns": False}
    fitting = (most - 12 - len("many.shop.svc.cluster.local.") - 5 - (11 if payload else 0)) // 16
    told: set[str] = set()
    for _ in range(200):
        found = ask(many, "many.shop", **edns)
        assert found.flags & dns.flags.TC and len(found.answer[0]) == fitting
        told.update(lines(found.answer))
    assert len(told) == 200
    fits = zone(fits=[f"fits.shop A 10.244.1.{n}" for n in range(fitting)])
    found = ask(fits, "fits.shop", **edns)
    assert not found.flags & dns.flags.TC and len(found.answer[0]) == fitting


def test_other_records_that_are_too_long_are_left_out() -> None:
    records = [f"_p._tcp.big.shop SRV 0 1 80 n{n}.big.shop.svc.cluster.local." for n in range(99)]
    found = ask(zone(big=records), "_p._tcp.big.shop", "SRV")
    assert found.flags & dns.flags.TC and not found.answer


def test_an_srv_answer_leaves_addresses_out_before_it_is_cut() -> None:
    records = [f"_p._tcp.big.shop SRV 0 1 80 n{n}.big.shop.svc.cluster.local." for n in range(20)]
    records += [f"n{n}.big.shop A 10.244.1.{n}" for n in range(20)]
    found = ask(zone(big=records), "_p._tcp.big.shop", "SRV", use_edns=0, payload=1232)
    assert len(found.answer[0]) == 20 and not found.additional


def test_signatures_wanted_is_echoed(known: Zone) -> None:
    found = ask(known, "web.shop", want_dnssec=True)
    assert found.edns == 0 and found.ednsflags & dns.flags.DO


def test_what_a_service_said_before_is_forgotten(known: Zone) -> None:
    ask(known, "crew.shop"), ask(known, "_http._tcp.crew.shop", "SRV")
    known.put("crew", [record("one.crew.shop A 10.244.0.9"), *map(record, CREW[4:5])])
    assert lines(ask(known, "one.crew.shop").answer) == ["one.crew.shop A 10.244.0.9"]
    assert ask(known, "two.crew.shop").rcode() == dns.rcode.NXDOMAIN
    assert not ask(known, "crew.shop").answer
    additional = ask(known, "_http._tcp.crew.shop", "SRV").additional
    assert lines(additional) == ["one.crew.shop A 10.244.0.9"]
    known.put("crew", [])
    assert ask(known, "crew.shop").rcode() == dns.rcode.NXDOMAIN


def test_two_services_may_name_one_address(known: Zone) -> None:
    name = "5.0.244.10.in-addr.arpa."
    known.put("other", [record(f"{name} PTR one.other.shop.svc.cluster.local.")])
    assert len(lines(ask(known, name, "PTR").answer)) == 2
    known.put("crew", [])
    assert lines(ask(known, name, "PTR").answer) == [
        f"{name} PTR one.other.shop.svc.cluster.local."
    ]


def test_a_name_that_is_too_long_for_dns_is_left_out_alone(known: Zone) -> None:
    known.put("long", [record(f"{'x' * 64}.shop A 10.96.0.8"), record("fine.shop A 10.96.0.9")])
    assert ask(known, "fine.shop").answer

"""The cluster's names as a table from questions to packed answers.

Owns what is answered with authority: the cluster's domain, and the reverse names of the ranges of
pods and Services. A change costs what the changed Service has, not what there is. No sockets.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_network

from mk8s_agent.dns import wire
from mk8s_agent.dns.records import Record, pod_address
from mk8s_agent.dns.wire import Type

log = logging.getLogger(__name__)

TTL = 5
"""Seconds that a client may keep an answer, as CoreDNS lets it: so long it may miss a change."""
_IPV4_REVERSE = wire.encode_name("in-addr.arpa.")
_IPV6_REVERSE = wire.encode_name("ip6.arpa.")

Sets = dict[bytes, tuple[bytes, ...]]
"""The data of the records that answer each question."""


class Packed:
    """An answer but for what a query brings itself. Each use begins with another address.

    `counts` go into a header, with one for the OPT record in `counts_edns`. Addresses have records
    of one `size`; others have 0.
    """

    __slots__ = ("_at", "_records", "additional", "counts", "counts_edns", "size")

    def __init__(
        self, records: Sequence[bytes], additional: Sequence[bytes], *, addresses: bool
    ) -> None:
        self._records = b"".join(records)
        self.size = len(records[0]) if addresses else 0
        self._at = 0
        self.additional = b"".join(additional)
        counts = [b"\0\1", len(records).to_bytes(2), b"\0\0"]
        self.counts = b"".join([*counts, len(additional).to_bytes(2)])
        self.counts_edns = b"".join([*counts, (len(additional) + 1).to_bytes(2)])

    def records(self) -> bytes:
        """All of them, in this use's order."""
        if not self.size:
            return self._records
        self._at = at = (self._at + self.size) % len(self._records)
        return self._records[at:] + self._records[:at]


class Zone:
    """What this node knows. Names are uncompressed and in lower case."""

    def __init__(self, domain: str, ranges: Iterable[str]) -> None:
        self.packed: dict[bytes, Packed] = {}
        self._apex = wire.encode_name(domain)
        self._pods = wire.encode_name(f"pod.{domain}")
        self._ranges = [ip_network(one) for one in ranges]
        self._sets: Sets = {}
        self._owned: dict[Hashable, Sets] = {}
        self._names: dict[bytes, int] = {self._apex: 1, self._pods: 1}
        soa = f"ns.dns.{domain}. hostmaster.{domain}. 1 7200 1800 86400 {TTL}"
        self._soa = wire.encode_data(Type.SOA, soa)
        self._sets[wire.question(self._apex, Type.SOA)] = (self._soa,)

    def put(self, owner: Hashable, records: Iterable[Record]) -> None:
        """Replace what `owner` has said by `records`."""
        fresh = _encoded(records)
        former = self._owned.pop(owner, {})
        if fresh:
            self._owned[owner] = fresh
        if fresh == former:
            return
        for question in former.keys() | fresh.keys():
            self._change(question, former.get(question, ()), fresh.get(question, ()))
            # Also those that stay: the addresses beside an SRV record are part of its answer.
            self.packed.pop(question, None)

    def owners(self) -> list[Hashable]:
        """Who has records here."""
        return list(self._owned)

    def answer(self, name: bytes, type: int) -> Packed | None:
        """The packed answer; None when there are no such records."""
        question = wire.question(name, type)
        packed = self.packed.get(question)
        if packed is None and question in self._sets:
            packed = self.packed[question] = self._pack(type, self._sets[question])
        return packed

    def data(self, name: bytes, type: int) -> tuple[bytes, ...]:
        """The data of these records; those of pods' names are made when asked for."""
        return self._sets.get(wire.question(name, type)) or self._pod(name, type)

    def exists(self, name: bytes) -> bool:
        """Whether the name, or one below it, has any record."""
        return name in self._names or bool(self._pod(name, Type.A) or self._pod(name, Type.AAAA))

    def apex_of(self, name: bytes) -> int | None:
        """Where in `name` the name of its zone begins; None: it is not one of ours."""
        starts = list(_starts(name))
        if len(name) - len(self._apex) in starts and name.endswith(self._apex):
            return len(name) - len(self._apex)
        if name.endswith((_IPV4_REVERSE, _IPV6_REVERSE)):
            return self._reverse_apex(name, starts)
        return None

    def soa(self, apex: int) -> bytes:
        """The record that says how long an absence may be kept; its zone's name begins at `apex`
        in the question's.
        """
        pointer = (0xC000 | wire.HEADER_BYTES + apex).to_bytes(2)
        return wire.record(pointer, Type.SOA, TTL, self._soa)

    def _pack(self, type: int, data: Sequence[bytes]) -> Packed:
        records = [wire.record(wire.OWN_NAME, type, TTL, one) for one in dict.fromkeys(data)]
        additional: dict[bytes, None] = {}
        if type == Type.SRV:
            for target in map(wire.srv_target, data):
                for kind in (Type.A, Type.AAAA):
                    for one in self._sets.get(wire.question(target, kind), ()):
                        additional[wire.record(target, kind, TTL, one)] = None
        return Packed(records, tuple(additional), addresses=type in (Type.A, Type.AAAA))

    def _change(self, question: bytes, old: tuple[bytes, ...], new: tuple[bytes, ...]) -> None:
        """Several owners may answer one question: addresses of pods that two Services name."""
        before = self._sets.get(question, ())
        after = new
        if before != old:
            after = tuple(sorted((Counter(before) - Counter(old) + Counter(new)).elements()))
        if after:
            self._sets[question] = after
        else:
            self._sets.pop(question, None)
        if bool(before) == bool(after):
            return
        name = question[:-4]
        for each in self._ancestors(name):
            count = self._names.get(each, 0) + (1 if after else -1)
            if count:
                self._names[each] = count
            else:
                del self._names[each]

    def _ancestors(self, name: bytes) -> Iterator[bytes]:
        """The name and those above it, within the cluster's domain."""
        if not name.endswith(self._apex):
            yield name
            return
        for at in _starts(name):
            if len(name) - at >= len(self._apex):
                yield name[at:]

    def _pod(self, name: bytes, type: int) -> tuple[bytes, ...]:
        """The address that a name like `10-244-0-5.default.pod.cluster.local` spells."""
        if not name.endswith(self._pods) or name == self._pods:
            return ()
        own = wire.labels(name[: -len(self._pods)] + b"\0")
        address = pod_address(own[0].decode("ascii", "replace")) if len(own) == 2 else None
        if address is None or (":" in address) != (type == Type.AAAA):
            return ()
        return (wire.encode_data(Type(type), address),) if type in (Type.A, Type.AAAA) else ()

    def _reverse_apex(self, name: bytes, starts: list[int]) -> int | None:
        """The part of a reverse name that the range of its address has whole."""
        parts = [one.decode("ascii", "replace") for one in wire.labels(name)[:-2]]
        parts.reverse()
        four = name.endswith(_IPV4_REVERSE)
        address: IPv4Address | IPv6Address
        try:
            if four:
                address = IPv4Address(".".join(parts))
            else:
                whole = "".join(parts) if all(len(one) == 1 for one in parts) else ""
                address = IPv6Address(bytes.fromhex(whole))
        except ValueError:
            return None
        for network in self._ranges:
            if address in network:
                bits = 8 if four else 4
                return starts[len(parts) - -(-network.prefixlen // bits)]
        return None


def _starts(name: bytes) -> Iterator[int]:
    """Where each label begins, the root included."""
    at = 0
    while name[at]:
        yield at
        at += 1 + name[at]
    yield at


def _encoded(records: Iterable[Record]) -> Sets:
    found: dict[bytes, set[bytes]] = {}
    for one in records:
        try:
            question = wire.question(wire.encode_name(one.name), one.type)
            found.setdefault(question, set()).add(wire.encode_data(one.type, one.value))
        except ValueError as error:
            log.warning("%s has no name in DNS: %s", one.name, error)
    return {question: tuple(sorted(data)) for question, data in found.items()}

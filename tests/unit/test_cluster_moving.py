"""A master that listens everywhere follows the addresses that its machine has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from ipaddress import IPv4Address

import pytest

from minikube8s.cluster import addresses
from minikube8s.cluster.config import Settings
from minikube8s.cluster.moving import Moving
from minikube8s.kit import kernelnews
from minikube8s.kit.localaddresses import LocalAddress
from tests.support.links import until

EVERYWHERE = Settings(listen="0.0.0.0")


class Machine:
    """What the kernel says, and what was done about it; `broken`: so often it cannot be done."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *own: str) -> None:
        self.own = list(own)
        self.way = self.own[0]
        self.broken = 0
        self.certified: list[set[str]] = []
        self.published: list[str] = []
        self.pauses: list[float] = []
        self.news: asyncio.Queue[Iterator[bytes | None]] = asyncio.Queue()
        monkeypatch.setattr(addresses, "local_addresses", self._addresses)
        monkeypatch.setattr(addresses, "outward", lambda: self.way)
        monkeypatch.setattr(kernelnews, "batches", self._batches)
        named = addresses.served(EVERYWHERE)
        self.moving = Moving(EVERYWHERE, named, self.way, self._certify, self._publish)

    def tell(self) -> None:
        self.news.put_nowait(iter([b"something", None]))

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    def _addresses(self) -> list[LocalAddress]:
        ours = [LocalAddress("lo:mk8s", IPv4Address("10.244.0.1"))]
        announced = [LocalAddress("lb:mk8s", IPv4Address("192.0.2.200"))]
        found = [LocalAddress("eth0", IPv4Address(one)) for one in self.own]
        return [LocalAddress("lo", IPv4Address("127.0.0.1")), *ours, *found, *announced]

    async def _batches(self, *_: object) -> AsyncIterator[Iterator[bytes | None]]:
        while True:
            yield await self.news.get()

    async def _certify(self) -> None:
        if self.broken:
            self.broken -= 1
            raise OSError("the disk is full")
        self.certified.append(set(addresses.served(EVERYWHERE)))

    async def _publish(self, address: str) -> None:
        self.published.append(address)


async def test_an_address_that_comes_is_named_and_one_that_goes_costs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Machine(monkeypatch, "192.0.2.1")
    await machine.moving.look()
    assert not machine.certified and not machine.published
    machine.own.append("198.51.100.7")
    await machine.moving.look()
    assert len(machine.certified) == 1 and "198.51.100.7" in machine.certified[0]
    for own in (["192.0.2.1"], ["192.0.2.1", "198.51.100.7"]):
        machine.own = own
        await machine.moving.look()
    assert len(machine.certified) == 1 and not machine.published
    # a certificate that is made anew names what there is then, and no more
    for own in (["192.0.2.1", "192.0.2.2"], ["192.0.2.1", "198.51.100.7"]):
        machine.own = own
        await machine.moving.look()
    assert [("198.51.100.7" in one) for one in machine.certified] == [True, False, True]


async def test_others_are_told_where_the_api_is_now_but_not_of_a_network_that_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Machine(monkeypatch, "192.0.2.1")
    machine.own, machine.way = [], ""
    await machine.moving.look()
    assert not machine.published
    machine.own, machine.way = ["192.0.2.9"], "192.0.2.9"
    await machine.moving.look()
    await machine.moving.look()
    assert machine.published == ["192.0.2.9"] and len(machine.certified) == 1


async def test_what_the_cluster_itself_adds_is_no_address_of_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Machine(monkeypatch, "192.0.2.1")
    assert not {"10.244.0.1", "192.0.2.200"} & set(addresses.served(EVERYWHERE))
    monkeypatch.undo()
    monkeypatch.setattr(addresses, "local_addresses", machine._addresses)
    monkeypatch.setattr(addresses, "_ELSEWHERE", ("256.0.0.1", 9))
    assert addresses.outward() == "192.0.2.1"


async def test_a_look_that_fails_is_repeated_later_and_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Machine(monkeypatch, "192.0.2.1")
    task = asyncio.create_task(machine.moving.follow(machine))  # type: ignore[arg-type]
    await until("it looked at its start", lambda: machine.pauses == [0.5])
    machine.own.append("192.0.2.2")
    machine.broken = 2
    machine.tell()
    await until("it is done", lambda: machine.certified)
    await until("it rests", lambda: machine.pauses == [0.5, 1.0, 0.5, 2.0, 0.5, 0.5])
    machine.own.append("192.0.2.3")
    machine.tell()
    await until("the next one, too", lambda: len(machine.certified) == 2)
    task.cancel()
    await asyncio.wait([task])

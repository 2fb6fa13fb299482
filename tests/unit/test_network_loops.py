"""What follows the kernel and the master goes on after a failure, and loses nothing by it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from mk8s_agent.network import announcer as announcers
from mk8s_agent.network import route_news, routing
from mk8s_agent.network.announcer import Announcer
from mk8s_agent.network.announcing import Plan, Taken
from mk8s_agent.network.routes import Choice, Peer
from mk8s_agent.network.routing import Routing

from minikube8s.kit.backoff import Backoff
from tests.support.netlab import eventually

TWO = Peer("two", ("10.244.1.0/24",), ("192.0.2.2",))


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel tells nothing, and nobody waits long to try again."""

    async def follow(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(route_news, "follow", follow)
    for module in (announcers, routing):
        monkeypatch.setattr(module, "_RETRY", Backoff(initial=0.001, maximum=0.001))


@asynccontextmanager
async def at_work(one: Routing | Announcer) -> AsyncIterator[None]:
    task = asyncio.create_task(one.run())
    yield
    task.cancel()
    await asyncio.wait([task])


@dataclass
class Kernel:
    """Fails as often as it is told; knows what it was asked for."""

    failures: int
    held: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)

    def _fail(self) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("no space left on device")

    async def reach(self, peers: Sequence[Peer]) -> tuple[Choice, int]:
        self._fail()
        self.reached = [one.node for one in peers]
        return Choice(), 0

    async def take(self, addresses: Set[str]) -> Plan:
        new, self.held = addresses - self.held, set(addresses)
        return Plan(taken=tuple(Taken(one, "uplink", "02:00:00:00:00:02") for one in sorted(new)))

    async def announce(self, taken: Sequence[Taken]) -> None:
        if taken:
            self._fail()
        self.said += [one.address for one in taken]


async def test_routes_are_made_after_a_failure_of_any_kind() -> None:
    kernel, told = Kernel(failures=2), []
    made = Routing(
        kernel, lambda sentences, cut_off: told.append((sentences, cut_off)), lambda: None
    )
    made.set_peers([TWO])
    async with at_work(made):
        await eventually(lambda: kernel.reached == ["two"], 2)
    assert "no space left" in told[0][0][0]
    assert told[-1] == ((), False)


async def test_an_address_is_announced_though_its_link_was_down_when_it_came() -> None:
    kernel = Kernel(failures=2)
    made = Announcer(kernel)
    made.set_addresses({"192.0.2.200"})
    async with at_work(made):
        await eventually(lambda: kernel.said[:1] == ["192.0.2.200"], 2)


async def test_what_was_taken_away_before_it_could_be_announced_is_announced_no_more() -> None:
    kernel = Kernel(failures=1_000_000)
    made = Announcer(kernel)
    made.set_addresses({"192.0.2.200", "192.0.2.201"})
    async with at_work(made):
        await eventually(lambda: kernel.failures < 999_999, 2)
        made.set_addresses({"192.0.2.201"})
        kernel.failures = 0
        await eventually(lambda: bool(kernel.said), 2)
    assert "192.0.2.200" not in kernel.said

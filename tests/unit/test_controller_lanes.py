"""Lanes: no controller, key or long plan keeps another waiting."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pytest

from minikube8s.api.resources import CONFIGMAPS, PODS, Resource
from minikube8s.controllers import lane as lanes
from minikube8s.controllers.actions import Create, Plan
from minikube8s.controllers.applying import WIDTH
from minikube8s.controllers.lane import Lane, Surroundings
from minikube8s.controllers.runner import Reader
from minikube8s.kit.tasks import Supervisor
from minikube8s.store.watching import Event
from tests.support import virtualtime
from tests.support.mortal import Silent
from tests.support.virtualtime import VirtualClock


class Planned:
    """A controller with one plan for every key; it notes when it looks."""

    watches = (CONFIGMAPS,)

    def __init__(self, plan: Plan, name: str = "planned") -> None:
        self.name = name
        self.looks: list[tuple[str, float]] = []
        self._plan = plan

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[str]:
        return ()

    def read(self, reader: Reader, key: str) -> str:
        return key

    def plan(self, snapshot: str, now: datetime, failure: str = "") -> Plan:
        self.looks.append((snapshot, asyncio.get_running_loop().time()))
        return self._plan


class Slow:
    """A registry whose writes end when they are let."""

    def __init__(self) -> None:
        self.under_way = 0
        self.most = 0
        self.made = 0
        self.open = asyncio.Event()

    async def create(self, *_: Any) -> Any:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await self.open.wait()
        await asyncio.sleep(0.001)
        self.under_way -= 1
        self.made += 1
        return type("Entry", (), {"name": "x"})


def a_lane(controller: Planned, registry: Any, dear: float = 0.0) -> Lane:
    """A lane in which every look takes `dear` seconds of the processor."""
    ticks = iter(float(number) * dear for number in range(10**6))
    around = Surroundings(registry, registry, VirtualClock().now, lambda: next(ticks))
    return Lane(controller, Silent(), around)


MANY = Plan(creates=(Create(PODS, "default", {}),) * 5000)


def test_a_plan_of_thousands_of_writes_holds_up_no_other_controller() -> None:
    async def main() -> None:
        slow, supervisor = Slow(), Supervisor("test")
        busy, other = Planned(MANY, "busy"), Planned(Plan(), "other")
        many, few = a_lane(busy, slow), a_lane(other, slow)
        many.start(supervisor)
        few.start(supervisor)
        for number in range(100):
            many.add(f"many-{number}")
        await asyncio.sleep(1)
        few.add("one")
        await asyncio.sleep(1)
        assert len(busy.looks) == lanes.WORKERS
        assert other.looks == [("one", 1)]
        assert many.figures.waiting == 100 - lanes.WORKERS
        await supervisor.close()

    virtualtime.run(main())


def test_a_plan_has_a_bounded_number_of_writes_under_way() -> None:
    async def main() -> None:
        slow, supervisor = Slow(), Supervisor("test")
        slow.open.set()
        lane = a_lane(Planned(MANY), slow)
        lane.start(supervisor)
        lane.add("one")
        await asyncio.sleep(60)
        assert slow.made == 5000
        assert slow.most == WIDTH
        await supervisor.close()

    virtualtime.run(main())


@pytest.mark.parametrize(
    ("spent", "acts", "again"),
    [
        pytest.param(0.004, False, 0.0, id="a cheap look is repeated at once"),
        pytest.param(0.020, False, 0.18, id="a dear one after nine times its length"),
        pytest.param(3.0, False, 1.0, id="but after a second at the latest"),
        pytest.param(0.020, True, 0.001, id="what makes objects goes on"),
    ],
)
def test_a_key_that_is_dear_to_look_at_rests(spent: float, acts: bool, again: float) -> None:
    async def main() -> None:
        slow, supervisor = Slow(), Supervisor("test")
        slow.open.set()
        plan = Plan(creates=(Create(PODS, "default", {}),)) if acts else Plan()
        controller = Planned(plan)
        lane = a_lane(controller, slow, spent)
        lane.start(supervisor)
        lane.add("key")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        lane.add("key")
        await asyncio.sleep(30)
        first, second = (at for _, at in controller.looks)
        assert second - first == pytest.approx(again)
        await supervisor.close()

    virtualtime.run(main())

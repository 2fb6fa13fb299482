"""A quota is never exceeded, and never refuses what there is room for, whatever runs at once."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import PODS, RESOURCEQUOTAS
from minikube8s.registry import Registry, WriteOptions
from minikube8s.store.interface import Blob, Record
from minikube8s.store.memory import MemoryStore
from tests.support.registries import a_registry, pod

HARD = 3
CPU = 5

Step = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["create", "create", "create", "delete", "end", "dry run"]),
        st.integers(0, 5),
        st.integers(1, 3),
    ),
    max_size=25,
)


class HesitantStore(MemoryStore):
    """Lets others run for as many rounds as told before it writes."""

    def __init__(self, delays: list[int]) -> None:
        super().__init__()
        self._delays = delays
        self._writes = 0

    async def put(self, key: str, blob: Blob, expected: int | None) -> Record:
        for _ in range(self._delays[self._writes % len(self._delays)]):
            await asyncio.sleep(0)
        self._writes += 1
        return await super().put(key, blob, expected)


def a_pod(number: int, cpu: int) -> dict[str, Any]:
    obj = pod(f"p{number}")
    obj["spec"]["containers"][0]["resources"] = {"requests": {"cpu": str(cpu)}}
    return obj


async def take(registry: Registry, step: Step) -> None:
    verb, number, cpu = step
    try:
        match verb:
            case "create":
                await registry.create(PODS, "default", a_pod(number, cpu))
            case "dry run":
                await registry.create(
                    PODS, "default", a_pod(number, cpu), WriteOptions(dry_run=True)
                )
            case "delete":
                await registry.delete(PODS, "default", f"p{number}")
            case _:
                await registry.update(
                    PODS,
                    "default",
                    f"p{number}",
                    lambda obj: {**obj, "status": {"phase": "Failed"}},
                    "status",
                )
    except ApiError as refusal:
        assert refusal.code in (403, 404, 409), refusal.message


def live(registry: Registry) -> list[dict[str, Any]]:
    pods = [entry.object for entry in registry.list(PODS)]
    return [one for one in pods if one["status"]["phase"] != "Failed"]


def cpu_of(pods: list[dict[str, Any]]) -> int:
    return sum(int(one["spec"]["containers"][0]["resources"]["requests"]["cpu"]) for one in pods)


async def play(steps: list[Step], delays: list[int]) -> None:
    async with a_registry(store=HesitantStore(delays)) as registry:
        hard = {"pods": str(HARD), "requests.cpu": str(CPU)}
        quota = {"metadata": {"name": "q"}, "spec": {"hard": hard}}
        await registry.create(RESOURCEQUOTAS, "default", quota)
        exceeded: list[int] = []

        def look(_: object) -> None:
            running = live(registry)
            if len(running) > HARD or cpu_of(running) > CPU:
                exceeded.append(len(running))

        registry.observe(PODS, look)
        await asyncio.gather(*(take(registry, step) for step in steps))
        assert not exceeded
        running = live(registry)
        used = {"pods": str(len(running)), "requests.cpu": str(cpu_of(running))}
        assert registry.quotas.used("default", "q") == used
        # Nothing stays reserved: what is left can be had, to the last piece.
        for number in range(HARD - len(running)):
            if cpu_of(live(registry)) < CPU:
                await registry.create(PODS, "default", a_pod(100 + number, 1))


@settings(max_examples=150, deadline=None)
@given(STEPS, st.lists(st.integers(0, 4), min_size=1, max_size=6))
def test_a_quota_is_never_exceeded_under_any_interleaving(
    steps: list[Step], delays: list[int]
) -> None:
    asyncio.run(play(steps, delays))


def test_what_there_is_room_for_is_granted_to_all_who_ask_at_once() -> None:
    async def scenario() -> None:
        async with a_registry() as registry:
            quota = {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "50"}}}
            await registry.create(RESOURCEQUOTAS, "default", quota)
            outcomes = await asyncio.gather(
                *(registry.create(PODS, "default", pod(f"p{n}")) for n in range(80)),
                return_exceptions=True,
            )
            assert sum(isinstance(one, ApiError) for one in outcomes) == 30
            assert registry.count(PODS) == 50

    asyncio.run(scenario())

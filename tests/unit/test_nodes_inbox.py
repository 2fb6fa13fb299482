"""Reports on their way into the registry: order, coalescing, retries, acknowledgements, bounds."""

import asyncio

import pytest

from minikube8s.api.errors import unavailable
from minikube8s.nodes.inbox import Inbox
from minikube8s.rpc import agent_pb2
from tests.support.links import until


def status(sequence: int, name: str = "web", phase: str = "") -> agent_pb2.Up:
    body = agent_pb2.PodStatus(namespace="default", name=name, uid=name, status_json=phase.encode())
    return agent_pb2.Up(sequence=sequence, pod_status=body)


def gone(sequence: int, name: str = "web") -> agent_pb2.Up:
    body = agent_pb2.PodGone(namespace="default", name=name, uid=name)
    return agent_pb2.Up(sequence=sequence, pod_gone=body)


class Registry:
    """Writes when the test lets it; fails as often as told."""

    def __init__(self) -> None:
        self.begun: list[agent_pb2.Up] = []
        self.acknowledged: list[int] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.failures = 0

    async def write(self, report: agent_pb2.Up) -> None:
        self.begun.append(report)
        gate = self.gates.get(report.pod_status.name or report.pod_gone.name)
        if gate is not None:
            await gate.wait()
        if self.failures:
            self.failures -= 1
            raise unavailable("the store is away")

    def inbox(self, limit: int = 100, parallel: int = 10) -> Inbox:
        return Inbox(self.write, self.acknowledged.append, limit, parallel)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_of_reports_that_wait_only_the_newest_is_written():
    registry = Registry()
    gate = registry.gates["web"] = asyncio.Event()
    inbox = registry.inbox()
    for sequence in (1, 2, 3):
        await inbox.put(status(sequence, phase=str(sequence)))
        await settle()
    gate.set()
    await settle()
    assert [report.pod_status.status_json for report in registry.begun] == [b"1", b"3"]
    assert registry.acknowledged[-1] == 3


async def test_nothing_comes_after_the_end_of_a_pod():
    registry = Registry()
    gate = registry.gates["web"] = asyncio.Event()
    inbox = registry.inbox()
    for report in (status(1), gone(2), status(3)):
        await inbox.put(report)
        await settle()
    gate.set()
    await settle()
    assert [report.WhichOneof("message") for report in registry.begun] == ["pod_status", "pod_gone"]
    assert registry.acknowledged[-1] == 3


async def test_reports_on_different_things_are_written_side_by_side():
    registry = Registry()
    registry.gates["slow"] = asyncio.Event()
    inbox = registry.inbox()
    await inbox.put(status(1, "slow"))
    await inbox.put(status(2, "fast"))
    await settle()
    assert [report.pod_status.name for report in registry.begun] == ["slow", "fast"]
    await inbox.close()


async def test_only_what_is_done_with_all_before_it_is_acknowledged():
    registry = Registry()
    gate = registry.gates["slow"] = asyncio.Event()
    inbox = registry.inbox()
    await inbox.put(status(1, "slow"))
    await inbox.put(status(2, "fast"))
    await settle()
    assert max(registry.acknowledged, default=0) == 0
    gate.set()
    await settle()
    assert registry.acknowledged[-1] == 2


async def test_a_write_that_fails_is_made_again_and_acknowledged_only_then():
    registry = Registry()
    registry.failures = 2
    inbox = registry.inbox()
    await inbox.put(status(1))
    await until("the acknowledgement", lambda: registry.acknowledged)
    assert len(registry.begun) == 3
    assert registry.acknowledged == [1]


async def test_an_agent_with_too_many_unwritten_reports_is_not_read_any_more():
    registry = Registry()
    for name in ("a", "b", "c"):
        registry.gates[name] = asyncio.Event()
    inbox = registry.inbox(limit=2)
    await inbox.put(status(1, "a"))
    await inbox.put(status(2, "b"))
    blocked = asyncio.create_task(inbox.put(status(3, "c")))
    await settle()
    assert not blocked.done()
    registry.gates["a"].set()
    await settle()
    assert blocked.done()
    await inbox.close()


@pytest.mark.parametrize("parallel", [1, 3])
async def test_no_more_than_the_allowed_number_is_written_at_a_time(parallel):
    registry = Registry()
    inbox = registry.inbox(parallel=parallel)
    for number in range(5):
        registry.gates[str(number)] = asyncio.Event()
        await inbox.put(status(number + 1, str(number)))
    await settle()
    assert len(registry.begun) == parallel
    await inbox.close()

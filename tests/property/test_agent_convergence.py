"""From whatever is there, and interrupted anywhere, a pod comes to what is wanted of it."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from mk8s_agent.pods.identity import ADDRESS, SANDBOX, PodRef, container_name, pod_labels
from mk8s_agent.runtime.errors import EngineUnavailable, RuntimeFault
from mk8s_agent.runtime.fake import IGNORES_TERM, FakeRuntime
from mk8s_agent.runtime.pause import IMAGE
from mk8s_agent.runtime.vocabulary import Container, ContainerSpec, Phase

from tests.support.agentnode import IMAGE_PRESENT, OWNER, Node, container, fake_engine, pod_json
from tests.support.virtualtime import VirtualClock, run

REF = PodRef("default", "web", "uid-1")
SETTLED = 3600.0
"""Virtual seconds after the last disturbance; the longest back-off is 300 s."""


class Leftover(msgspec.Struct, frozen=True):
    """A container that an earlier agent left behind."""

    name: str
    attempt: int
    phase: Phase
    sandbox: int


class Disturbance(msgspec.Struct, frozen=True):
    """What happens `after` seconds.

    To the agent, to the engine, or to the newest container of a name.
    """

    after: float
    kind: str
    name: str = "app"


leftovers = st.lists(
    st.builds(
        Leftover,
        name=st.sampled_from(["POD", "app", "side", "ghost"]),
        attempt=st.integers(0, 2),
        phase=st.sampled_from(Phase),
        sandbox=st.integers(0, 3),
    ),
    max_size=7,
    unique_by=lambda one: (one.name, one.attempt),
)
disturbances = st.lists(
    st.builds(
        Disturbance,
        after=st.sampled_from([0.0, 0.1, 5.0, 400.0]),
        kind=st.sampled_from(["restart", "engine", "exit", "remove"]),
        name=st.sampled_from(["POD", "app", "side"]),
    ),
    max_size=5,
)
failures = st.sets(st.integers(0, 40), max_size=8)
"""Which calls to the engine fail, counted from the first."""


@settings(max_examples=150, deadline=None)
@given(leftovers=leftovers, disturbances=disturbances, failures=failures, init=st.booleans())
def test_a_wanted_pod_comes_up_and_goes_away(
    leftovers: list[Leftover],
    disturbances: list[Disturbance],
    failures: set[int],
    init: bool,
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        run(_play(Path(directory), leftovers, disturbances, failures, init))
        assert not any(Path(directory).iterdir())


async def _play(
    directory: Path,
    leftovers: list[Leftover],
    disturbances: list[Disturbance],
    failures: set[int],
    init: bool,
) -> None:
    clock = VirtualClock()
    engine = fake_engine(clock)
    node = Node(engine, clock, directory)
    await _leave_behind(engine, leftovers)
    _let_calls_fail(engine, failures)
    pod = pod_json(container("app", args=[IGNORES_TERM]), container("side"))
    if init:
        pod["spec"]["initContainers"] = [container("first")]
    node.start()
    node.sync(pod)
    for disturbance in disturbances:
        await clock.sleep(disturbance.after)
        await _disturb(node, engine, disturbance)
    await _settle(node, engine, init)
    _check_running(node.containers())
    node.delete(pod, grace=5)
    await clock.sleep(60)
    assert node.containers() == []
    assert node.reports.gone == ["uid-1"]
    assert node.network.links == {}
    await node.stop()


async def _leave_behind(engine: FakeRuntime, leftovers: list[Leftover]) -> None:
    """Make the containers, sandboxes first; a sandbox label may name one that never was."""
    sandboxes: list[str] = []
    for one in sorted(leftovers, key=lambda one: one.name != "POD"):
        labels = {**OWNER, **pod_labels(REF, one.name, one.attempt)}
        if one.name == "POD":
            labels[ADDRESS] = "10.244.0.9"
        else:
            labels[SANDBOX] = sandboxes[one.sandbox] if one.sandbox < len(sandboxes) else "f" * 64
        made = await engine.create(
            ContainerSpec(
                name=container_name(REF, one.name, one.attempt),
                image=IMAGE if one.name == "POD" else IMAGE_PRESENT,
                labels=labels,
            )
        )
        if one.phase is not Phase.CREATED:
            await engine.start(made)
        if one.phase is Phase.EXITED:
            engine.exit(made, 1)
        if one.name == "POD":
            sandboxes.append(made)


def _let_calls_fail(engine: FakeRuntime, failures: set[int]) -> None:
    numbers = itertools.count()

    def before(call: str) -> None:
        number = next(numbers)
        if number in failures:
            raise (
                EngineUnavailable("a test took the engine away")
                if number % 2
                else RuntimeFault("a test made the engine fail")
            )

    engine.before_call = before


async def _disturb(node: Node, engine: FakeRuntime, disturbance: Disturbance) -> None:
    if disturbance.kind == "restart":
        await node.restart()
        return
    if disturbance.kind == "engine":
        engine.stop_engine()
        await node.clock.sleep(3)
        engine.start_engine()
        return
    for one in _named(engine.present(), disturbance.name)[-1:]:
        if disturbance.kind == "exit":
            engine.exit(one.id, 1)
        else:
            engine.vanish(one.id)


async def _settle(node: Node, engine: FakeRuntime, init: bool) -> None:
    """Let time pass; init containers end well as soon as they run."""
    for _ in range(12):
        await node.clock.sleep(SETTLED / 12)
        if init:
            for one in _named(engine.present(), "first"):
                engine.exit(one.id, 0)


def _named(found: list[Container], name: str) -> list[Container]:
    return [one for one in found if one.labels["io.kubernetes.container.name"] == name]


def _check_running(found: list[Container]) -> None:
    running = [one for one in found if one.phase is Phase.RUNNING]
    (sandbox,) = _named(running, "POD")
    assert len(_named(found, "POD")) == 1
    for name in ("app", "side"):
        (one,) = _named(running, name)
        assert one.labels[SANDBOX] == sandbox.id
        assert len(_named(found, name)) <= 2

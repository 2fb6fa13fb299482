"""The decision of a pod's worker, case by case: what is there -> what to do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from mk8s_agent.pods.identity import ATTEMPT, BACKOFF, CONTAINER, SANDBOX, PodRef
from mk8s_agent.pods.next_step import next_step
from mk8s_agent.pods.values import (
    Desired,
    Fault,
    ImageState,
    Network,
    Observed,
    Sent,
    Step,
    sort_containers,
)
from mk8s_agent.runtime.interface import Container, Phase

from tests.support.agentnode import container, pod_json, view
from tests.support.virtualtime import EPOCH as NOW

REF = PodRef("default", "web", "uid-1")
CREATED, RUNNING, EXITED = Phase.CREATED, Phase.RUNNING, Phase.EXITED


def seen(
    name: str, phase: Phase, attempt: int = 0, sandbox: str = "POD-0", **fields: Any
) -> Container:
    """A container whose id is its name and attempt; it ended just now."""
    labels = {CONTAINER: name, ATTEMPT: str(attempt), SANDBOX: sandbox}
    labels[BACKOFF] = str(fields.pop("backoff", 0))
    return Container(
        id=f"{name}-{attempt}",
        name=name,
        labels=labels,
        phase=phase,
        image="app:1",
        image_id="sha256:1",
        created_at=NOW,
        started_at=None if phase is CREATED else NOW,
        finished_at=NOW if phase is EXITED else None,
        **fields,
    )


def observed(*found: Container, network: Network = Network.PLUGGED, **fields: Any) -> Observed:
    sandboxes, containers = sort_containers(list(found))
    fields.setdefault("images", {"app": ImageState(image="app:1", attempt=0)})
    return Observed(sandboxes=sandboxes, containers=containers, network=network, **fields)


def decide(seen: Observed, after: float = 0.0, **spec: Any) -> Step:
    pod = view(pod_json(**spec))
    return next_step(Desired(ref=REF, pod=pod), seen, NOW + timedelta(seconds=after))


def told(step: Step) -> list[str]:
    """The actions in short: `StartContainer app`."""
    return [f"{type(one).__name__} {one.target.partition('/')[0]}" for one in step.actions]


POD = seen("POD", RUNNING)
IMAGE_2 = {"app": ImageState(image="app:1", attempt=1)}
NOTHING_KNOWN: dict[str, ImageState] = {}

RUN = {
    "nothing is there": (
        observed(images=NOTHING_KNOWN, network=Network.UNPLUGGED),
        ["CreateSandbox POD", "EnsureImage image:app"],
    ),
    "the sandbox is made, the image is there": (
        observed(seen("POD", CREATED), network=Network.UNPLUGGED),
        ["StartSandbox POD", "CreateContainer app"],
    ),
    "the sandbox runs without a network": (
        observed(POD, seen("app", CREATED), network=Network.UNPLUGGED),
        ["PlugNetwork POD"],
    ),
    "a new agent plugs again": (
        observed(POD, seen("app", RUNNING), network=Network.UNKNOWN),
        ["PlugNetwork POD"],
    ),
    "the container is made": (observed(POD, seen("app", CREATED)), ["StartContainer app"]),
    "all runs": (observed(POD, seen("app", RUNNING)), []),
    "what is busy is left alone": (
        observed(POD, seen("app", CREATED), busy=frozenset({"app"})),
        [],
    ),
    "the container died once": (
        observed(POD, seen("app", EXITED, exit_code=1), images=IMAGE_2),
        ["CreateContainer app"],
    ),
    "the container died again: it waits": (
        observed(POD, seen("app", EXITED, attempt=1, backoff=1), images=IMAGE_2),
        [],
    ),
    "the sandbox died under a running container": (
        observed(seen("POD", EXITED), seen("app", RUNNING)),
        ["Signal app"],
    ),
    "the sandbox died, nothing runs": (
        observed(seen("POD", EXITED), seen("app", EXITED, exit_code=137), images=IMAGE_2),
        ["CreateSandbox POD"],
    ),
    "a container made for an earlier sandbox": (
        observed(POD, seen("app", CREATED, sandbox="gone")),
        ["Remove app"],
    ),
    "old attempts": (
        observed(POD, seen("app", RUNNING, 2), seen("app", EXITED, 1), seen("app", EXITED, 0)),
        ["Remove app"],
    ),
    "a container that the pod does not have": (
        observed(POD, seen("app", RUNNING), seen("ghost", RUNNING)),
        ["Remove ghost"],
    ),
}


@pytest.mark.parametrize("case", RUN)
def test_a_wanted_pod(case: str) -> None:
    state, expected = RUN[case]
    assert told(decide(state)) == expected


def test_a_step_names_the_time_to_look_again() -> None:
    dead = seen("app", EXITED, attempt=3, backoff=3, exit_code=1)
    assert decide(observed(POD, dead)).wake_at == NOW + timedelta(seconds=40)


def test_a_new_attempt_carries_its_number_and_its_back_off() -> None:
    dead = seen("app", EXITED, attempt=4, backoff=2, exit_code=1)
    images = {"app": ImageState(image="app:1", attempt=5)}
    (action,) = decide(observed(POD, dead, images=images), after=20).actions
    assert (action.attempt, action.backoff) == (5, 3)  # type: ignore[union-attr]


def test_after_a_fault_its_target_waits() -> None:
    fault = Fault(reason="x", message="x", failures=1, retry_at=NOW + timedelta(seconds=2))
    state = observed(POD, seen("app", CREATED), faults={"app": fault})
    assert decide(state).actions == ()
    assert decide(state).wake_at == fault.retry_at
    assert told(decide(state, after=2)) == ["StartContainer app"]


def test_a_failed_pull_is_shown_then_announced_then_tried_again() -> None:
    failed = ImageState(
        image="app:1",
        attempt=0,
        reason="ErrImagePull",
        message="no",
        failures=1,
        failed_at=NOW,
        retry_at=NOW + timedelta(seconds=10),
    )
    state = observed(POD, images={"app": failed})
    assert told(decide(state)) == []
    assert told(decide(state, after=3)) == ["BackOffImage image:app"]
    assert told(decide(state, after=10)) == ["EnsureImage image:app"]
    changed = msgspec.structs.replace(failed, image="app:0")
    assert told(decide(observed(POD, images={"app": changed}))) == ["EnsureImage image:app"]


def test_an_ended_pod_gives_its_network_back_and_keeps_its_dead() -> None:
    dead = seen("app", EXITED)
    running = observed(POD, dead)
    assert told(decide(running, restartPolicy="Never")) == ["UnplugNetwork POD"]
    unplugged = observed(POD, dead, network=Network.UNPLUGGED)
    assert told(decide(unplugged, restartPolicy="Never")) == ["Signal POD"]
    asleep = observed(seen("POD", EXITED), dead, network=Network.UNPLUGGED)
    assert decide(asleep, restartPolicy="Never") == Step()


def test_what_the_master_knows_as_ended_never_starts_again() -> None:
    status = {"phase": "Failed"}
    assert decide(observed(network=Network.UNPLUGGED), status=status) == Step()


GOING = Desired(ref=REF, pod=view(pod_json()), stop_by=NOW + timedelta(seconds=30))
TERM, KILL = Sent("SIGTERM", NOW), Sent("SIGKILL", NOW)

STOP = {
    "containers are asked to end": (observed(POD, seen("app", RUNNING)), 0, ["Signal app"]),
    "asked once": (observed(POD, seen("app", RUNNING), signals={"app-0": TERM}), 5, []),
    "killed when time is up": (
        observed(POD, seen("app", RUNNING), signals={"app-0": TERM}),
        30,
        ["Signal app"],
    ),
    "killed once": (observed(POD, seen("app", RUNNING), signals={"app-0": KILL}), 5, []),
    "dead ones wait for the others": (
        observed(POD, seen("app", EXITED), seen("b", RUNNING), signals={"b-0": TERM}),
        0,
        [],
    ),
    "then all is removed": (
        observed(POD, seen("app", EXITED), seen("b", CREATED)),
        0,
        ["Remove app", "Remove b", "UnplugNetwork POD"],
    ),
    "the sandbox goes last": (observed(POD, network=Network.UNPLUGGED), 0, ["Remove POD"]),
    "a start under way is waited for": (
        observed(POD, network=Network.UNPLUGGED, busy=frozenset({"app"})),
        0,
        [],
    ),
}


@pytest.mark.parametrize("case", STOP)
def test_a_pod_that_has_to_go(case: str) -> None:
    state, after, expected = STOP[case]
    assert told(next_step(GOING, state, NOW + timedelta(seconds=after))) == expected


def test_when_nothing_is_left_the_pod_is_gone() -> None:
    assert next_step(GOING, observed(network=Network.UNPLUGGED), NOW).gone
    assert not next_step(
        GOING, observed(network=Network.UNPLUGGED, busy=frozenset({"POD"})), NOW
    ).gone


@pytest.mark.parametrize("policy", ["Always", "OnFailure"])
def test_init_containers_come_one_by_one(policy: str) -> None:
    spec = {"initContainers": [container("one"), container("two")], "restartPolicy": policy}
    images = {name: ImageState(image="app:1", attempt=0) for name in ("one", "two", "app")}
    first = observed(POD, images=images)
    assert told(decide(first, **spec)) == ["CreateContainer one"]
    second = observed(POD, seen("one", EXITED), images=images)
    assert told(decide(second, **spec)) == ["CreateContainer two"]
    third = observed(POD, seen("one", EXITED), seen("two", EXITED), images=images)
    assert told(decide(third, **spec)) == ["CreateContainer app"]


def test_a_sidecar_runs_beside_what_comes_after_it() -> None:
    spec = {"initContainers": [container("side", restartPolicy="Always")]}
    images = {name: ImageState(image="app:1", attempt=0) for name in ("side", "app")}
    state = observed(POD, seen("side", RUNNING), images=images)
    assert told(decide(state, **spec)) == ["CreateContainer app"]

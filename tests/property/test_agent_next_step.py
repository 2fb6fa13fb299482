"""Whatever is there of a pod, and whatever is wanted: no step does what must never be done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from mk8s_agent.pods.actions import (
    CreateContainer,
    CreateSandbox,
    EnsureImage,
    PlugNetwork,
    PrepareVolumes,
    Remove,
    RunPostStart,
    Signal,
    StartContainer,
    StartSandbox,
    Step,
)
from mk8s_agent.pods.identity import ATTEMPT, CONTAINER, SANDBOX, SANDBOX_NAME, PodRef
from mk8s_agent.pods.next_step import next_step
from mk8s_agent.pods.values import (
    Desired,
    Fault,
    ImageState,
    Network,
    Observed,
    Sent,
    VolumeState,
    attempt_of,
    is_running,
    joined,
    sort_containers,
)
from mk8s_agent.runtime.vocabulary import Container, Phase

from tests.property.test_agent_machine import SHAPES
from tests.support.agentnode import IMAGE_PRESENT, pod_json, view
from tests.support.virtualtime import EPOCH as NOW

REF = PodRef("default", "web", "uid-1")
BRINGS_UP = (
    CreateSandbox
    | StartSandbox
    | PlugNetwork
    | EnsureImage
    | PrepareVolumes
    | CreateContainer
    | StartContainer
    | RunPostStart
)
NAMES = (SANDBOX_NAME, "app", "side", "first", "second", "helper", "ghost")
moments = st.integers(-400, 400).map(lambda seconds: NOW + timedelta(seconds=seconds))


@st.composite
def containers(draw: st.DrawFn) -> list[Container]:
    """Some that a sandbox of this pod has, or had."""
    found = draw(
        st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 2)), unique=True, max_size=8)
    )
    return [draw(container(name, attempt)) for name, attempt in found]


@st.composite
def container(draw: st.DrawFn, name: str, attempt: int) -> Container:
    labels = {CONTAINER: name, ATTEMPT: str(attempt)}
    if name != SANDBOX_NAME:
        labels[SANDBOX] = f"{SANDBOX_NAME}-{draw(st.integers(0, 2))}"
    phase = draw(st.sampled_from(Phase))
    begun = NOW - timedelta(seconds=draw(st.integers(0, 900)))
    return Container(
        id=f"{name}-{attempt}",
        name=f"k8s_{name}_{attempt}",
        labels=labels,
        phase=phase,
        image=IMAGE_PRESENT,
        image_id="sha256:1",
        created_at=begun,
        pid=7 if phase is Phase.RUNNING else 0,
        exit_code=draw(st.sampled_from([0, 1])) if phase is Phase.EXITED else 0,
        started_at=None if phase is Phase.CREATED else begun,
        finished_at=NOW if phase is Phase.EXITED else None,
    )


@st.composite
def seen(draw: st.DrawFn) -> Observed:
    found = draw(containers())
    sandboxes, others = sort_containers(found)
    names = st.sampled_from(NAMES)
    fault = st.builds(
        Fault, reason=st.just("x"), message=st.just("x"), failures=st.just(1), retry_at=moments
    )
    image = st.builds(
        ImageState,
        image=st.just(IMAGE_PRESENT),
        attempt=st.integers(0, 3),
        reason=st.sampled_from(["", "ErrImagePull"]),
        failed_at=moments,
        retry_at=st.none() | moments,
    )
    sent = st.builds(Sent, st.sampled_from(["SIGTERM", "SIGKILL"]), moments)
    ids = st.sampled_from([one.id for one in found] or ["none"])
    return Observed(
        sandboxes=sandboxes,
        containers=others,
        network=draw(st.sampled_from(Network)),
        volumes=draw(st.sampled_from(VolumeState)),
        images=draw(st.dictionaries(names, image, max_size=3)),
        faults=draw(st.dictionaries(names, fault, max_size=3)),
        begun=draw(st.dictionaries(names, st.integers(0, 4), max_size=3)),
        signals=draw(st.dictionaries(ids, sent, max_size=3)),
        starting=frozenset(draw(st.sets(ids, max_size=1))),
        busy=frozenset(draw(st.sets(names, max_size=3))),
    )


@st.composite
def wanted(draw: st.DrawFn) -> Desired:
    made, spec = draw(st.sampled_from(list(SHAPES.values())))
    phase = draw(st.sampled_from(["", "Running", "Succeeded", "Failed"]))
    pod: dict[str, Any] = pod_json(*made, **spec)
    if phase:
        pod["status"] = {"phase": phase}
    return Desired(
        ref=REF,
        pod=view(pod) if draw(st.booleans()) else None,
        stop_by=draw(st.none() | moments),
        forced=draw(st.booleans()),
    )


@settings(max_examples=400, deadline=None)
@given(desired=wanted(), observed=seen())
def test_no_step_does_what_must_never_be_done(desired: Desired, observed: Observed) -> None:
    step = next_step(desired, observed, NOW)
    _check_targets(step, observed)
    _check_gone(step, observed)
    there = {one.id for one in (*observed.everything(), *observed.sandboxes)}
    for action in step.actions:
        if isinstance(action, BRINGS_UP):
            assert desired.pod is not None and desired.stop_by is None
            assert desired.pod.status.phase not in ("Succeeded", "Failed")
        match action:
            case StartContainer():
                made = observed.newest(action.name)
                assert made is not None and (made.id, made.phase) == (action.id, Phase.CREATED)
                assert joined(made, observed.sandbox) and is_running(observed.sandbox)
                assert observed.network is Network.PLUGGED
            case CreateContainer():
                attempts = observed.attempts(action.target)
                assert all(attempt_of(one) < action.attempt for one in attempts)
                assert not attempts or attempts[0].phase is Phase.EXITED
                assert action.sandbox == observed.sandbox
            case CreateSandbox():
                assert not any(map(is_running, observed.everything()))
                assert not any(map(is_running, observed.sandboxes[:1]))
            case Signal() | Remove():
                assert action.id in there


def _check_targets(step: Step, observed: Observed) -> None:
    """One action a target; none on those that are busy, or whose fault is too new."""
    targets = [one.target for one in step.actions]
    assert len(set(targets)) == len(targets)
    for target in targets:
        assert target not in observed.busy
        fault = observed.faults.get(target)
        assert fault is None or fault.retry_at <= NOW
    assert step.wake_at is None or step.wake_at > NOW


def _check_gone(step: Step, observed: Observed) -> None:
    if step.gone:
        assert step.actions == ()
        assert not observed.everything() and not observed.sandboxes and not observed.busy
        assert observed.network is Network.UNPLUGGED
        assert observed.volumes is VolumeState.NONE

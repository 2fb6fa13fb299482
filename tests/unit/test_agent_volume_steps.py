"""When a pod's volumes are made, renewed and removed: what is there -> what to do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from mk8s_agent.pods.actions import VOLUMES
from mk8s_agent.pods.next_step import next_step
from mk8s_agent.pods.values import Desired, Fault, ImageState, Observed, VolumeState
from mk8s_agent.runtime.vocabulary import Phase

from tests.support.agentnode import pod_json, view
from tests.support.virtualtime import EPOCH as NOW
from tests.unit.test_agent_next_step import NOTHING_KNOWN, POD, REF, observed, seen, told

WITH_VOLUME = {"volumes": [{"name": "v", "emptyDir": {}}]}
NONE, UNKNOWN = VolumeState.NONE, VolumeState.UNKNOWN
OUTDATED, READY = VolumeState.OUTDATED, VolumeState.READY
ENDED = seen("app", Phase.EXITED, exit_code=0)
FAILED = {
    VOLUMES: Fault(reason="", message="", failures=1, retry_at=NOW + timedelta(seconds=3)),
}

RUN: dict[str, tuple[Observed, list[str]]] = {
    "nothing is there: beside the sandbox and the image": (
        observed(images=NOTHING_KNOWN),
        ["CreateSandbox POD", "PrepareVolumes pod", "EnsureImage image:app"],
    ),
    "containers wait": (
        observed(POD, volumes=NONE, busy=frozenset({VOLUMES})),
        [],
    ),
    "a new agent looks first": (observed(POD, volumes=UNKNOWN), ["PrepareVolumes pod"]),
    "ready": (observed(POD, volumes=READY), ["CreateContainer app"]),
    "outdated ones hold up nothing": (
        observed(POD, volumes=OUTDATED),
        ["PrepareVolumes pod", "CreateContainer app"],
    ),
    "a running pod's become outdated": (
        observed(POD, seen("app", Phase.RUNNING), volumes=OUTDATED),
        ["PrepareVolumes pod"],
    ),
    "all is well": (
        observed(POD, seen("app", Phase.RUNNING), volumes=READY, renew_at=NOW + timedelta(hours=1)),
        [],
    ),
    "something in them is due": (
        observed(POD, seen("app", Phase.RUNNING), volumes=READY, renew_at=NOW),
        ["PrepareVolumes pod"],
    ),
    "they failed: later": (observed(POD, volumes=UNKNOWN, faults=FAILED), []),
    "the pod has ended": (
        observed(seen("POD", Phase.EXITED), ENDED, volumes=READY),
        ["UnplugNetwork POD", "RemoveVolumes pod"],
    ),
}


@pytest.mark.parametrize(("found", "expected"), RUN.values(), ids=RUN)
def test_volumes_of_a_wanted_pod(found: Observed, expected: list[str]) -> None:
    spec: dict[str, Any] = {**WITH_VOLUME, "restartPolicy": "Never"}
    step = next_step(Desired(ref=REF, pod=view(pod_json(**spec))), found, NOW)
    assert told(step) == expected


def test_the_worker_wakes_when_something_in_a_volume_is_due() -> None:
    due = NOW + timedelta(hours=1)
    found = observed(POD, seen("app", Phase.RUNNING), volumes=READY, renew_at=due)
    assert next_step(Desired(ref=REF, pod=view(pod_json(**WITH_VOLUME))), found, NOW).wake_at == due


TAKE_DOWN: dict[str, tuple[dict[str, Any], list[str], bool]] = {
    "a container is left: its mounts are in use": (
        {"found": (POD, seen("app", Phase.EXITED)), "volumes": READY},
        ["Remove app", "UnplugNetwork POD", "Remove POD"],
        False,
    ),
    "no container is left": (
        {"found": (POD,), "volumes": READY},
        ["RemoveVolumes pod", "UnplugNetwork POD", "Remove POD"],
        False,
    ),
    "one may still come": (
        {"found": (), "volumes": READY, "busy": frozenset({"app"})},
        ["UnplugNetwork POD"],
        False,
    ),
    "they cannot be removed now: the pod is not gone": (
        {"found": (), "volumes": READY, "faults": FAILED},
        ["UnplugNetwork POD"],
        False,
    ),
}


@pytest.mark.parametrize(("seen_now", "expected", "gone"), TAKE_DOWN.values(), ids=TAKE_DOWN)
def test_volumes_of_a_pod_that_goes(
    seen_now: dict[str, Any], expected: list[str], gone: bool
) -> None:
    found = observed(*seen_now.pop("found"), **seen_now)
    step = next_step(Desired(ref=REF, stop_by=NOW), found, NOW)
    assert (told(step), step.gone) == (expected, gone)


def test_a_pod_without_volumes_waits_for_none() -> None:
    found = observed(POD, images={"app": ImageState(image="app:1", attempt=0)})
    assert told(next_step(Desired(ref=REF, pod=view(pod_json())), found, NOW)) == [
        "CreateContainer app"
    ]

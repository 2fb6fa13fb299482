"""How containers end: hooks, signals and patience, and the order of a pod that ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from mk8s_agent.pods.actions import Remove, Signal, Step
from mk8s_agent.pods.next_step import next_step
from mk8s_agent.pods.values import Desired, Network, Observed, PreStop, Sent

from tests.support.agentnode import container, pod_json, view
from tests.support.seenpods import CREATED, EXITED, NOW, REF, RUNNING, observed, seen, told

POD = seen("POD", RUNNING)
APP = seen("app", RUNNING)
GRACE = 30


def going(*containers: dict[str, Any], **spec: Any) -> Desired:
    pod = view(pod_json(*containers, **spec))
    return Desired(ref=REF, pod=pod, stop_by=NOW + timedelta(seconds=GRACE))


def at(wanted: Desired, seen: Observed, after: float = 0) -> Step:
    return next_step(wanted, seen, NOW + timedelta(seconds=after))


def term(name: str, after: float = 0) -> dict[str, Sent]:
    return {f"{name}-0": Sent("SIGTERM", NOW + timedelta(seconds=after))}


def pre_stop(*, ended: bool) -> dict[str, PreStop]:
    return {"app-0": PreStop(NOW, ended)}


def signals(step: Step) -> list[str]:
    return [f"{one.signal} {one.container}" for one in step.actions if isinstance(one, Signal)]


HOOKED = going(container("app", lifecycle={"preStop": {"exec": {"command": ["true"]}}}))
HOOK = {
    "the hook comes first": (observed(POD, APP), 0, ["RunPreStop app-0"]),
    "the signal waits for it": (observed(POD, APP, pre_stops=pre_stop(ended=False)), 9, []),
    "then comes the signal": (
        observed(POD, APP, pre_stops=pre_stop(ended=True)),
        9,
        ["Signal app"],
    ),
    "at the end of the grace period it waits no longer": (
        observed(POD, APP, pre_stops=pre_stop(ended=False)),
        GRACE,
        ["Signal app"],
    ),
    "after the signal there are two seconds at least": (
        observed(POD, APP, pre_stops=pre_stop(ended=True), signals=term("app", 29)),
        GRACE,
        [],
    ),
    "and no more": (
        observed(POD, APP, pre_stops=pre_stop(ended=True), signals=term("app", 29)),
        31,
        ["Signal app"],
    ),
    "a container that ended by itself gets none": (
        observed(POD, seen("app", EXITED), network=Network.UNPLUGGED),
        0,
        ["Remove app", "Remove POD"],
    ),
    "a hook that outlives its container holds up nothing": (
        observed(
            POD,
            seen("app", EXITED),
            busy=frozenset({"hook/preStop/app-0"}),
            network=Network.PLUGGED,
        ),
        0,
        ["Remove app", "UnplugNetwork POD", "Remove POD"],
    ),
}


@pytest.mark.parametrize("case", HOOK)
def test_a_pre_stop_hook(case: str) -> None:
    state, after, expected = HOOK[case]
    assert told(at(HOOKED, state, after)) == expected


def test_what_is_forced_gets_neither_hook_nor_patience() -> None:
    forced = msgspec.structs.replace(HOOKED, stop_by=NOW, forced=True)
    removed = [
        Remove("app/app-0", "app-0", "Stopping container app"),
        Remove("POD/POD-0", "POD-0"),
    ]
    assert _removals(at(forced, observed(POD, APP))) == removed
    asked = observed(POD, APP, signals=term("app"), pre_stops=pre_stop(ended=False))
    assert _removals(at(forced, asked)) == removed


def test_what_is_forced_waits_for_a_start_under_way() -> None:
    forced = msgspec.structs.replace(HOOKED, stop_by=NOW, forced=True)
    starting = observed(POD, APP, network=Network.UNPLUGGED, busy=frozenset({"app"}))
    assert told(at(forced, starting)) == []


def _removals(step: Step) -> list[Remove]:
    return [one for one in step.actions if isinstance(one, Remove)]


def test_the_reason_is_told_once() -> None:
    hook = at(HOOKED, observed(POD, APP)).actions[0]
    assert hook.event == "Stopping container app"  # type: ignore[union-attr]
    (after_hook,) = at(HOOKED, observed(POD, APP, pre_stops=pre_stop(ended=True))).actions
    assert isinstance(after_hook, Signal) and after_hook.event == ""


def test_a_hook_that_still_runs_keeps_no_pod_here() -> None:
    state = observed(network=Network.UNPLUGGED, busy=frozenset({"hook/preStop/app-0"}))
    assert at(HOOKED, state).gone


SIDECARS = [container("one", restartPolicy="Always"), container("two", restartPolicy="Always")]
WITH_SIDECARS = going(initContainers=[container("init"), *SIDECARS])
ONE, TWO, DONE = seen("one", RUNNING), seen("two", RUNNING), seen("init", EXITED)
ORDER = {
    "all others first": (observed(POD, DONE, ONE, TWO, APP), 0, ["SIGTERM app"]),
    "then the last sidecar": (
        observed(POD, DONE, ONE, TWO, seen("app", EXITED)),
        3,
        ["SIGTERM two"],
    ),
    "then the one before it": (
        observed(POD, DONE, ONE, seen("two", EXITED), seen("app", EXITED)),
        4,
        ["SIGTERM one"],
    ),
    "a container that does not end takes the sidecars' time": (
        observed(POD, ONE, TWO, APP, signals=term("app")),
        GRACE,
        ["SIGTERM one", "SIGTERM two", "SIGKILL app"],
    ),
    "sidecars have two seconds then": (
        observed(POD, ONE, signals=term("one", GRACE)),
        GRACE + 1,
        [],
    ),
    "a failed init container is no sidecar": (
        observed(POD, seen("init", RUNNING)),
        0,
        ["SIGTERM init"],
    ),
}


@pytest.mark.parametrize("case", ORDER)
def test_sidecars_end_last_and_backwards(case: str) -> None:
    state, after, expected = ORDER[case]
    assert sorted(signals(at(WITH_SIDECARS, state, after))) == sorted(expected)


def test_sidecars_of_a_pod_that_did_its_work_end_in_that_order_too() -> None:
    pod = view(pod_json(initContainers=SIDECARS, restartPolicy="Never"))
    wanted = Desired(ref=REF, pod=pod)
    state = observed(POD, ONE, TWO, seen("app", EXITED))
    assert signals(at(wanted, state)) == ["SIGTERM two"]
    asked = observed(POD, ONE, TWO, seen("app", EXITED), signals=term("two"))
    assert sorted(signals(at(wanted, asked, GRACE))) == ["SIGKILL two", "SIGTERM one"]


def test_what_was_only_made_never_runs() -> None:
    state = observed(POD, seen("app", CREATED))
    assert told(at(going(), state)) == ["Remove app", "UnplugNetwork POD", "Remove POD"]

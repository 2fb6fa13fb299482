"""The decision of a pod's worker, case by case: what is there -> what to do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from mk8s_agent.pods.actions import CreateContainer, Remove, Signal, Step
from mk8s_agent.pods.next_step import next_step
from mk8s_agent.pods.values import (
    Desired,
    Doom,
    Fault,
    ImageState,
    Network,
    Observed,
    Sent,
    Verdict,
)
from mk8s_agent.runtime.vocabulary import Container

from tests.support.agentnode import container, pod_json, view
from tests.support.seenpods import CREATED, EXITED, NOW, REF, RUNNING, observed, seen, told


def decide(seen: Observed, after: float = 0.0, **spec: Any) -> Step:
    pod = view(pod_json(**spec))
    return next_step(Desired(ref=REF, pod=pod), seen, NOW + timedelta(seconds=after))


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


def test_the_last_attempt_that_ran_stays_for_its_log_when_later_ones_could_not_start() -> None:
    unstarted = [
        msgspec.structs.replace(seen("app", EXITED, n, error="no such file"), started_at=None)
        for n in (2, 3)
    ]
    step = decide(observed(POD, seen("app", EXITED, 0), seen("app", EXITED, 1), *unstarted))
    removed = [one.id for one in step.actions if isinstance(one, Remove)]
    assert removed == ["app-2", "app-0"]


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
        ["Remove app", "Remove b", "UnplugNetwork POD", "Remove POD"],
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


def test_a_lost_sandbox_makes_init_containers_run_again() -> None:
    spec = {"initContainers": [container("one")]}
    images = {
        "one": ImageState(image="app:1", attempt=1),
        "app": ImageState(image="app:1", attempt=0),
    }
    fresh = seen("POD", RUNNING, attempt=1)
    old = [seen("one", EXITED), seen("app", EXITED, exit_code=137)]
    assert told(decide(observed(fresh, *old, images=images), **spec)) == ["CreateContainer one"]


def test_an_init_containers_changed_image_does_not_disturb_it_but_a_sidecars_does() -> None:
    running = observed(POD, seen("one", RUNNING))
    plain = {"initContainers": [container("one", image="app:2")]}
    assert told(decide(running, **plain)) == []
    sidecar = {"initContainers": [container("one", image="app:2", restartPolicy="Always")]}
    assert "Signal one" in told(decide(running, **sidecar))


POST_START = {"postStart": {"exec": {"command": ["true"]}}}


def test_a_post_start_hook_runs_once_its_container_does_and_holds_up_those_behind_it() -> None:
    pod = view(pod_json(container("app", lifecycle=POST_START), container("next")))
    images = {name: ImageState(image="app:1", attempt=0) for name in ("app", "next")}

    def step(*found: Container, **fields: Any) -> list[str]:
        state = observed(POD, *found, images=images, **fields)
        return told(next_step(Desired(ref=REF, pod=pod), state, NOW))

    made = seen("app", CREATED), seen("next", CREATED)
    assert step(*made) == ["StartContainer app"]
    starting = seen("app", RUNNING), seen("next", CREATED)
    assert step(*starting, starting=frozenset({"app-0"})) == ["RunPostStart app-0"]
    assert step(*starting) == ["StartContainer next"]
    crashed = seen("app", EXITED, 1, backoff=1), seen("next", CREATED)
    assert step(*crashed) == ["StartContainer next"]


def test_a_sidecars_post_start_hook_holds_up_the_pods_containers() -> None:
    side = container("side", restartPolicy="Always", lifecycle=POST_START)
    images = {name: ImageState(image="app:1", attempt=0) for name in ("side", "app")}
    state = observed(POD, seen("side", RUNNING), images=images, starting=frozenset({"side-0"}))
    assert told(decide(state, initContainers=[side])) == ["RunPostStart side-0"]


def test_a_container_that_was_judged_ends_with_the_reason_that_people_are_told() -> None:
    verdict = Verdict(event="Container app failed liveness probe", by=NOW + timedelta(seconds=5))
    state = observed(POD, seen("app", RUNNING), verdicts={"app-0": verdict})
    (signal,) = decide(state).actions
    assert isinstance(signal, Signal)
    assert (signal.signal, signal.event) == ("SIGTERM", verdict.event)
    asked = observed(
        POD,
        seen("app", RUNNING),
        verdicts={"app-0": verdict},
        signals={"app-0": Sent("SIGTERM", NOW)},
    )
    assert decide(asked, after=4).actions == ()
    (kill,) = decide(asked, after=5).actions
    assert isinstance(kill, Signal) and kill.signal == "SIGKILL"


def test_a_pod_past_its_deadline_ends() -> None:
    pod = view(pod_json(activeDeadlineSeconds=60, terminationGracePeriodSeconds=7))
    wanted = Desired(ref=REF, pod=pod, started_at=NOW)
    running = observed(POD, seen("app", RUNNING))
    assert next_step(wanted, running, NOW) == Step(wake_at=NOW + timedelta(seconds=60))
    late = next_step(wanted, running, NOW + timedelta(seconds=60))
    assert told(late) == ["Signal app"]
    assert late.wake_at == NOW + timedelta(seconds=67)
    longer = msgspec.structs.replace(wanted, pod=view(pod_json(activeDeadlineSeconds=90)))
    assert next_step(longer, running, NOW + timedelta(seconds=60)).actions == ()


def test_a_doomed_pod_starts_nothing() -> None:
    doom = Doom(reason="Evicted", message="The node was low on resource: memory.", by=NOW)
    wanted = Desired(ref=REF, pod=view(pod_json()), doom=doom)
    nothing = observed(network=Network.UNPLUGGED, images=NOTHING_KNOWN)
    assert next_step(wanted, nothing, NOW) == Step()
    made = observed(POD, seen("app", CREATED))
    assert told(next_step(wanted, made, NOW)) == ["UnplugNetwork POD"]


def test_an_ephemeral_container_joins_a_running_pod_and_runs_once() -> None:
    debugger = container("debugger", targetContainerName="app")
    images = {name: ImageState(image="app:1", attempt=0) for name in ("app", "debugger")}
    app = seen("app", RUNNING)

    def step(*found: Container) -> Step:
        return decide(observed(POD, *found, images=images), ephemeralContainers=[debugger])

    (made,) = step(app).actions
    assert isinstance(made, CreateContainer)
    assert (made.target, made.beside) == ("debugger", "app-0")
    assert told(step(app, seen("debugger", CREATED))) == ["StartContainer debugger"]
    assert step(app, seen("debugger", EXITED, exit_code=1)) == Step()
    assert told(step(seen("app", EXITED, 1, backoff=1))) == []


def test_an_ephemeral_container_does_not_keep_a_pod_from_its_end() -> None:
    ended = observed(POD, seen("app", EXITED), seen("debugger", RUNNING))
    spec = {"ephemeralContainers": [container("debugger")], "restartPolicy": "Never"}
    assert told(decide(ended, **spec)) == ["Signal debugger"]


RULE = {"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}
ELSE = {"action": "Restart", "exitCodes": {"operator": "NotIn", "values": [0, 42]}}
POLICIES = [
    ("Always", {}, 0, True),
    ("Never", {}, 1, False),
    ("Never", {"restartPolicy": "Always"}, 0, True),
    ("Always", {"restartPolicy": "Never"}, 1, False),
    ("Always", {"restartPolicy": "OnFailure"}, 0, False),
    ("Always", {"restartPolicy": "OnFailure"}, 1, True),
    ("Never", {"restartPolicy": "Never", "restartPolicyRules": [RULE]}, 42, True),
    ("Never", {"restartPolicy": "Never", "restartPolicyRules": [RULE]}, 1, False),
    ("Never", {"restartPolicy": "Never", "restartPolicyRules": [ELSE]}, 1, True),
    ("Never", {"restartPolicy": "Never", "restartPolicyRules": [ELSE]}, 42, False),
]


@pytest.mark.parametrize(("pods", "own", "code", "restarts"), POLICIES)
def test_a_containers_own_restart_policy_and_rules_go_before_the_pods(
    pods: str, own: dict[str, Any], code: int, restarts: bool
) -> None:
    pod = view(pod_json(container(**own), restartPolicy=pods))
    state = observed(POD, seen("app", EXITED, exit_code=code), images=IMAGE_2)
    step = next_step(Desired(ref=REF, pod=pod), state, NOW)
    assert (told(step) == ["CreateContainer app"]) == restarts


def test_an_init_container_that_may_not_restart_fails_the_pod() -> None:
    spec = {"initContainers": [container("one", restartPolicy="Never")]}
    failed = observed(POD, seen("one", EXITED, exit_code=1))
    assert told(decide(failed, **spec)) == ["UnplugNetwork POD"]


def test_a_rule_makes_the_whole_pod_begin_anew() -> None:
    rule = {"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [9]}}
    watcher = container("app", restartPolicy="Never", restartPolicyRules=[rule])
    pod = view(pod_json(watcher, container("b"), initContainers=[container("one")]))
    wanted = Desired(ref=REF, pod=pod)
    one, app = seen("one", EXITED), seen("app", EXITED, exit_code=9)
    state = observed(POD, one, app, seen("b", RUNNING))
    assert told(next_step(wanted, state, NOW)) == ["Signal b"]
    dead = one, app, seen("b", EXITED, exit_code=137)
    assert told(next_step(wanted, observed(POD, *dead), NOW)) == ["Signal POD"]
    asleep = observed(seen("POD", EXITED), *dead)
    assert "CreateSandbox POD" in told(next_step(wanted, asleep, NOW))
    images = {name: ImageState(image="app:1", attempt=1) for name in ("one", "app", "b")}
    fresh = observed(seen("POD", RUNNING, attempt=1), *dead, images=images)
    assert told(next_step(wanted, fresh, NOW)) == ["CreateContainer one"]

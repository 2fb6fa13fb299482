"""Whatever happens to pods, engine, network and agent, in whatever order.

Nothing runs twice, nothing starts after its deletion, counts are true, and when the trouble ends
all is as it is wanted.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.pods.identity import CONTAINER, POD_UID, SANDBOX, SANDBOX_NAME
from mk8s_agent.runtime.fake import IGNORES_TERM
from mk8s_agent.runtime.pause import IMAGE
from mk8s_agent.runtime.vocabulary import Container, Phase

from tests.support.agentnode import IMAGE_PRESENT, Node, NotedReports, container, pod_json
from tests.support.troubledengine import Fault, TroubledEngine
from tests.support.virtualtime import VirtualClock, VirtualLoop

SETTLED = 7200.0
"""Virtual seconds after the last trouble; the longest back-off is 300 s."""
LATEST = 60.0
"""Seconds after which nothing begun before a deletion is still under way."""
MOST_PODS = 3
MOST_KEPT = 3
"""Attempts of one container, the newest included."""
SIDECAR = {"restartPolicy": "Always"}
PROBE = {"exec": {"command": ["live"]}, "periodSeconds": 30, "failureThreshold": 2}
SETTINGS = {"metadata": {"name": "settings", "namespace": "default"}, "data": {"color": "red"}}
SHAPES: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "plain": ([container("app")], {}),
    "stubborn": ([container("app", args=[IGNORES_TERM]), container("side")], {}),
    "prepared": ([container("app")], {"initContainers": [container("first"), container("second")]}),
    "accompanied": (
        [container("app")],
        {"initContainers": [container("first"), container("helper", **SIDECAR)]},
    ),
    "once": ([container("app"), container("side")], {"restartPolicy": "Never"}),
    "until it works": ([container("app")], {"restartPolicy": "OnFailure"}),
    "in the node's network": ([container("app")], {"hostNetwork": True}),
    "pulled": ([container("app", image="far:1")], {}),
    "hooked": (
        [
            container(
                "app",
                lifecycle={
                    "postStart": {"exec": {"command": ["sleep", "1"]}},
                    "preStop": {"exec": {"command": ["sleep", "3"]}},
                },
            )
        ],
        {},
    ),
    "probed": ([container("app", startupProbe=PROBE, livenessProbe=PROBE)], {}),
    "filled": (
        [container("app", volumeMounts=[{"name": "all", "mountPath": "/all"}])],
        {
            "volumes": [
                {"name": "all", "configMap": {"name": "settings"}},
                {"name": "room", "emptyDir": {}},
            ]
        },
    ),
}
RANKS = {"": 0, "Pending": 0, "Running": 1, "Succeeded": 2, "Failed": 2}


class Listener(NotedReports):
    """The master: it believes what it is told, and removes a pod when nothing of it is left."""

    def __init__(
        self,
        engine: TroubledEngine,
        heard: Callable[[str, dict[str, Any]], None],
        gone: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._engine = engine
        self._heard = heard
        self._gone = gone
        self.wrongs: list[str] = []
        self.left: list[str] = []

    def pod_status(self, namespace: str, name: str, uid: str, status: dict[str, Any]) -> None:
        before = self.statuses.get(uid, {})
        was, now = before.get("phase", ""), status["phase"]
        # Init containers that run again in a new sandbox are Pending again.
        initial = bool(status.get("initContainerStatuses"))
        backwards = RANKS[now] < RANKS[was] and not (initial and now == "Pending")
        if backwards or (RANKS[was] == 2 and now != was):
            self.wrongs.append(f"phase of {uid} went from {was} to {now}")
        counts = _counts(before)
        for one, count in _counts(status).items():
            if count < counts.get(one, 0):
                self.wrongs.append(
                    f"{one} of {uid} was restarted {counts[one]} times, then {count}"
                )
        super().pod_status(namespace, name, uid, status)
        asyncio.get_running_loop().call_soon(self._heard, uid, status)

    def pod_gone(self, namespace: str, name: str, uid: str) -> None:
        self.left.extend(f"{one.name} is left" for one in self._engine.of(uid))
        super().pod_gone(namespace, name, uid)
        asyncio.get_running_loop().call_soon(self._gone, uid)


class AgentMachine(RuleBasedStateMachine):
    """One node with its agent; each rule is something that happens, then some time passes."""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner(loop_factory=VirtualLoop)
        self.directory = Path(tempfile.mkdtemp())
        self.clock = VirtualClock()
        self.numbers = itertools.count(1)
        self.pods: dict[str, dict[str, Any]] = {}
        """By uid: what the master wants, those being deleted included."""
        self.deleted: dict[str, float] = {}
        self.lost: set[tuple[str, str]] = set()
        """Pods and containers of which others removed one."""
        self.run(self._set_up())

    async def _set_up(self) -> None:
        self.engine = TroubledEngine(self.clock)
        for image in (IMAGE, IMAGE_PRESENT, "app:2"):
            self.engine.add_image(image)
        self.engine.registry["far:1"] = "no route to the registry"
        self.node = Node(self.engine, self.clock, self.directory)
        self.node.reports = self.listener = Listener(self.engine, self.write_down, self.let_go)
        self.node.context = self.node._context()
        self.node.start()
        self.node.sync()

    def run(self, work: Any) -> Any:
        return self._runner.run(work)

    def passes(self, seconds: float) -> None:
        self.run(self.clock.sleep(seconds))

    def write_down(self, uid: str, status: dict[str, Any]) -> None:
        """The master keeps a status, and tells it to the agent with the pod."""
        if uid in self.pods:
            self.pods[uid] = {**self.pods[uid], "status": status}
            self.node.put("pods", self.pods[uid])

    def let_go(self, uid: str) -> None:
        """The master removes what it is told is gone."""
        if self.pods.pop(uid, None) is not None:
            self.node.assignments.update([], [("pods", ("default", uid))], 1)

    def alive(self, name: str = "") -> list[Container]:
        found = [one for one in self.engine.present() if one.phase is Phase.RUNNING]
        return [one for one in found if not name or one.labels[CONTAINER] == name]

    # ---- what the master wants

    @precondition(lambda self: len(self.pods) < MOST_PODS)
    @rule(shape=st.sampled_from(list(SHAPES)), after=st.sampled_from([0.0, 0.3, 20.0]))
    def a_pod_is_created(self, shape: str, after: float) -> None:
        containers, spec = SHAPES[shape]
        uid = f"pod-{next(self.numbers)}"
        self.pods[uid] = pod = pod_json(*containers, name=uid, uid=uid, **spec)
        self.run(self._put(pod))
        self.passes(after)

    async def _put(self, pod: dict[str, Any]) -> None:
        self.node.put("pods", pod)

    @precondition(lambda self: set(self.pods) - set(self.deleted))
    @rule(
        data=st.data(), grace=st.sampled_from([0, 2, 30]), after=st.sampled_from([0.0, 1.0, 40.0])
    )
    def a_pod_is_deleted(self, data: st.DataObject, grace: int, after: float) -> None:
        uid = data.draw(st.sampled_from(sorted(set(self.pods) - set(self.deleted))))

        async def delete() -> None:
            self.pods[uid] = self.node.delete(self.pods[uid], grace)
            self.deleted[uid] = self.clock.monotonic()

        self.run(delete())
        self.passes(after)

    @precondition(lambda self: self.pods)
    @rule(data=st.data(), after=st.sampled_from([0.0, 10.0]))
    def a_pod_is_forgotten(self, data: st.DataObject, after: float) -> None:
        uid = data.draw(st.sampled_from(sorted(self.pods)))

        async def forget() -> None:
            self.node.assignments.update([], [("pods", ("default", uid))], 1)
            self.deleted.setdefault(uid, self.clock.monotonic())

        self.pods.pop(uid)
        self.run(forget())
        self.passes(after)

    @precondition(lambda self: set(self.pods) - set(self.deleted))
    @rule(data=st.data())
    def an_image_is_changed(self, data: st.DataObject) -> None:
        uid = data.draw(st.sampled_from(sorted(set(self.pods) - set(self.deleted))))
        first, *others = self.pods[uid]["spec"]["containers"]
        changed = {**first, "image": "app:2"}
        spec = {**self.pods[uid]["spec"], "containers": [changed, *others]}
        self.pods[uid] = {**self.pods[uid], "spec": spec}
        self.run(self._put(self.pods[uid]))

    # ---- what containers do by themselves, and others to them

    @precondition(lambda self: self.alive())
    @rule(data=st.data(), code=st.sampled_from([0, 1]), after=st.sampled_from([0.0, 0.3, 15.0]))
    def a_container_ends(self, data: st.DataObject, code: int, after: float) -> None:
        one = data.draw(st.sampled_from(self.alive()))
        self.run(self._exit(one, code))
        self.passes(after)

    async def _exit(self, one: Container, code: int) -> None:
        if one in self.engine.present():
            self.engine.exit(one.id, code)

    @precondition(lambda self: self.engine.present())
    @rule(data=st.data(), after=st.sampled_from([0.0, 5.0]))
    def a_container_is_removed_by_others(self, data: st.DataObject, after: float) -> None:
        one = data.draw(st.sampled_from(self.engine.present()))

        async def vanish() -> None:
            if one in self.engine.present():
                self.engine.vanish(one.id)
                self.lost.add((one.labels[POD_UID], one.labels[CONTAINER]))

        self.run(vanish())
        self.passes(after)

    # ---- the engine's troubles

    @rule(pace=st.sampled_from([0.0, 0.01, 0.4, 2.0]))
    def the_engine_changes_its_pace(self, pace: float) -> None:
        self.engine.pace = pace

    @rule(faults=st.lists(st.sampled_from(Fault), min_size=1, max_size=4))
    def the_next_calls_fail(self, faults: list[Fault]) -> None:
        self.engine.faults += faults

    @rule(losing=st.booleans(), echoing=st.booleans())
    def events_are_lost_or_told_twice(self, losing: bool, echoing: bool) -> None:
        self.engine.losing, self.engine.echoing = losing, echoing

    @rule()
    def the_event_stream_breaks_off(self) -> None:
        self.run(self._break_off())

    async def _break_off(self) -> None:
        self.engine.break_off_events()

    @rule(dies=st.booleans(), away=st.sampled_from([0.0, 3.0, 100.0]))
    def the_engine_is_restarted(self, dies: bool, away: float) -> None:
        async def restart() -> None:
            self.engine.stop_engine()
            for one in self.alive() if dies else ():
                self.engine.exit(one.id, 137)
            await self.clock.sleep(away)
            self.engine.start_engine()

        self.run(restart())
        self.passes(0.0)

    @rule(comes=st.booleans())
    def the_registry_comes_or_goes(self, comes: bool) -> None:
        image = next(iter(self.engine.images.values()))
        self.engine.registry["far:1"] = image if comes else "no route to the registry"

    @rule(works=st.booleans())
    def the_network_fails_or_works(self, works: bool) -> None:
        self.node.network.failure = None if works else NetworkError("no buffer space available")

    @rule(passes=st.sampled_from([True, False, None]))
    def probes_pass_or_fail(self, passes: bool | None) -> None:
        self.node.answers["live"] = passes

    @rule(there=st.booleans(), color=st.sampled_from(["red", "green"]))
    def the_configmap_comes_changes_or_goes(self, there: bool, color: str) -> None:
        self.run(self._settings({**SETTINGS, "data": {"color": color}} if there else None))

    async def _settings(self, settings: dict[str, Any] | None) -> None:
        if settings is not None:
            self.node.put("configmaps", settings)
        else:
            self.node.assignments.update([], [("configmaps", ("default", "settings"))], 1)

    # ---- the agent's

    @rule(away=st.sampled_from([0.0, 1.0, 500.0]))
    def the_agent_dies_and_comes_back(self, away: float) -> None:
        async def restart() -> None:
            await self.node.stop()
            await self.clock.sleep(away)
            await self.node.restart()

        self.run(restart())
        self.passes(0.0)

    @rule(seconds=st.sampled_from([0.001, 0.5, 3.0, 60.0, 700.0]))
    def time_passes(self, seconds: float) -> None:
        self.passes(seconds)

    # ---- what must hold

    @invariant()
    def nothing_is_wrong(self) -> None:
        assert self.engine.wrongs == [], self.engine.wrongs
        assert self.listener.wrongs == [], self.listener.wrongs
        assert self.listener.left == [], self.listener.left
        self._check_deletions()
        self._check_order()

    def _check_deletions(self) -> None:
        """Nothing is made long after its pod was deleted."""
        for asked, one in self.engine.made:
            deleted = self.deleted.get(one.labels[POD_UID])
            assert deleted is None or asked < deleted + LATEST, one.name

    def _check_order(self) -> None:
        """Init containers have done their work before the others are made."""
        for _, one in self.engine.made:
            pod = self.pods.get(one.labels[POD_UID])
            if pod is None or one.labels[CONTAINER] != "app":
                continue
            ended = self.engine.finished[one.labels[SANDBOX]]
            for init in pod["spec"].get("initContainers", ()):
                if "restartPolicy" not in init:
                    assert (init["name"], "well") in ended, f"{one.name} before {init['name']}"

    def teardown(self) -> None:
        try:
            self._trouble_ends()
            self.run(self._settle())
            self.nothing_is_wrong()
            for uid in sorted(set(self.pods) - set(self.deleted)):
                self._check_settled(uid)
            self.run(self._delete_all())
            self.passes(SETTLED)
            assert self.engine.present() == []
            assert set(self.pods) == set()
            self.nothing_is_wrong()
            assert self.node.network.links == {}
            assert not any(self.directory.iterdir())
            self.run(self.node.stop())
        finally:
            self._runner.close()
            shutil.rmtree(self.directory)

    def _trouble_ends(self) -> None:
        self.engine.faults.clear()
        self.engine.pace = 0.0
        self.engine.losing = self.engine.echoing = False
        self.engine.running.set()
        self.node.network.failure = None
        self.node.answers["live"] = True
        self.the_registry_comes_or_goes(True)
        self.the_configmap_comes_changes_or_goes(True, "red")

    async def _settle(self) -> None:
        """Let time pass; init containers end well."""
        for _ in range(48):
            await self.clock.sleep(SETTLED / 48)
            for one in self.alive():
                if one.labels[CONTAINER] in ("first", "second"):
                    self.engine.exit(one.id, 0)

    async def _delete_all(self) -> None:
        for uid in set(self.pods) - set(self.deleted):
            self.pods[uid] = self.node.delete(self.pods[uid], 5)

    def _check_settled(self, uid: str) -> None:
        found = self.engine.of(uid)
        running = [one for one in found if one.phase is Phase.RUNNING]
        status = self.listener.statuses[uid]
        for name in _names(found):
            assert sum(one.labels[CONTAINER] == name for one in found) <= MOST_KEPT, name
        if status["phase"] in ("Succeeded", "Failed"):
            assert running == []
            return
        spec = self.pods[uid]["spec"]
        wanted = {one["name"] for one in spec["containers"]}
        wanted |= {one["name"] for one in spec.get("initContainers", ()) if "restartPolicy" in one}
        if spec.get("restartPolicy") in (None, "Always"):
            assert _names(running) == wanted | {SANDBOX_NAME}, status
        for name, count in _counts(status).items():
            actual = max(self.engine.begun[uid, name] - 1, 0)
            # One that began and was removed while the agent was away was seen by nobody.
            assert count == actual or (count < actual and (uid, name) in self.lost), (name, status)


def _names(found: list[Container]) -> set[str]:
    return {one.labels[CONTAINER] for one in found}


def _counts(status: dict[str, Any]) -> dict[str, int]:
    parts = status.get("containerStatuses", []) + status.get("initContainerStatuses", [])
    return {one["name"]: one["restartCount"] for one in parts}


TestAgentMachine = AgentMachine.TestCase
TestAgentMachine.settings = settings(
    max_examples=80, stateful_step_count=25, deadline=None, report_multiple_bugs=False
)

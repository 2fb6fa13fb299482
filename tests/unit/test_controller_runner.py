"""The runner and the applier: order of writes, failures, retries, lost watches."""

import asyncio
import itertools
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from minikube8s.api import errors
from minikube8s.api.errors import ApiError
from minikube8s.api.resources import CONFIGMAPS, PODS, REPLICASETS, Resource
from minikube8s.api.times import parse_time
from minikube8s.controllers import applying
from minikube8s.controllers.actions import (
    Create,
    Delete,
    Patch,
    Plan,
    Ref,
    Report,
    SetStatus,
)
from minikube8s.controllers.applying import Outdated
from minikube8s.controllers.replicas import REPLICA_SET, ReplicasController
from minikube8s.controllers.runner import Reader, Runner
from minikube8s.kit.tasks import Supervisor
from minikube8s.registry import Registry
from minikube8s.registry.events import EventRecorder
from minikube8s.store.watching import BUFFER, Event
from tests.support import virtualtime
from tests.support.livecluster import LiveCluster, live_cluster
from tests.support.objects import template

TARGET = Ref(CONFIGMAPS, "default", "x", "", "")
SAID = Report("Did", "did {name}", "Failed", "failed: ")


class Log:
    """A registry that only notes what is asked of it, and refuses what it is told to refuse."""

    def __init__(self, refuse: ApiError | None = None, at: str = "", after: int = 0) -> None:
        self.calls: list[str] = []
        self.events: list[tuple[str, str, str]] = []
        self._refuse, self._at, self._after = refuse, at, after

    def _note(self, call: str) -> None:
        self.calls.append(call)
        if self._refuse is not None and call == self._at and self.calls.count(call) > self._after:
            raise self._refuse

    async def create(self, *_: Any) -> Any:
        self._note("create")
        await asyncio.sleep(0)
        return type("Entry", (), {"name": f"made-{len(self.calls)}"})

    async def update(self, *arguments: Any) -> None:
        self._note("status" if arguments[4] == "status" else "update")

    async def delete(self, *_: Any) -> None:
        self._note("delete")

    def event(self, about: Any, type: str, reason: str, message: str, /) -> None:
        self.events.append((type, reason, message))


def full_plan(creates: int = 1) -> Plan:
    return Plan(
        about={"metadata": {}},
        patches=(Patch(TARGET, {}),),
        creates=(Create(CONFIGMAPS, "default", {}, SAID),) * creates,
        deletes=(Delete(TARGET, report=SAID),),
        status=SetStatus(TARGET, {}),
    )


async def test_writes_go_patches_creations_deletions_status() -> None:
    log = Log()
    await applying.apply(full_plan(), log, log)  # type: ignore[arg-type]
    assert log.calls == ["update", "create", "delete", "status"]
    assert log.events == [("Normal", "Did", "did made-2"), ("Normal", "Did", "did x")]


async def test_what_goes_makes_room_first_where_a_plan_says_so() -> None:
    log = Log(errors.forbidden(CONFIGMAPS, "x", "exceeded quota"), "create")
    with pytest.raises(ApiError):
        await applying.apply(replace(full_plan(), deletes_first=True), log, log)  # type: ignore[arg-type]
    assert log.calls == ["update", "delete", "create"]


@pytest.mark.parametrize(
    "error",
    [
        errors.conflict(CONFIGMAPS, "x", "changed"),
        errors.not_found(CONFIGMAPS, "x"),
    ],
)
async def test_nothing_follows_an_outdated_patch_and_nobody_is_told(error: ApiError) -> None:
    log = Log(error, "update")
    with pytest.raises(Outdated):
        await applying.apply(full_plan(), log, log)  # type: ignore[arg-type]
    assert log.calls == ["update"]
    assert log.events == []


async def test_creations_start_slowly_and_stop_at_the_batch_that_fails() -> None:
    log = Log(errors.forbidden(CONFIGMAPS, "x", "no"), "create", after=5)
    with pytest.raises(ApiError):
        await applying.apply(full_plan(creates=100), log, log)  # type: ignore[arg-type]
    assert log.calls.count("create") == 4 + 8
    assert "delete" not in log.calls
    told = sorted(reason for _, reason, _ in log.events)
    assert told == ["Did"] * 5 + ["Failed"] * 7


async def test_a_deletion_of_what_is_gone_is_no_failure() -> None:
    log = Log(errors.not_found(CONFIGMAPS, "x"), "delete")
    await applying.apply(full_plan(), log, log)  # type: ignore[arg-type]
    assert log.calls[-1] == "status"


async def test_a_namespace_that_goes_away_takes_no_new_objects_and_that_is_fine() -> None:
    refusal = errors.forbidden(CONFIGMAPS, "x", "it is being terminated")
    refusal.details = {"causes": [{"reason": "NamespaceTerminating"}]}
    log = Log(refusal, "create")
    await applying.apply(full_plan(), log, log)  # type: ignore[arg-type]
    assert log.events == [("Normal", "Did", "did x")]


def test_a_merge_patch_removes_nulls_and_replaces_lists() -> None:
    target = {"a": {"b": 1, "c": 2}, "l": [1, 2], "gone": 1}
    patch = {"a": {"b": None, "d": {"e": None, "f": 1}}, "l": [3], "gone": None}
    assert applying.merge(target, patch) == {"a": {"c": 2, "d": {"f": 1}}, "l": [3]}


class Refusing:
    """The registry, refusing to create pods while `refusing`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.refusing = True
        self.attempts: list[float] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._registry, name)

    async def create(self, resource: Resource, *arguments: Any) -> Any:
        if resource is PODS:
            self.attempts.append(asyncio.get_running_loop().time())
            if self.refusing:
                raise errors.forbidden(PODS, "web-", "exceeded quota")
        return await self._registry.create(resource, *arguments)


def test_a_refused_creation_is_told_and_tried_again_ever_more_slowly() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            supervisor, recorder = Supervisor("test"), EventRecorder(cluster.registry, "test")
            refusing: Any = Refusing(cluster.registry)
            runner = Runner(refusing, cluster.clock, [(ReplicasController(REPLICA_SET), recorder)])
            runner.start(supervisor)
            await create_replicaset(cluster)
            await asyncio.sleep(3600)
            status = cluster.objects(REPLICASETS)[0]["status"]
            (condition,) = status["conditions"]
            assert (condition["type"], condition["reason"]) == ("ReplicaFailure", "FailedCreate")
            assert "exceeded quota" in condition["message"]
            times = sorted(set(refusing.attempts))
            assert len(times) < 40
            assert times[-1] - times[-2] > 200
            refusing.refusing = False
            await cluster.until(lambda: len(cluster.names(PODS)) == 2)
            await asyncio.sleep(1)
            assert "conditions" not in cluster.objects(REPLICASETS)[0]["status"]
            await supervisor.close()
            await recorder.close()
            runner.close()

    virtualtime.run(main())


def test_a_template_that_every_node_refuses_is_tried_ever_more_slowly() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            supervisor, recorder = Supervisor("test"), EventRecorder(cluster.registry, "test")

            def refuse(event: Event) -> None:
                def fail(pod: dict[str, Any]) -> None:
                    pod["status"].update(phase="Failed", reason="NodeAffinity")

                if event.type == "ADDED":
                    name = event.entry.name
                    change = partial(cluster.change, PODS, name, fail, "status")
                    supervisor.spawn(f"refuse {name}", change, restart=False)

            cluster.registry.observe(PODS, refuse)
            controller = (ReplicasController(REPLICA_SET), recorder)
            runner = Runner(cluster.registry, cluster.clock, [controller])
            runner.start(supervisor)
            await create_replicaset(cluster)
            await asyncio.sleep(3600)
            times = sorted({one["metadata"]["creationTimestamp"] for one in cluster.objects(PODS)})
            gaps = [
                (parse_time(after) - parse_time(before)).total_seconds()
                for before, after in itertools.pairwise(times)
            ]
            assert gaps[:9] == [1, 2, 4, 8, 16, 32, 64, 128, 256]
            assert set(gaps[9:]) == {300}
            assert len(cluster.names(PODS)) == 2 * len(times)
            await supervisor.close()
            await recorder.close()
            runner.close()

    virtualtime.run(main())


async def create_replicaset(cluster: LiveCluster) -> None:
    selector = {"matchLabels": {"app": "web"}}
    spec = {"replicas": 2, "selector": selector, "template": template()}
    await cluster.create(REPLICASETS, "web", spec=spec)


class Counting:
    """Looks at every ConfigMap, and does nothing."""

    name = "counting"
    watches: tuple[Resource, ...] = (CONFIGMAPS,)

    def __init__(self) -> None:
        self.looks: list[str] = []

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[str]:
        return (event.entry.name,)

    def read(self, reader: Reader, key: str) -> str:
        return key

    def plan(self, snapshot: str, now: datetime, failure: str = "") -> Plan:
        self.looks.append(snapshot)
        return Plan()


def test_a_watch_that_was_cut_off_looks_at_everything_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await cluster.create(CONFIGMAPS, "before")
            counting, supervisor = Counting(), Supervisor("test")
            recorder = EventRecorder(cluster.registry, "test")
            runner = Runner(cluster.registry, cluster.clock, [(counting, recorder)])
            runner.start(supervisor)
            await asyncio.sleep(1)
            assert counting.looks == ["before"]
            (watch,) = cluster.cache._watches[CONFIGMAPS.prefix]
            entry = cluster.registry.get(CONFIGMAPS, "default", "before")
            for _ in range(BUFFER + 1):
                watch.push(Event("MODIFIED", entry, entry, entry.revision))
            await asyncio.sleep(1)
            assert counting.looks == ["before", "before"]
            await cluster.create(CONFIGMAPS, "after")
            await asyncio.sleep(1)
            assert counting.looks == ["before", "before", "after"]
            await supervisor.close()
            runner.close()

    virtualtime.run(main())
    assert "lagged behind" in caplog.text


class Told(Counting):
    """Notes every object that it is told of; watches two kinds."""

    name = "told"
    watches = (CONFIGMAPS, PODS)

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[str]:
        self.told.append(event.entry.name)
        return ()


def test_each_object_is_looked_at_once_at_the_start_and_all_of_them_after_a_lag() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await cluster.create(CONFIGMAPS, "map")
            await cluster.create(PODS, "pod", **template())
            told, supervisor = Told(), Supervisor("test")
            recorder = EventRecorder(cluster.registry, "test")
            runner = Runner(cluster.registry, cluster.clock, [(told, recorder)])
            runner.start(supervisor)
            await asyncio.sleep(1)
            assert told.told == ["map", "pod"]
            # A pod that went meanwhile is told of by nobody but its owner, of another kind.
            (watch,) = cluster.cache._watches[PODS.prefix]
            watch.expire("lagged")
            await asyncio.sleep(1)
            assert told.told == ["map", "pod"] * 2
            await supervisor.close()
            runner.close()

    virtualtime.run(main())


class Confused(Counting):
    """Cannot tell whom any change concerns."""

    name = "confused"

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[str]:
        raise KeyError("spec")


def test_a_change_that_one_controller_cannot_read_is_seen_by_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            confused, counting, supervisor = Confused(), Counting(), Supervisor("test")
            recorder = EventRecorder(cluster.registry, "test")
            both = [(confused, recorder), (counting, recorder)]
            runner = Runner(cluster.registry, cluster.clock, both)
            runner.start(supervisor)
            await cluster.create(CONFIGMAPS, "one")
            await cluster.create(CONFIGMAPS, "two")
            await asyncio.sleep(0.01)
            assert counting.looks == ["one", "two"]
            await supervisor.close()
            runner.close()

    virtualtime.run(main())
    assert "confused cannot tell whom Entry('configmaps/default/one'" in caplog.text

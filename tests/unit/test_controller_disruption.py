"""PodDisruptionBudgets: what is counted, what the status says, what an eviction makes of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import (
    CONFIGMAPS,
    DEPLOYMENTS,
    PODDISRUPTIONBUDGETS,
    PODS,
    REPLICASETS,
)
from minikube8s.api.views import Pod, from_dict
from minikube8s.controllers.actions import Plan
from minikube8s.controllers.disruption import stale
from minikube8s.controllers.disruption.controller import DisruptionController
from minikube8s.controllers.disruption.owners import Scale
from minikube8s.controllers.disruption.planning import Need, Snapshot, Uncountable, needed, plan
from minikube8s.controllers.keys import Key
from minikube8s.controllers.podfacts import PodFacts, facts_of
from minikube8s.controllers.runner import RegistryReader
from minikube8s.registry import DeleteOptions, eviction
from tests.support import objects
from tests.support.livecluster import LiveCluster, deployment_body
from tests.unit.test_controller_lifecycles import play

Json = dict[str, Any]
NOW = datetime(2026, 1, 1, 0, 10, tzinfo=UTC)
THEN = "2026-01-01T00:00:00Z"


def pod(name: str, *, owner: str = "web", ready: bool = True, **fields: Any) -> PodFacts:
    since = THEN if ready else ""
    made = objects.pod(name, owned_by=owner, ready_since=since, phase="Running", **fields)
    return facts_of(from_dict(Pod, made))


def budget(status: Json | None = None, **spec: Any) -> Json:
    selector = {"matchLabels": {"app": "web"}}
    return {
        "metadata": objects.metadata("web", generation=1),
        "spec": {"selector": selector, **spec},
        "status": status or {},
    }


def looked_at(obj: Json, *pods: PodFacts, replicas: int | None = None, **scales: Any) -> Plan:
    count = len(pods) if replicas is None else replicas
    found = {"uid-web": Scale("uid-web", count), **scales}
    return plan(Snapshot(obj, pods, found), NOW)


def status_of(made: Plan) -> Json:
    assert made.status is not None
    return made.status.status


def told(status: Json) -> tuple[int, int, int, int]:
    names = ("expectedPods", "currentHealthy", "desiredHealthy", "disruptionsAllowed")
    return tuple(status[name] for name in names)  # type: ignore[return-value]


PODS_3 = tuple(pod(name) for name in "abc")


@pytest.mark.parametrize(
    ("spec", "replicas", "expected"),
    [
        ({"minAvailable": 2}, 3, Need(3, 2)),
        ({"minAvailable": 2}, 9, Need(3, 2)),
        ({"minAvailable": "50%"}, 3, Need(3, 2)),
        ({"minAvailable": "50%"}, 10, Need(10, 5)),
        ({"minAvailable": "0%"}, 3, Need(3, 0)),
        ({"minAvailable": "100%"}, 3, Need(3, 3)),
        ({"maxUnavailable": 1}, 3, Need(3, 2)),
        ({"maxUnavailable": 5}, 3, Need(3, 0)),
        ({"maxUnavailable": 0}, 3, Need(3, 3)),
        ({"maxUnavailable": "30%"}, 3, Need(3, 2)),
        ({"maxUnavailable": "30%"}, 10, Need(10, 7)),
        ({}, 3, Need(0, 0)),
    ],
)
def test_what_a_budget_asks_for_counts_what_controllers_want(
    spec: Json, replicas: int, expected: Need
) -> None:
    assert needed(spec, PODS_3, {"uid-web": Scale("uid-web", replicas)}) == expected


def test_pods_of_several_controllers_add_up_and_naked_ones_are_named() -> None:
    pods = (*PODS_3, pod("d", owner="db"), pod("naked", owner=""))
    scales: dict[str, Scale | str | None] = {
        "uid-web": Scale("uid-web", 3),
        "uid-db": Scale("uid-db", 2),
    }
    assert needed({"maxUnavailable": 1}, pods, scales) == Need(5, 4, ("naked",))
    assert needed({"minAvailable": 4}, pods, {}) == Need(5, 4)


@pytest.mark.parametrize(
    ("scale", "problem"),
    [
        (None, 'found no controllers for pod "a"'),
        (
            "jobs.batch does not implement the scale subresource",
            "jobs.batch does not implement the scale subresource",
        ),
    ],
)
def test_what_cannot_be_counted_allows_nothing_and_says_why(
    scale: str | None, problem: str
) -> None:
    with pytest.raises(Uncountable, match=problem.replace("(", r"\(")):
        needed({"maxUnavailable": 1}, PODS_3, {"uid-web": scale})
    known = {"disruptionsAllowed": 2, "currentHealthy": 3, "observedGeneration": 1}
    obj = budget(known, maxUnavailable=1)
    made = plan(Snapshot(obj, PODS_3, {"uid-web": scale}), NOW)
    status = status_of(made)
    assert (status["disruptionsAllowed"], status["currentHealthy"]) == (0, 3)
    (condition,) = status["conditions"]
    assert (condition["status"], condition["reason"]) == ("False", "SyncFailed")
    assert condition["message"] == problem
    (warning,) = made.warnings
    assert warning.reason == "CalculateExpectedPodCountFailed"
    assert warning.message == f"Failed to calculate the number of expected pods: {problem}"
    assert plan(Snapshot({**obj, "status": status}, PODS_3, {"uid-web": scale}), NOW) == Plan()


def test_only_ready_pods_that_are_not_going_count_as_healthy() -> None:
    pods = (*PODS_3, pod("d", ready=False), pod("e", deleting=True))
    status = status_of(looked_at(budget(minAvailable=2), *pods))
    assert told(status) == (5, 3, 2, 1)
    (condition,) = status["conditions"]
    assert condition == {
        "type": "DisruptionAllowed",
        "status": "True",
        "reason": "SufficientPods",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:10:00Z",
        "observedGeneration": 1,
    }


def test_too_few_healthy_pods_allow_nothing() -> None:
    status = status_of(looked_at(budget(minAvailable=3), *PODS_3))
    assert told(status) == (3, 3, 3, 0)
    assert status["conditions"][0]["reason"] == "InsufficientPods"


def test_no_pods_allow_nothing_and_are_told_of() -> None:
    made = looked_at(budget(minAvailable=0))
    assert told(status_of(made)) == (0, 0, 0, 0)
    assert [(one.reason, one.message) for one in made.notices] == [
        ("NoPods", "No matching pods found")
    ]


def test_pods_without_a_controller_are_told_of() -> None:
    made = looked_at(budget(maxUnavailable=1), pod("naked", owner=""))
    (warning,) = made.warnings
    assert warning.reason == "UnmanagedPods"
    assert warning.message.startswith(
        "Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:"
        "map[string]string{app: web,},MatchExpressions:[]LabelSelectorRequirement{},}) were found"
        " to be unmanaged."
    )


def test_an_evicted_pod_counts_as_gone_for_two_minutes() -> None:
    at = "2026-01-01T00:09:00Z"
    known = {"disruptedPods": {"a": at, "gone": at}}
    made = looked_at(budget(known, minAvailable=2), *PODS_3)
    status = status_of(made)
    assert told(status) == (3, 2, 2, 0)
    assert status["disruptedPods"] == {"a": at}
    assert made.requeue_after == 60
    late = {"disruptedPods": {"a": "2026-01-01T00:08:00Z"}}
    made = looked_at(budget(late, minAvailable=2), *PODS_3)
    assert told(status_of(made)) == (3, 3, 2, 1)
    assert "disruptedPods" not in status_of(made)
    (warning,) = made.warnings
    assert warning.reason == "NotDeleted"
    assert warning.message == "Pod was expected by PDB default/web to be deleted but it wasn't"
    assert warning.about is not None and warning.about["name"] == "a"


def test_what_is_said_already_is_not_said_again() -> None:
    first = status_of(looked_at(budget(minAvailable=2), *PODS_3))
    assert looked_at(budget(first, minAvailable=2), *PODS_3) == Plan()
    later = status_of(looked_at(budget(first, minAvailable=2), *PODS_3[1:]))
    assert later["conditions"][0]["status"] == "False"
    again = status_of(looked_at(budget(first, minAvailable=1), *PODS_3))
    assert again["conditions"][0] == first["conditions"][0]


@pytest.mark.parametrize(
    ("ago", "deleting", "value", "result"),
    [
        (60, False, "True", "later"),
        (120, False, "True", "taken back"),
        (120, True, "True", "nothing"),
        (120, False, "False", "nothing"),
    ],
)
def test_a_disruption_that_did_not_happen_is_taken_back(
    ago: int, deleting: bool, value: str, result: str
) -> None:
    since = (NOW - timedelta(seconds=ago)).strftime("%Y-%m-%dT%H:%M:%SZ")
    obj = objects.pod("a", ready_since=THEN, phase="Running", deleting=deleting)
    target = {"type": "DisruptionTarget", "status": value, "lastTransitionTime": since}
    obj["status"]["conditions"].append(target)
    made = stale.plan(obj, NOW)
    if result == "nothing":
        assert made == Plan()
    elif result == "later":
        assert made == Plan(requeue_after=60)
    else:
        (patch,) = made.patches
        ready, taken = patch.patch["status"]["conditions"]
        assert (ready["type"], taken["status"]) == ("Ready", "False")


# --- With the registry and all controllers -------------------------------------------------------


async def a_deployment(cluster: LiveCluster, replicas: int = 3) -> None:
    await cluster.create(DEPLOYMENTS, "web", **deployment_body(replicas))
    await cluster.until(lambda: len(cluster.pods()) == replicas)
    for name in cluster.names(PODS):
        await cluster.make_ready(name)


async def a_budget(cluster: LiveCluster, name: str = "web", **spec: Any) -> None:
    selector = {"matchLabels": {"app": "web"}}
    await cluster.create(PODDISRUPTIONBUDGETS, name, spec={"selector": selector, **spec})


def counted(cluster: LiveCluster, name: str = "web") -> tuple[int, int, int, int]:
    entry = cluster.registry.get(PODDISRUPTIONBUDGETS, "default", name)
    return told(entry.object["status"])


async def evict(cluster: LiveCluster, name: str) -> str:
    """Evict a pod; return "" or why not."""
    try:
        await eviction.evict(cluster.registry, "default", name, DeleteOptions())
    except ApiError as error:
        causes = (error.details or {}).get("causes") or [{"message": error.message}]
        return f"{error.code} {causes[0]['message']}"
    return ""


def test_a_budget_follows_its_pods_and_their_deployment() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await a_deployment(cluster)
        await a_budget(cluster, maxUnavailable="34%")
        await cluster.until(lambda: counted(cluster) == (3, 3, 1, 2))
        await cluster.make_ready(cluster.names(PODS)[0], ready=False)
        await cluster.until(lambda: counted(cluster) == (3, 2, 1, 1))
        await cluster.change(DEPLOYMENTS, "web", lambda one: one["spec"].update(replicas=9))
        await cluster.until(lambda: counted(cluster) == (9, 2, 5, 0))

    play(scenario)


def test_evictions_stop_at_the_budget_and_go_on_when_there_is_another_pod() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await a_deployment(cluster)
        await a_budget(cluster, minAvailable=2)
        await cluster.until(lambda: counted(cluster) == (3, 3, 2, 1))
        first, second, third = cluster.names(PODS)
        assert await evict(cluster, first) == ""
        await cluster.until(lambda: counted(cluster)[:2] == (3, 2))
        refusal = "429 The disruption budget web needs 2 healthy pods and has 2 currently"
        assert await evict(cluster, second) == refusal
        await cluster.until(lambda: len(cluster.names(PODS)) == 3)
        (young,) = set(cluster.names(PODS)) - {second, third}
        await cluster.make_ready(young)
        await cluster.until(lambda: counted(cluster) == (3, 3, 2, 1))
        assert await evict(cluster, second) == ""

    play(scenario)


def test_a_budget_whose_pods_nobody_can_count_says_so_to_who_evicts() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await a_budget(cluster, maxUnavailable=1)
        await cluster.until(lambda: counted(cluster) == (0, 0, 0, 0))
        made = await cluster.create(CONFIGMAPS, "web")
        owner = objects.owner("ConfigMap", "web", "v1") | {"uid": made.uid}
        head = {"labels": {"app": "web"}, "ownerReferences": [owner]}
        containers = [{"name": "c", "image": "nginx"}]
        await cluster.create(PODS, "a", metadata=head, spec={"containers": containers})
        await cluster.make_ready("a")
        await asyncio.sleep(1)
        assert await evict(cluster, "a") == (
            "429 The disruption budget web does not allow evicting pods currently because it failed"
            " sync: configmaps does not implement the scale subresource"
        )
        assert cluster.events("CalculateExpectedPodCountFailed") == [
            "Failed to calculate the number of expected pods: configmaps does not implement"
            " the scale subresource"
        ]

    play(scenario)


def test_a_changed_budget_is_counted_before_it_allows_anything() -> None:
    obj = budget({"observedGeneration": 1, "disruptionsAllowed": 2}, minAvailable=1)
    obj["metadata"]["generation"] = 2
    with pytest.raises(ApiError) as refusal:
        eviction.take(obj, "a", THEN)
    why = "The disruption budget web is still being processed by the server."
    assert refusal.value.details == {
        "causes": [{"reason": "DisruptionBudget", "message": why}],
        "retryAfterSeconds": 10,
    }
    obj["status"]["observedGeneration"] = 2
    assert eviction.take(obj, "a", THEN)["status"]["disruptionsAllowed"] == 1


def test_an_empty_selector_means_all_pods_and_none_means_none() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await a_deployment(cluster)
        await cluster.create(PODDISRUPTIONBUDGETS, "all", spec={"selector": {}, "minAvailable": 3})
        await cluster.create(PODDISRUPTIONBUDGETS, "none", spec={"minAvailable": 3})
        await cluster.until(lambda: counted(cluster, "all") == (3, 3, 3, 0))
        await cluster.until(lambda: counted(cluster, "none") == (0, 0, 3, 0))
        refusal = "429 The disruption budget all needs 3 healthy pods and has 3 currently"
        assert await evict(cluster, cluster.names(PODS)[0]) == refusal

    play(scenario)


def test_a_look_reads_only_the_pods_of_the_budget() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await a_deployment(cluster)
        await a_budget(cluster, minAvailable=1)
        for number in range(50):
            head = {"labels": {"app": f"other-{number}"}}
            containers = [{"name": "c", "image": "nginx"}]
            body = {"metadata": head, "spec": {"containers": containers}}
            await cluster.create(PODS, f"other-{number}", **body)

        class Counting(RegistryReader):
            read = 0

            def list(self, resource: Any, namespace: Any) -> Any:
                found = super().list(resource, namespace)
                self.read += len(found)
                return found

            def selected(self, resource: Any, namespace: str, selector: Any) -> Any:
                found = super().selected(resource, namespace, selector)
                self.read += len(found)
                return found

        reader = Counting(cluster.registry)
        found = DisruptionController().read(reader, Key("default", "web"))
        assert found is not None and len(found.pods) == reader.read == 3
        assert found.scales == {
            cluster.objects(REPLICASETS)[0]["metadata"]["uid"]: Scale(
                cluster.objects(DEPLOYMENTS)[0]["metadata"]["uid"], 3
            )
        }

    play(scenario)

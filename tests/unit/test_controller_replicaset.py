"""The ReplicaSet's plan: how many pods, which ones, and what the status says."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from minikube8s.controllers.actions import Plan
from minikube8s.controllers.podfacts import PodFacts, facts_of
from minikube8s.controllers.replicas import REPLICA_SET, REPLICATION_CONTROLLER
from minikube8s.controllers.replicas.model import Kind, Snapshot
from minikube8s.controllers.replicas.planning import plan
from minikube8s.store.entry import Entry
from tests.support.objects import owner, pod_view, replicaset

NOW = datetime(2026, 1, 1, 0, 10, tzinfo=UTC)
READY = "2026-01-01T00:05:00Z"


def seen(
    obj: dict[str, Any],
    *pods: PodFacts,
    neighbours: Iterable[str] = (),
    kind: Kind = REPLICA_SET,
) -> Snapshot:
    entry = Entry(kind.resource.key("default", "web"), json.dumps(obj).encode(), 1)
    return Snapshot(kind, obj, kind.selector_of(entry), pods, tuple(neighbours))


def planned(
    obj: dict[str, Any],
    *pods: PodFacts,
    failure: str = "",
    neighbours: Iterable[str] = (),
    kind: Kind = REPLICA_SET,
) -> Plan:
    return plan(seen(obj, *pods, neighbours=neighbours, kind=kind), NOW, failure)


def a_pod(name: str, **fields: Any) -> PodFacts:
    return facts_of(pod_view(name, **fields))


def owned(name: str, **fields: Any) -> PodFacts:
    return a_pod(name, owned_by="web", **fields)


@pytest.mark.parametrize(
    ("replicas", "existing", "creates", "deletes"),
    [(3, 0, 3, 0), (3, 3, 0, 0), (3, 1, 2, 0), (1, 3, 0, 2), (0, 2, 0, 2), (700, 0, 500, 0)],
)
def test_pods_are_created_and_deleted_up_to_the_number(
    replicas: int, existing: int, creates: int, deletes: int
) -> None:
    pods = [owned(f"p{n}") for n in range(existing)]
    result = planned(replicaset(replicas=replicas), *pods)
    assert (len(result.creates), len(result.deletes)) == (creates, deletes)


def test_a_new_pod_is_the_template_with_a_generated_name_and_an_owner() -> None:
    obj = replicaset(replicas=1)
    obj["spec"]["template"]["metadata"]["name"] = "ignored"
    obj["spec"]["template"]["metadata"]["annotations"] = {"a": "b"}
    (create,) = planned(obj).creates
    assert create.object == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": "web-",
            "labels": {"app": "web"},
            "annotations": {"a": "b"},
            "ownerReferences": [owner("ReplicaSet", "web")],
        },
        "spec": obj["spec"]["template"]["spec"],
    }


def test_a_matching_pod_without_a_controller_is_adopted_and_counts() -> None:
    result = planned(replicaset(replicas=3), a_pod("mine"))
    (patch,) = result.patches
    assert patch.target.name == "mine"
    assert patch.target.revision == "1"
    assert patch.patch == {"metadata": {"ownerReferences": [owner("ReplicaSet", "web")]}}
    assert len(result.creates) == 2


def test_a_pod_that_lost_its_label_is_released_and_replaced() -> None:
    lost = owned("lost", labels={"other": "label"})
    result = planned(replicaset(replicas=1), lost)
    (patch,) = result.patches
    assert patch.patch == {"metadata": {"ownerReferences": None}}
    assert len(result.creates) == 1
    assert not result.deletes


def test_pods_of_others_and_pods_being_deleted_are_left_alone() -> None:
    foreign = a_pod("foreign", owned_by="other")
    leaving = a_pod("leaving", deleting=True)
    result = planned(replicaset(replicas=1), foreign, leaving)
    assert not result.patches
    assert not result.deletes
    assert len(result.creates) == 1


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_a_pod_that_ended_is_replaced_and_kept(phase: str) -> None:
    result = planned(replicaset(replicas=1), owned("ended", phase=phase))
    assert len(result.creates) == 1
    assert not result.deletes


def test_a_replicaset_being_deleted_neither_creates_nor_adopts() -> None:
    obj = replicaset(replicas=3, deletionTimestamp="2026-01-01T00:00:00Z")
    result = planned(obj, a_pod("orphan"))
    assert not result.acts


RUNNING = {"node": "n", "phase": "Running", "ready_since": READY}


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ({"node": ""}, {"node": "n"}),
        ({"node": "n", "phase": "Pending"}, {"node": "n", "phase": "Running"}),
        ({"node": "n", "phase": "Running"}, RUNNING),
        (
            {**RUNNING, "annotations": {"controller.kubernetes.io/pod-deletion-cost": "-5"}},
            RUNNING,
        ),
        ({**RUNNING, "node": "crowded"}, RUNNING),
        ({**RUNNING, "ready_since": "2026-01-01T00:09:50Z"}, RUNNING),
        ({**RUNNING, "restarts": 3}, RUNNING),
        (
            {**RUNNING, "sidecar_restarts": 3},
            {**RUNNING, "sidecar_restarts": 1},
        ),
        ({**RUNNING, "restarts": 3}, {**RUNNING, "restarts": 2, "sidecar_restarts": 9}),
        ({**RUNNING, "created": "2026-01-01T00:09:50Z"}, RUNNING),
    ],
    ids=[
        "unassigned",
        "pending",
        "unready",
        "cost",
        "crowded",
        "fresh",
        "restarts",
        "sidecar",
        "containers before sidecars",
        "young",
    ],
)
def test_the_pod_whose_loss_hurts_least_goes_first(
    worse: dict[str, Any], better: dict[str, Any]
) -> None:
    pods = [owned("a-better", **better), owned("b-worse", **worse)]
    result = planned(replicaset(replicas=1), *pods, neighbours=["n", "crowded", "crowded"])
    assert [one.target.name for one in result.deletes] == ["b-worse"]


def test_the_status_counts_pods_once_there_is_nothing_else_to_do() -> None:
    obj = replicaset(replicas=2, labels={"extra": "x"})
    obj["spec"]["minReadySeconds"] = 600
    pods = [
        owned("full", labels={"app": "web", "extra": "x"}, **RUNNING),
        owned("part", **{**RUNNING, "ready_since": "2026-01-01T00:00:00Z"}),
    ]
    result = planned(obj, *pods)
    assert result.status is not None
    assert result.status.status == {
        "replicas": 2,
        "fullyLabeledReplicas": 1,
        "readyReplicas": 2,
        "availableReplicas": 1,
        "observedGeneration": 1,
    }
    assert result.requeue_after == 300


def test_an_unchanged_status_is_not_written() -> None:
    obj = replicaset(replicas=0, status={"replicas": 0, "observedGeneration": 1})
    assert planned(obj).status is None


@pytest.mark.parametrize(
    ("refused", "replicas", "wait"),
    [(1, 1, 1), (2, 1, 2), (6, 1, 32), (20, 1, 300), (3, 3, 1), (4, 3, 2), (6, 3, 2), (7, 3, 4)],
)
def test_pods_that_nodes_refuse_are_made_again_ever_more_slowly(
    refused: int, replicas: int, wait: float
) -> None:
    obj = replicaset(replicas=replicas)
    created = "2026-01-01T00:10:00Z"
    fate = {"phase": "Failed", "reason": "OutOfcpu", "created": created}
    pods = [owned(f"p{n}", **fate) for n in range(refused)]
    result = planned(obj, *pods)
    assert not result.acts
    assert result.requeue_after == wait
    assert result.status is not None
    later = plan(seen(obj, *pods), NOW + timedelta(seconds=wait))
    assert len(later.creates) == replicas


def test_refusals_of_long_ago_put_nothing_off() -> None:
    fate = {"phase": "Failed", "reason": "OutOfcpu"}
    old = [owned(f"o{n}", created=f"2026-01-01T00:0{n % 2}:00Z", **fate) for n in range(9)]
    now = datetime(2026, 1, 1, 1, tzinfo=UTC)
    fresh = owned("fresh", created="2026-01-01T01:00:00Z", **fate)
    assert plan(seen(replicaset(replicas=1), *old, fresh), now).requeue_after == 1.0


def test_pods_that_failed_after_they_had_run_are_made_again_at_once() -> None:
    fate = {"phase": "Failed", "reason": "Evicted", "created": "2026-01-01T00:10:00Z"}
    ran, foreign = owned("ran", restarts=1, **fate), a_pod("foreign", **fate)
    assert len(planned(replicaset(replicas=1), ran, foreign).creates) == 1


def test_a_failure_to_create_is_told_by_a_condition_that_goes_with_it() -> None:
    obj = replicaset(replicas=1)
    failed = planned(obj, failure="no room")
    assert failed.status is not None
    (condition,) = failed.status.status["conditions"]
    assert condition == {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": "no room",
        "lastTransitionTime": "2026-01-01T00:10:00Z",
    }
    obj["status"] = failed.status.status
    mended = planned(obj, owned("p"))
    assert mended.status is not None
    assert "conditions" not in mended.status.status


def test_of_pods_about_equally_long_ready_the_one_that_restarted_goes() -> None:
    steady = owned("a", **{**RUNNING, "ready_since": "2026-01-01T00:04:50Z"})
    shaky = owned("b", **RUNNING, restarts=1)
    result = planned(replicaset(replicas=1), steady, shaky)
    assert [one.target.name for one in result.deletes] == ["b"]


def replication_controller(replicas: int) -> dict[str, Any]:
    obj = replicaset(replicas=replicas)
    obj["apiVersion"], obj["kind"] = "v1", "ReplicationController"
    obj["spec"]["selector"] = {"app": "web"}
    return obj


def test_a_replication_controller_adopts_and_creates_as_its_plain_selector_says() -> None:
    mine, other = a_pod("mine"), a_pod("other", labels={"app": "db"})
    kind = REPLICATION_CONTROLLER
    result = planned(replication_controller(2), mine, other, kind=kind)
    reference = owner("ReplicationController", "web", "v1")
    (patch,) = result.patches
    assert patch.target.name == "mine"
    assert patch.patch == {"metadata": {"ownerReferences": [reference]}}
    (create,) = result.creates
    assert create.object["metadata"]["ownerReferences"] == [reference]


def test_a_replication_controller_tells_its_status_like_a_replicaset() -> None:
    pod = a_pod("p", **RUNNING, owned_by="web")
    result = planned(replication_controller(1), pod, kind=REPLICATION_CONTROLLER)
    assert result.status is not None
    assert result.status.target.resource is REPLICATION_CONTROLLER.resource
    assert result.status.status == {
        "replicas": 1,
        "fullyLabeledReplicas": 1,
        "readyReplicas": 1,
        "availableReplicas": 1,
        "observedGeneration": 1,
    }


def test_a_selector_that_selects_everything_is_not_acted_on() -> None:
    obj = replicaset()
    obj["spec"]["selector"] = {}
    assert not planned(obj, a_pod("any")).acts

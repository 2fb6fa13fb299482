"""Which pods are removed because no node will end them."""

from datetime import UTC, datetime, timedelta

from minikube8s.controllers.podgc import QUARANTINE, Snapshot, plan
from tests.support.objects import pod

NOW = datetime(2026, 1, 1, 1, tzinfo=UTC)
GONE = NOW - timedelta(seconds=QUARANTINE)


def test_a_missing_node_gets_time_to_come_back() -> None:
    seen = plan(Snapshot((pod("web", node="n1"),), NOW - timedelta(seconds=30)), NOW)
    assert not seen.acts
    assert seen.requeue_after == QUARANTINE - 30


def test_pods_of_a_node_that_is_gone_fail_and_are_removed_at_once() -> None:
    seen = plan(Snapshot((pod("web", node="n1", phase="Running"),), GONE), NOW)
    (patch,), (delete,) = seen.patches, seen.deletes
    status = patch.patch["status"]
    assert status["phase"] == "Failed"
    (condition,) = status["conditions"]
    assert (condition["type"], condition["reason"]) == ("DisruptionTarget", "DeletionByPodGC")
    assert condition["message"] == "PodGC: node no longer exists"
    assert delete.grace == 0


def test_what_has_ended_keeps_its_end() -> None:
    seen = plan(Snapshot((pod("web", node="n1", phase="Succeeded"),), GONE), NOW)
    assert not seen.patches
    assert len(seen.deletes) == 1


def test_pods_that_end_on_a_node_out_of_service_fail_without_being_a_disruption() -> None:
    seen = plan(Snapshot((pod("web", node="n1", phase="Running", deleting=True),), None), NOW)
    (patch,), (delete,) = seen.patches, seen.deletes
    assert patch.patch == {"status": {"phase": "Failed"}}
    assert delete.grace == 0

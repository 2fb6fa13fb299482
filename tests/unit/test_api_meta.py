"""Questions about metadata and conditions have the expected answers."""

from minikube8s.api import meta
from minikube8s.api.resources import REPLICASETS

NOW = "2024-01-31T09:05:07Z"
LATER = "2024-01-31T09:06:07Z"


def ready_since(time):
    return {
        "status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": time}]}
    }


def test_the_owner_reference_names_the_manager():
    owner = {"metadata": {"name": "web", "uid": "u1"}}
    reference = meta.owner_reference(REPLICASETS, owner)
    assert reference == {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": "web",
        "uid": "u1",
        "controller": True,
        "blockOwnerDeletion": True,
    }
    assert meta.controller_of({"metadata": {"ownerReferences": [{"uid": "x"}, reference]}}) is (
        reference
    )
    assert meta.controller_of({"metadata": {}}) is None


def test_a_condition_keeps_its_transition_time_while_its_status_stays():
    status = {}
    assert meta.set_condition(status, "Ready", "False", now=NOW, reason="A")
    assert not meta.set_condition(status, "Ready", "False", now=LATER, reason="A")
    assert meta.set_condition(status, "Ready", "False", now=LATER, reason="B")
    assert meta.condition({"status": status}, "Ready")["lastTransitionTime"] == NOW
    assert meta.set_condition(status, "Ready", "True", now=LATER)
    assert status["conditions"] == [
        {"type": "Ready", "status": "True", "lastTransitionTime": LATER}
    ]


def test_a_pod_is_ready_by_its_condition():
    assert meta.is_pod_ready(ready_since(NOW))
    assert not meta.is_pod_ready({"status": {"conditions": [{"type": "Ready", "status": "False"}]}})
    assert not meta.is_pod_ready({})


def test_a_pod_is_available_when_it_was_ready_long_enough():
    assert meta.is_pod_available(ready_since(NOW), 0, NOW)
    assert meta.is_pod_available(ready_since(NOW), 60, LATER)
    assert not meta.is_pod_available(ready_since(NOW), 61, LATER)
    assert not meta.is_pod_available({}, 0, LATER)


def test_a_pod_has_ended_when_it_succeeded_or_failed():
    assert meta.is_pod_terminal({"status": {"phase": "Failed"}})
    assert not meta.is_pod_terminal({"status": {"phase": "Running"}})


def test_labels_and_annotations_may_be_absent():
    assert meta.labels_of({}) == {}
    assert meta.annotations_of({"metadata": {"annotations": None}}) == {}
    assert meta.labels_of({"metadata": {"labels": {"a": "b"}}}) == {"a": "b"}

"""The other forms of stored objects lose nothing on the way there and back."""

import copy

import pytest

from minikube8s.api import conversion
from minikube8s.api.resources import (
    EVENTS_V1,
    HORIZONTALPODAUTOSCALERS,
    HORIZONTALPODAUTOSCALERS_V1,
)

CPU = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}},
}
MEMORY = {
    "type": "Resource",
    "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}},
}
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}


def autoscaler(metrics, **fields):
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "annotations": {"a": "b"}},
        "spec": {"scaleTargetRef": TARGET, "maxReplicas": 3, "metrics": metrics},
        **fields,
    }


@pytest.mark.parametrize("metrics", [[CPU], [CPU, MEMORY], [MEMORY], [CPU, CPU]])
def test_metrics_survive_the_older_form(metrics):
    obj = autoscaler(metrics)
    before = copy.deepcopy(obj)
    older = conversion.from_storage(HORIZONTALPODAUTOSCALERS_V1, obj)
    assert older["apiVersion"] == "autoscaling/v1"
    assert "metrics" not in older["spec"]
    assert conversion.to_storage(HORIZONTALPODAUTOSCALERS_V1, older) == before
    assert obj == before


def test_behavior_and_status_survive_the_older_form():
    current = {"name": "cpu", "current": {"averageUtilization": 20, "averageValue": "20m"}}
    status = {
        "currentReplicas": 2,
        "desiredReplicas": 2,
        "conditions": [{"type": "AbleToScale", "status": "True"}],
        "currentMetrics": [{"type": "Resource", "resource": current}],
    }
    obj = autoscaler([CPU], status=status)
    obj["spec"]["behavior"] = {"scaleDown": {"stabilizationWindowSeconds": 60}}
    older = conversion.from_storage(HORIZONTALPODAUTOSCALERS_V1, obj)
    assert older["spec"]["targetCPUUtilizationPercentage"] == 60
    assert conversion.to_storage(HORIZONTALPODAUTOSCALERS_V1, older) == obj


def test_a_share_changed_through_the_older_form_is_the_new_target():
    older = conversion.from_storage(HORIZONTALPODAUTOSCALERS_V1, autoscaler([CPU, MEMORY]))
    older["spec"]["targetCPUUtilizationPercentage"] = 75
    newer = conversion.to_storage(HORIZONTALPODAUTOSCALERS_V1, older)
    cpu, memory = newer["spec"]["metrics"]
    assert cpu["resource"]["target"]["averageUtilization"] == 75
    assert memory == MEMORY


def test_notes_that_cannot_be_read_are_dropped():
    older = {
        "metadata": {"annotations": {"autoscaling.alpha.kubernetes.io/metrics": "{"}},
        "spec": {"maxReplicas": 1},
    }
    newer = conversion.to_storage(HORIZONTALPODAUTOSCALERS_V1, older)
    assert newer["spec"] == {"maxReplicas": 1}


def test_a_stored_kind_is_its_own_form():
    obj = autoscaler([CPU])
    assert conversion.to_storage(HORIZONTALPODAUTOSCALERS, obj) is obj


def test_events_only_change_names():
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "x"},
        "involvedObject": {"kind": "Pod"},
        "message": "hello",
        "count": 2,
        "reason": "Started",
    }
    other = conversion.from_storage(EVENTS_V1, event)
    assert other["regarding"] == {"kind": "Pod"}
    assert (other["note"], other["deprecatedCount"]) == ("hello", 2)
    assert conversion.to_storage(EVENTS_V1, other) == event

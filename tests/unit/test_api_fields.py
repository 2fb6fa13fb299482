"""Field selectors see the fields that Kubernetes lets them see."""

from minikube8s.api import fields
from minikube8s.api.resources import CONFIGMAPS, EVENTS, NODES, PODS, RESOURCES, SECRETS


def test_an_empty_object_tells_the_kinds_fields():
    assert fields.selectable(CONFIGMAPS, {}) == {"metadata.name": "", "metadata.namespace": ""}
    for resource in RESOURCES.all():
        assert "metadata.name" in fields.selectable(resource, {})
        assert ("metadata.namespace" in fields.selectable(resource, {})) is resource.namespaced


def test_pods_are_found_by_node_and_phase():
    pod = {
        "metadata": {"name": "x", "namespace": "default"},
        "spec": {"nodeName": "n1", "hostNetwork": True},
        "status": {"phase": "Running"},
    }
    found = fields.selectable(PODS, pod)
    assert found["metadata.name"] == "x"
    assert found["spec.nodeName"] == "n1"
    assert found["spec.hostNetwork"] == "true"
    assert found["status.phase"] == "Running"
    assert found["status.podIP"] == ""


def test_events_are_found_by_what_they_are_about():
    event = {
        "involvedObject": {"kind": "Pod", "name": "x", "uid": "u"},
        "reason": "Pulled",
        "reportingComponent": "kubelet",
    }
    found = fields.selectable(EVENTS, event)
    assert found["involvedObject.kind"] == "Pod"
    assert found["involvedObject.uid"] == "u"
    assert (found["reason"], found["source"]) == ("Pulled", "kubelet")


def test_a_schedulable_node_says_false():
    assert fields.selectable(NODES, {"spec": {}})["spec.unschedulable"] == "false"
    assert fields.selectable(NODES, {"spec": {"unschedulable": True}})["spec.unschedulable"] == (
        "true"
    )


def test_secrets_are_found_by_type():
    assert fields.selectable(SECRETS, {"type": "Opaque"})["type"] == "Opaque"

"""What was applied is up when its pods are, or when nothing has to come of it."""

from __future__ import annotations

from typing import Any

import pytest

from minikube8s.cli.applying.readiness import owns, readiness
from minikube8s.cli.errors import CommandError

Object = dict[str, Any]


def _made(kind: str, spec: Object | None = None, **status: Any) -> Object:
    metadata = {"name": "a", "namespace": "n", "generation": 1}
    return {"kind": kind, "metadata": metadata, "spec": spec or {}, "status": status}


def _is(condition: str) -> dict[str, Any]:
    return {"conditions": [{"type": condition, "status": "True", "message": "so it is"}]}


SEEN = {"observedGeneration": 1}
FULL = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, **SEEN}
HALF = FULL | {"availableReplicas": 1}
UP = {
    "a ConfigMap": _made("ConfigMap"),
    "a full Deployment": _made("Deployment", {"replicas": 2}, **FULL),
    "a full ReplicaSet": _made("ReplicaSet", {"replicas": 2}, readyReplicas=2, **SEEN),
    "a set that its user rolls out": _made("DaemonSet", {"updateStrategy": {"type": "OnDelete"}}),
    "a ready pod": _made("Pod", phase="Running", **_is("Ready")),
    "a pod that is done": _made("Pod", phase="Succeeded"),
    "a job that is done": _made("Job", succeeded=1, **_is("Complete")),
    "a job that shall not run": _made("Job", {"suspend": True}),
    "a Service": _made("Service"),
    "a balancer with an address": _made(
        "Service", {"type": "LoadBalancer"}, loadBalancer={"ingress": [{"ip": "1.2.3.4"}]}
    ),
    "a definition": _made("CustomResourceDefinition", **_is("Established")),
    "a claim that waits for its first pod": _made("PersistentVolumeClaim", phase="Pending"),
}
COMING = {
    "a Deployment that nobody saw": _made("Deployment", {"replicas": 2}),
    "a Deployment with half of it": _made("Deployment", {"replicas": 2}, **HALF),
    "a ReplicaSet of before": _made("ReplicaSet", {"replicas": 2}, readyReplicas=2),
    "a pod that starts": _made("Pod", phase="Pending"),
    "a pod that is not ready": _made("Pod", phase="Running"),
    "a job that runs": _made("Job", {"completions": 3}, succeeded=2),
    "a balancer": _made("Service", {"type": "LoadBalancer"}),
    "a definition": _made("CustomResourceDefinition"),
}  # fmt: skip
FAILED = {
    "a pod": _made("Pod", phase="Failed", message="out of memory"),
    "a job": _made("Job", **_is("Failed")),
    "a claim": _made("PersistentVolumeClaim", phase="Lost"),
    "a Deployment": _made(
        "Deployment", {}, conditions=[{"reason": "ProgressDeadlineExceeded"}], **SEEN
    ),
}


@pytest.mark.parametrize("name", UP)
def test_it_is_up(name: str) -> None:
    assert readiness(UP[name]).done


@pytest.mark.parametrize("name", COMING)
def test_it_is_not_up_yet_and_that_is_said(name: str) -> None:
    now = readiness(COMING[name])
    assert not now.done
    assert now.text


@pytest.mark.parametrize("name", FAILED)
def test_what_has_failed_is_not_waited_for(name: str) -> None:
    with pytest.raises(CommandError):
        readiness(FAILED[name])


def _pod(name: str = "a", namespace: str = "n", **labels: str) -> Object:
    return {"metadata": {"name": name, "namespace": namespace, "labels": labels}}


def test_pods_belong_to_what_selects_them() -> None:
    web = _made("Deployment", {"selector": {"matchLabels": {"app": "web"}}})
    assert owns(web, _pod(app="web"))
    assert not owns(web, _pod(app="other"))
    assert not owns(web, _pod(namespace="elsewhere", app="web"))
    assert owns(_made("ReplicationController", {"selector": {"app": "web"}}), _pod(app="web"))
    assert owns(_made("Pod"), _pod())
    assert not owns(_made("Pod"), _pod("b"))
    assert not owns(_made("Service", {"selector": {"app": "web"}}), _pod(app="web"))
    assert not owns(_made("Job"), _pod())

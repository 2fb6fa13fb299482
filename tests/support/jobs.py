"""Jobs and their pods for tests of the job controller, as they stand in the registry."""

from datetime import UTC, datetime, timedelta
from typing import Any

from minikube8s.api.views import Job, Pod, from_dict
from minikube8s.controllers.actions import Plan
from minikube8s.controllers.jobs import Snapshot, plan
from minikube8s.controllers.jobs.jobpod import FAILURES, FINALIZER, INDEX, job_pod_of
from tests.support.objects import metadata, owner

Json = dict[str, Any]
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
TIME = "2026-01-01T12:00:00Z"
LABELS = {"batch.kubernetes.io/controller-uid": "uid-work", "batch.kubernetes.io/job-name": "work"}


def ago(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def job(status: Json | None = None, head: Json | None = None, **spec: Any) -> Json:
    restarts = spec.pop("restartPolicy", "Never")
    pod = {"restartPolicy": restarts, "containers": [{"name": "c", "image": "busybox"}]}
    indexed = spec.get("completionMode") == "Indexed"
    defaults: Json = {
        "parallelism": 1,
        "completions": 1,
        "completionMode": "NonIndexed",
        "backoffLimit": 2**31 - 1 if indexed and "backoffLimitPerIndex" in spec else 6,
        "suspend": False,
        "podReplacementPolicy": "Failed" if "podFailurePolicy" in spec else "TerminatingOrFailed",
        "selector": {"matchLabels": dict(list(LABELS.items())[:1])},
        "template": {"metadata": {"labels": LABELS}, "spec": pod},
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata("work", generation=1, **(head or {})),
        "spec": {**defaults, **spec},
        "status": status or {},
    }


def pod(
    name: str,
    phase: str = "Running",
    *,
    tracked: bool = True,
    deleting: bool = False,
    index: int | None = None,
    failures: int | None = None,
    ended: float = 0,
    code: int | None = None,
    conditions: list[Json] | None = None,
    restarts: int = 0,
    ready: bool = False,
    owned: bool = True,
    labels: Json | None = None,
    node: str = "node1",
) -> Json:
    head = metadata(name, labels=labels or LABELS)
    if owned:
        head["ownerReferences"] = [owner("Job", "work", "batch/v1")]
    if tracked:
        head["finalizers"] = [FINALIZER]
    if deleting:
        head["deletionTimestamp"] = TIME
        head["deletionGracePeriodSeconds"] = 0
    notes = {}
    if index is not None:
        notes[INDEX] = str(index)
    if failures is not None:
        notes[FAILURES] = str(failures)
    if notes:
        head["annotations"] = notes
    container: Json = {"name": "c", "restartCount": restarts, "state": {"running": {}}}
    if phase in ("Succeeded", "Failed"):
        exit_code = code if code is not None else int(phase == "Failed")
        end = {"exitCode": exit_code, "finishedAt": ago(ended)}
        container["state"] = {"terminated": end}
    told = list(conditions or [])
    if ready:
        told.append({"type": "Ready", "status": "True", "lastTransitionTime": ago(60)})
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": head,
        "spec": {"nodeName": node, "containers": [{"name": "c", "image": "busybox"}]},
        "status": {"phase": phase, "containerStatuses": [container], "conditions": told},
    }


def look(obj: Json, *pods: Json, now: datetime = NOW, failure: str = "") -> Plan:
    views = tuple(job_pod_of(from_dict(Pod, one)) for one in pods)
    return plan(Snapshot(from_dict(Job, obj), obj, views), now, failure)


def status_of(plan: Plan) -> Json:
    assert plan.status is not None, "the plan writes no status"
    return plan.status.status


def conditions_of(plan: Plan) -> list[tuple[str, str, str]]:
    """Type, reason and message of the conditions that are True then."""
    return [
        (one["type"], one["reason"], one["message"])
        for one in status_of(plan).get("conditions", [])
        if one["status"] == "True"
    ]


def let_go(plan: Plan) -> list[str]:
    """The names of the pods whose finalizer the plan takes away."""
    return [
        one.target.name
        for one in plan.patches
        if FINALIZER not in (one.patch["metadata"].get("finalizers") or ())
    ]

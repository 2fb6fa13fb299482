"""The STATUS, READY and RESTARTS of pods are those that kubectl's users know."""

from datetime import UTC, datetime

import pytest

from minikube8s.api import tables
from minikube8s.api.resources import PODS

NOW = datetime(2024, 1, 31, 9, 5, 0, tzinfo=UTC)
RUNNING = {"state": {"running": {}}, "ready": True}


def row(pod):
    names = [column["name"] for column in tables.columns(PODS)]
    return dict(zip(names, tables.row(PODS, pod, NOW), strict=True))


def pod(*statuses, init=(), spec=None, **status):
    return {
        "metadata": {"name": "web", "creationTimestamp": "2024-01-31T09:00:00Z"},
        "spec": {"containers": [{"name": f"c{i}"} for i in range(max(len(statuses), 1))]}
        | (spec or {}),
        "status": {
            "phase": "Running",
            "containerStatuses": [{"name": f"c{i}", **one} for i, one in enumerate(statuses)],
            "initContainerStatuses": [{"name": f"i{i}", **one} for i, one in enumerate(init)],
            **status,
        },
    }


def waiting(reason):
    return {"state": {"waiting": {"reason": reason}}}


def ended(**fields):
    return {"state": {"terminated": fields}}


def condition(type_, status, **fields):
    return {"type": type_, "status": status, **fields}


INIT = {"initContainers": [{"name": "i0"}, {"name": "i1"}]}
SIDECAR = {"initContainers": [{"name": "i0", "restartPolicy": "Always"}]}


@pytest.mark.parametrize(
    ("ready", "status", "obj"),
    [
        ("1/1", "Running", pod(RUNNING)),
        ("2/2", "Running", pod(RUNNING, RUNNING)),
        ("0/1", "Pending", pod(phase="Pending")),
        ("0/1", "Evicted", pod(phase="Failed", reason="Evicted")),
        ("0/1", "ContainerCreating", pod(waiting("ContainerCreating"), phase="Pending")),
        ("0/1", "CrashLoopBackOff", pod(waiting("CrashLoopBackOff"))),
        ("1/2", "ErrImagePull", pod(RUNNING, waiting("ErrImagePull"), phase="Pending")),
        ("0/2", "ErrImagePull", pod(waiting("ErrImagePull"), waiting("ContainerCreating"))),
        ("0/1", "Running", pod({"state": {"running": {}}, "ready": False})),
        ("0/1", "Completed", pod(ended(exitCode=0, reason="Completed"), phase="Succeeded")),
        ("0/1", "Error", pod(ended(exitCode=1, reason="Error"), phase="Failed")),
        ("0/1", "ExitCode:3", pod(ended(exitCode=3), phase="Failed")),
        ("0/1", "Signal:9", pod(ended(exitCode=137, signal=9), phase="Failed")),
        ("1/2", "NotReady", pod(RUNNING, ended(exitCode=0, reason="Completed"))),
        (
            "1/2",
            "Running",
            pod(
                RUNNING,
                ended(exitCode=0, reason="Completed"),
                conditions=[condition("Ready", "True")],
            ),
        ),
        (
            "0/1",
            "SchedulingGated",
            pod(
                phase="Pending",
                conditions=[condition("PodScheduled", "False", reason="SchedulingGated")],
            ),
        ),
        (
            "0/1",
            "Init:0/2",
            pod(waiting("PodInitializing"), init=[{"state": {"running": {}}}], spec=INIT),
        ),
        (
            "0/1",
            "Init:1/2",
            pod(
                waiting("PodInitializing"),
                init=[ended(exitCode=0), waiting("PodInitializing")],
                spec=INIT,
            ),
        ),
        (
            "0/1",
            "Init:CrashLoopBackOff",
            pod(waiting("PodInitializing"), init=[waiting("CrashLoopBackOff")], spec=INIT),
        ),
        ("0/1", "Init:Error", pod(init=[ended(exitCode=1, reason="Error")], spec=INIT)),
        ("0/1", "Init:ExitCode:2", pod(init=[ended(exitCode=2)], spec=INIT)),
        ("0/1", "Init:Signal:9", pod(init=[ended(exitCode=1, signal=9)], spec=INIT)),
        (
            "1/1",
            "Running",
            pod(RUNNING, init=[ended(exitCode=0), ended(exitCode=0)], spec=INIT),
        ),
        (
            "2/2",
            "Running",
            pod(RUNNING, init=[{**RUNNING, "started": True}], spec=SIDECAR),
        ),
        (
            "0/1",
            "CrashLoopBackOff",
            pod(
                waiting("CrashLoopBackOff"),
                init=[waiting("PodInitializing")],
                spec=INIT,
                conditions=[condition("Initialized", "True")],
            ),
        ),
    ],
)
def test_the_status_says_what_the_containers_do(ready, status, obj):
    cells = row(obj)
    assert (cells["Ready"], cells["Status"]) == (ready, status)


def test_a_pod_being_deleted_is_terminating():
    obj = pod(RUNNING)
    obj["metadata"]["deletionTimestamp"] = "2024-01-31T09:04:00Z"
    assert row(obj)["Status"] == "Terminating"
    obj["status"]["reason"] = "NodeLost"
    assert row(obj)["Status"] == "Unknown"


def test_a_pod_that_ended_keeps_its_end_while_being_deleted():
    obj = pod(ended(exitCode=0, reason="Completed"), phase="Succeeded")
    obj["metadata"]["deletionTimestamp"] = "2024-01-31T09:04:00Z"
    assert row(obj)["Status"] == "Completed"


def test_restarts_are_counted_with_the_last_ones_age():
    last = {"lastState": {"terminated": {"finishedAt": "2024-01-31T09:04:50Z"}}}
    earlier = {"lastState": {"terminated": {"finishedAt": "2024-01-31T09:01:00Z"}}}
    assert row(pod(RUNNING))["Restarts"] == "0"
    assert row(pod({**RUNNING, "restartCount": 2, **last}))["Restarts"] == "2 (10s ago)"
    both = pod({**RUNNING, "restartCount": 1, **last}, {**RUNNING, "restartCount": 1, **earlier})
    assert row(both)["Restarts"] == "2 (10s ago)"


def test_restarts_of_finished_init_containers_are_history():
    done = {**ended(exitCode=0), "restartCount": 5}
    assert row(pod(RUNNING, init=[done], spec=INIT))["Restarts"] == "0"
    trying = {**waiting("CrashLoopBackOff"), "restartCount": 5}
    assert row(pod(init=[trying], spec=INIT))["Restarts"] == "5"


def test_wide_cells_say_where_the_pod_is():
    placed = pod(
        RUNNING,
        spec={"nodeName": "n1", "readinessGates": [{"conditionType": "a"}, {"conditionType": "b"}]},
        podIPs=[{"ip": "10.0.0.1"}],
        nominatedNodeName="n2",
        conditions=[condition("a", "True")],
    )
    cells = row(placed)
    assert [cells[name] for name in ("IP", "Node", "Nominated Node", "Readiness Gates")] == [
        "10.0.0.1",
        "n1",
        "n2",
        "1/2",
    ]
    assert list(row(pod()).values())[-5:] == ["5m", "<none>", "<none>", "<none>", "<none>"]


def test_narrow_columns_are_the_ones_everybody_knows():
    columns = tables.columns(PODS)
    assert [one["name"] for one in columns if one["priority"] == 0] == [
        "Name",
        "Ready",
        "Status",
        "Restarts",
        "Age",
    ]
    assert columns[0]["format"] == "name"

"""How far rollouts are and what was before them is told as kubectl tells it."""

from __future__ import annotations

from typing import Any

import pytest

from minikube8s.cli.errors import CommandError
from minikube8s.cli.rollouts import history
from minikube8s.cli.rollouts.state import state


def deployment(**status: Any) -> dict[str, Any]:
    metadata = {"name": "web", "generation": 2, "uid": "u", "annotations": {}}
    metadata["annotations"] = {"deployment.kubernetes.io/revision": "4"}
    return {
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {"replicas": 3, "template": {"spec": {"containers": []}}},
        "status": {"observedGeneration": 2} | status,
    }


SET = 'Waiting for daemon set "x" rollout to finish: '
WAITING = 'Waiting for deployment "web" rollout to finish: '


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ({"observedGeneration": 1}, "Waiting for deployment spec update to be observed..."),
        ({"updatedReplicas": 1}, f"{WAITING}1 out of 3 new replicas have been updated..."),
        (
            {"updatedReplicas": 3, "replicas": 5},
            f"{WAITING}2 old replicas are pending termination...",
        ),
        (
            {"updatedReplicas": 3, "replicas": 3, "availableReplicas": 2},
            f"{WAITING}2 of 3 updated replicas are available...",
        ),
        (
            {"updatedReplicas": 3, "replicas": 3, "availableReplicas": 3},
            'deployment "web" successfully rolled out',
        ),
    ],
)
def test_a_deployments_rollout(status: dict[str, Any], text: str) -> None:
    now = state(deployment(**status))
    assert (now.text, now.done) == (text, text.endswith("rolled out"))


def test_a_rollout_that_has_failed_or_is_another_one_is_an_error() -> None:
    late = {"type": "Progressing", "reason": "ProgressDeadlineExceeded"}
    with pytest.raises(CommandError, match='deployment "web" exceeded its progress deadline'):
        state(deployment(conditions=[late]))
    with pytest.raises(CommandError, match=r"desired revision \(3\) is different from the running"):
        state(deployment(), 3)
    with pytest.raises(CommandError, match="no status viewer"):
        state({"kind": "Service"})


def workload(kind: str, spec: dict[str, Any], **status: Any) -> dict[str, Any]:
    metadata = {"name": "x", "generation": 1, "uid": "u"}
    strategy = {"updateStrategy": {"type": "RollingUpdate"}}
    return {
        "kind": kind,
        "metadata": metadata,
        "spec": strategy | spec,
        "status": {"observedGeneration": 1} | status,
    }


@pytest.mark.parametrize(
    ("status", "text", "done"),
    [
        (
            {"desiredNumberScheduled": 2, "updatedNumberScheduled": 1},
            f"{SET}1 out of 2 new pods have been updated...",
            False,
        ),
        (
            {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1},
            f"{SET}1 of 2 updated pods are available...",
            False,
        ),
        (
            {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2},
            'daemon set "x" successfully rolled out',
            True,
        ),
    ],
)
def test_a_daemon_sets_rollout(status: dict[str, Any], text: str, done: bool) -> None:
    now = state(workload("DaemonSet", {}, **status))
    assert (now.text, now.done) == (text, done)


PARTITIONED = {
    "replicas": 3,
    "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}},
}


@pytest.mark.parametrize(
    ("spec", "status", "text", "done"),
    [
        (
            {"replicas": 3},
            {"observedGeneration": 0},
            "Waiting for statefulset spec update to be observed...",
            False,
        ),
        ({"replicas": 3}, {"readyReplicas": 1}, "Waiting for 2 pods to be ready...", False),
        (
            PARTITIONED,
            {"readyReplicas": 3, "updatedReplicas": 1},
            "Waiting for partitioned roll out to finish: 1 out of 2 new pods have been updated...",
            False,
        ),
        (
            PARTITIONED,
            {"readyReplicas": 3, "updatedReplicas": 2},
            "partitioned roll out complete: 2 new pods have been updated...",
            True,
        ),
        (
            {"replicas": 3},
            {
                "readyReplicas": 3,
                "updatedReplicas": 1,
                "updateRevision": "b",
                "currentRevision": "a",
            },
            "waiting for statefulset rolling update to complete 1 pods at revision b...",
            False,
        ),
        (
            {"replicas": 3},
            {
                "readyReplicas": 3,
                "currentReplicas": 3,
                "updateRevision": "b",
                "currentRevision": "b",
            },
            "statefulset rolling update complete 3 pods at revision b...",
            True,
        ),
    ],
)
def test_a_stateful_sets_rollout(
    spec: dict[str, Any], status: dict[str, Any], text: str, done: bool
) -> None:
    now = state(workload("StatefulSet", spec, **status))
    assert (now.text, now.done) == (text, done)


@pytest.mark.parametrize("kind", ["DaemonSet", "StatefulSet"])
def test_only_rolling_updates_can_be_followed(kind: str) -> None:
    with pytest.raises(CommandError, match="only available for RollingUpdate strategy type"):
        state(workload(kind, {"updateStrategy": {"type": "OnDelete"}}))


def replica_set(number: int, image: str, cause: str = "", uid: str = "u") -> dict[str, Any]:
    annotations = {"deployment.kubernetes.io/revision": str(number)}
    if cause:
        annotations["kubernetes.io/change-cause"] = cause
    owner = {"kind": "Deployment", "name": "web", "uid": uid, "controller": True}
    labels = {"app": "web", "pod-template-hash": f"h{number}"}
    template = {
        "metadata": {"labels": labels, "creationTimestamp": None},
        "spec": {"containers": [{"name": "a", "image": image}]},
    }
    return {
        "metadata": {"ownerReferences": [owner], "annotations": annotations},
        "spec": {"template": template},
    }


def test_history_lists_ones_own_versions_by_number() -> None:
    sets = [replica_set(10, "c"), replica_set(2, "b", "set image"), replica_set(1, "a", uid="o")]
    found = history.revisions(deployment(), sets)
    assert [one.number for one in found] == [2, 10]
    assert history.table(found) == (
        "REVISION  CHANGE-CAUSE\n2         set image\n10        <none>\n"
    )
    assert history.table([]) == "No rollout history found."


def test_undo_takes_the_version_before_or_the_one_named() -> None:
    sets = [replica_set(1, "a"), replica_set(2, "b"), replica_set(5, "c")]
    found = history.revisions(deployment(), sets)
    assert history.to_go_back_to(deployment(), found, 0).number == 2
    assert history.to_go_back_to(deployment(), found, 1).number == 1
    with pytest.raises(CommandError, match=r"unable to find specified revision 9 .*1, 2, 5"):
        history.to_go_back_to(deployment(), found, 9)
    with pytest.raises(CommandError, match='no rollout history found for deployment "web"'):
        history.to_go_back_to(deployment(), found[:1], 0)
    with pytest.raises(CommandError, match="no last revision to roll back to"):
        history.to_go_back_to(workload("DaemonSet", {}), [], 0)


def test_going_back_takes_template_and_cause_and_leaves_what_is_the_deployments() -> None:
    obj = deployment()
    obj["metadata"]["annotations"] |= {"kubernetes.io/change-cause": "new", "mine": "x"}
    to = history.revisions(obj, [replica_set(1, "a", "old")])[0]
    wanted = history.with_template(obj, to)
    assert wanted["metadata"]["annotations"] == {
        "deployment.kubernetes.io/revision": "4",
        "kubernetes.io/change-cause": "old",
    }
    template = wanted["spec"]["template"]
    assert template["metadata"] == {"labels": {"app": "web"}}
    assert history.same_template(template, to.template)
    assert not history.same_template(template, replica_set(1, "b")["spec"]["template"])

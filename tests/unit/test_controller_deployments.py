"""The Deployment's plan: sizes, revisions, status."""

from datetime import UTC, datetime
from typing import Any

import pytest

from minikube8s.api.views import Deployment, from_dict
from minikube8s.controllers.actions import NOTHING
from minikube8s.controllers.deployments import history, scaling
from minikube8s.controllers.deployments.model import Limits, Member, limits
from minikube8s.controllers.deployments.planning import plan
from tests.support.objects import deployment, member, owner, snapshot, template

NOW = datetime(2026, 1, 1, 0, 10, tzinfo=UTC)
REVISION = "deployment.kubernetes.io/revision"


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [
        (3, "25%", "25%", Limits(3, 1, 0)),
        (4, "25%", "25%", Limits(4, 1, 1)),
        (10, "30%", "25%", Limits(10, 3, 2)),
        (1, 0, "25%", Limits(1, 0, 1)),
        (3, 2, 5, Limits(3, 2, 3)),
        (0, "25%", "25%", Limits(0, 0, 0)),
    ],
)
def test_surge_rounds_up_and_unavailable_rounds_down(
    replicas: int, surge: int | str, unavailable: int | str, expected: Limits
) -> None:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
    assert limits(from_dict(Deployment, deployment(replicas=replicas, strategy=strategy))) == (
        expected
    )


@pytest.mark.parametrize(
    ("new", "old", "bounds", "expected"),
    [
        pytest.param((0, 0), [(3, 3)], Limits(3, 1, 0), {"new": 1, "old0": 3}, id="surge first"),
        pytest.param((1, 0), [(3, 3)], Limits(3, 1, 0), {"new": 1, "old0": 3}, id="wait"),
        pytest.param((1, 1), [(3, 3)], Limits(3, 1, 0), {"new": 1, "old0": 2}, id="then shrink"),
        pytest.param((0, 0), [(3, 3)], Limits(3, 0, 1), {"new": 0, "old0": 2}, id="shrink first"),
        pytest.param((0, 0), [(4, 4)], Limits(4, 1, 1), {"new": 1, "old0": 3}, id="both at once"),
        pytest.param((1, 0), [(3, 0)], Limits(3, 1, 0), {"new": 1, "old0": 3}, id="all broken"),
        pytest.param((1, 1), [(3, 1)], Limits(3, 1, 1), {"new": 1, "old0": 1}, id="broken go"),
        pytest.param(
            (2, 2), [(1, 1), (1, 1)], Limits(3, 1, 0), {"new": 2, "old0": 0, "old1": 1}, id="oldest"
        ),
        pytest.param((5, 5), [(0, 0)], Limits(3, 1, 0), {"new": 3, "old0": 0}, id="too large"),
    ],
)
def test_one_step_of_a_rolling_update(
    new: tuple[int, int], old: list[tuple[int, int]], bounds: Limits, expected: dict[str, int]
) -> None:
    olds = [
        member(f"old{n}", size, available=serving, created=f"2026-01-01T00:00:0{n}Z")
        for n, (size, serving) in enumerate(old)
    ]
    assert scaling.roll(member("new", new[0], available=new[1]), olds, bounds) == expected


def test_pods_that_an_old_replicaset_still_has_count_against_the_surge() -> None:
    old = member("old", 2, replicas=3, available=2)
    assert scaling.roll(member("new", 1), [old], Limits(3, 1, 0))["new"] == 1


@pytest.mark.parametrize(
    ("sizes", "before", "after", "expected"),
    [
        ({"a": 10}, Limits(10, 3, 0), Limits(4, 3, 0), {"a": 4}),
        ({"a": 8, "b": 5}, Limits(10, 3, 0), Limits(15, 3, 0), {"a": 11, "b": 7}),
        ({"a": 8, "b": 5}, Limits(10, 3, 0), Limits(5, 3, 0), {"a": 5, "b": 3}),
        ({"a": 8, "b": 5}, Limits(10, 3, 0), Limits(0, 3, 0), {"a": 0, "b": 0}),
        ({"a": 2, "b": 2}, Limits(3, 1, 0), Limits(4, 1, 0), {"a": 3, "b": 2}),
    ],
)
def test_scaling_amid_a_rollout_keeps_the_proportions(
    sizes: dict[str, int], before: Limits, after: Limits, expected: dict[str, int]
) -> None:
    new, *old = [
        member(
            name,
            size,
            desired=before.replicas,
            maximum=before.maximum,
            created=f"2026-01-0{9 - n}T00:00:00Z",
        )
        for n, (name, size) in enumerate(sizes.items())
    ]
    assert scaling.was_rescaled([new, *old], after)
    assert scaling.rescale(new, old, after, sum(sizes.values()), rolling=True) == expected


def test_a_rescale_that_leaves_the_total_as_it_is_moves_nobody() -> None:
    new = member("new", 2, desired=2, maximum=3)
    old = member("old", 2, desired=2, maximum=3, created="2026-01-02T00:00:00Z")
    sizes = scaling.rescale(new, [old], Limits(3, 1, 0), 4, rolling=True)
    assert sizes == {"new": 2, "old": 2}


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ({"resources": {"limits": {"cpu": "1000m"}}}, {"resources": {"limits": {"cpu": 1}}}),
        ({"args": []}, {}),
        ({"command": None}, {}),
    ],
)
def test_a_template_that_says_the_same_otherwise_is_no_new_revision(
    stored: dict[str, Any], asked: dict[str, Any]
) -> None:
    old, new = template(), template()
    old["spec"]["containers"][0] |= stored
    new["spec"]["containers"][0] |= asked
    found = member("web-1", 3, revision=1)
    found.object["spec"]["template"] = old
    assert history.find_new(new, [found]) is found
    new["spec"]["containers"][0]["image"] = "nginx:2"
    assert history.find_new(new, [found]) is None


def planned(obj: dict[str, Any], *members: Member, failure: str = "", **fields: Any) -> Any:
    return plan(snapshot(obj, *members, **fields), NOW, failure)


def test_the_first_look_creates_the_replicaset_and_says_so() -> None:
    obj = deployment(
        metadata={
            "annotations": {
                "kubernetes.io/change-cause": "kubectl apply",
                "kubectl.kubernetes.io/last-applied-configuration": "{}",
            }
        }
    )
    result = planned(obj)
    (create,) = result.creates
    replicaset = create.object
    digest = replicaset["metadata"]["labels"]["pod-template-hash"]
    assert replicaset["metadata"]["name"] == f"web-{digest}"
    assert replicaset["metadata"]["ownerReferences"] == [owner("Deployment", "web")]
    assert replicaset["metadata"]["annotations"] == {
        "kubernetes.io/change-cause": "kubectl apply",
        REVISION: "1",
        "deployment.kubernetes.io/desired-replicas": "3",
        "deployment.kubernetes.io/max-replicas": "4",
    }
    assert replicaset["spec"]["selector"] == {
        "matchLabels": {"app": "web", "pod-template-hash": digest}
    }
    assert replicaset["spec"]["template"]["metadata"]["labels"] == {
        "app": "web",
        "pod-template-hash": digest,
    }
    assert replicaset["spec"]["replicas"] == 3
    assert create.report.message == f"Scaled up replica set web-{digest} from 0 to 3"
    assert result.status.annotations == {REVISION: "1"}
    assert conditions(result)["Progressing"] == (
        "True",
        "NewReplicaSetCreated",
        f'Created new replica set "web-{digest}"',
    )
    assert conditions(result)["Available"][:2] == ("False", "MinimumReplicasUnavailable")


def conditions(result: Any) -> dict[str, tuple[str, str, str]]:
    entries = result.status.status["conditions"]
    return {one["type"]: (one["status"], one["reason"], one["message"]) for one in entries}


def test_a_failure_to_create_the_replicaset_is_told() -> None:
    (create,) = planned(deployment()).creates
    message = f'Failed to create new replica set "{create.object["metadata"]["name"]}": '
    assert create.report.failed_reason == "ReplicaSetCreateError"
    assert create.report.failed_message == message
    result = planned(deployment(), failure="forbidden")
    value, reason, told = conditions(result)["Progressing"]
    assert (value, reason, told) == ("False", "ReplicaSetCreateError", f"{message}forbidden")


def test_without_a_deadline_no_condition_tells_of_a_failure_to_create() -> None:
    result = planned(deployment(progressDeadlineSeconds=2**31 - 1), failure="forbidden")
    assert list(conditions(result)) == ["Available"]


def test_a_taken_name_raises_the_collision_count_and_asks_for_another_hash() -> None:
    obj = deployment()
    name, _ = history.name_and_hash(from_dict(Deployment, obj), obj)
    stranger = member(name, 1, owned_by="other", image="other:1")
    result = planned(obj, stranger)
    assert not result.creates
    assert result.status.status["collisionCount"] == 1
    obj["status"] = result.status.status
    (create,) = planned(obj, stranger).creates
    assert create.object["metadata"]["name"] != name


def test_existing_replicasets_are_adopted_before_anything_else() -> None:
    found = member("web-1", 3, owned_by="")
    result = planned(deployment(), found)
    (patch,) = result.patches
    assert patch.patch["metadata"]["ownerReferences"] == [owner("Deployment", "web")]
    assert not result.creates


def test_a_rollback_gives_the_old_replicaset_the_next_revision_and_keeps_its_history() -> None:
    back = member("web-1", 0, revision=1, image="nginx:1")
    recent = member("web-2", 3, revision=2, image="nginx:2", created="2026-01-02T00:00:00Z")
    result = planned(deployment(), back, recent)
    changes = {one.target.name: one.patch for one in result.patches}
    annotations = changes["web-1"]["metadata"]["annotations"]
    assert annotations[REVISION] == "3"
    assert annotations["deployment.kubernetes.io/revision-history"] == "1"
    assert changes["web-1"]["spec"] == {"replicas": 1}
    assert result.status.annotations == {REVISION: "3"}
    assert not result.creates


def test_recreate_waits_until_the_old_pods_are_gone() -> None:
    obj = deployment(strategy={"type": "Recreate"}, template=template("nginx:2"))
    running = member("web-1", 3, revision=1)
    first = planned(obj, running)
    assert [one.patch["spec"] for one in first.patches] == [{"replicas": 0}]
    assert not first.creates
    stopped = member("web-1", 0, revision=1)
    assert not planned(obj, stopped, populated=frozenset({"uid-web-1"})).creates
    (create,) = planned(obj, stopped).creates
    assert create.object["spec"]["replicas"] == 3


def test_a_paused_deployment_scales_but_does_not_roll() -> None:
    obj = deployment(replicas=5, paused=True, template=template("nginx:2"))
    result = planned(obj, member("web-1", 3, revision=1, desired=3, maximum=4))
    assert not result.creates
    assert result.patches[0].patch["spec"] == {"replicas": 5}
    assert conditions(result)["Progressing"][:2] == ("Unknown", "DeploymentPaused")


def complete_status(replicas: int = 3) -> dict[str, Any]:
    names = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    return {"observedGeneration": 1, **dict.fromkeys(names, replicas)}


def test_old_replicasets_beyond_the_history_limit_are_removed_when_the_rollout_is_complete() -> (
    None
):
    obj = deployment(revisionHistoryLimit=1, status=complete_status())
    members = [
        member(f"web-{n}", 0, revision=n, image=f"nginx:0.{n}", created=f"2026-01-01T00:00:0{n}Z")
        for n in (1, 2, 3)
    ]
    current = member("web-4", 3, revision=4, created="2026-01-01T00:00:04Z")
    result = planned(obj, *members, current)
    assert [one.target.name for one in result.deletes] == ["web-1", "web-2"]
    obj["status"]["availableReplicas"] = 2
    assert not planned(obj, *members, current).deletes


def progressing(reason: str, updated: str = "2026-01-01T00:00:00Z") -> dict[str, str]:
    return {
        "type": "Progressing",
        "status": "True",
        "reason": reason,
        "message": "",
        "lastUpdateTime": updated,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }


@pytest.mark.parametrize(
    ("available", "deadline", "expected"),
    [
        (3, 600, ("True", "NewReplicaSetAvailable", "has successfully progressed.")),
        (1, 9999, ("True", "ReplicaSetUpdated", "is progressing.")),
        (0, 599, ("False", "ProgressDeadlineExceeded", "has timed out progressing.")),
    ],
)
def test_progress_is_judged_by_what_became_available(
    available: int, deadline: int, expected: tuple[str, str, str]
) -> None:
    status = {
        "observedGeneration": 1,
        "replicas": 3,
        "updatedReplicas": 3,
        "conditions": [progressing("NewReplicaSetCreated")],
    }
    obj = deployment(status=status, progressDeadlineSeconds=deadline)
    result = planned(obj, member("web-1", 3, available=available, revision=1))
    value, reason, ending = expected
    assert conditions(result)["Progressing"] == (value, reason, f'ReplicaSet "web-1" {ending}')


def test_the_deadline_is_looked_at_when_it_passes() -> None:
    status = {
        "observedGeneration": 1,
        "replicas": 3,
        "updatedReplicas": 3,
        "conditions": [progressing("ReplicaSetUpdated", "2026-01-01T00:09:00Z")],
    }
    result = planned(deployment(status=status), member("web-1", 3, available=0, revision=1))
    assert result.requeue_after == 541


def test_a_settled_deployment_is_left_alone() -> None:
    first = planned(deployment(), member("web-1", 3, revision=1, desired=3, maximum=4))
    settled = deployment(status=first.status.status, metadata={"annotations": {REVISION: "1"}})
    result = planned(settled, member("web-1", 3, revision=1, desired=3, maximum=4))
    assert result.status is None
    assert not result.acts
    assert result.requeue_after is None


def test_a_selector_that_selects_everything_is_only_warned_about() -> None:
    result = planned(deployment(selector={}))
    assert [one.reason for one in result.warnings] == ["SelectingAll"]
    assert not result.acts
    told = deployment(selector={}, status=result.status.status)
    assert planned(told) == NOTHING

"""The StatefulSet's plan: the next step for each state of its pods, claims and revisions."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from minikube8s.api.views import ObjectMeta, Pod, from_dict
from minikube8s.controllers.actions import Plan
from minikube8s.controllers.podfacts import PodFacts, facts_of
from minikube8s.controllers.revisions import name_of
from minikube8s.controllers.statefulsets.model import Snapshot, in_turn
from minikube8s.controllers.statefulsets.planning import plan
from minikube8s.controllers.statefulsets.rolling import max_unavailable
from tests.support.objects import metadata, owner, pod, template
from tests.support.sets import claim_template, revision_view, stateful, stateful_view

NOW = datetime(2026, 1, 1, 0, 10, tzinfo=UTC)
READY = "2026-01-01T00:05:00Z"
OLD = "nginx:0"
Json = dict[str, Any]


def member(
    obj: Json, ordinal: int, state: str = "ready", *, of: str = "", **fields: Any
) -> PodFacts:
    """A pod of the set; `of` is its revision, the template's if nothing is said.

    `state` is ready, waiting, going, failed or succeeded.
    """
    name = f"web-{ordinal}"
    labels = {
        "app": "web",
        "statefulset.kubernetes.io/pod-name": name,
        "apps.kubernetes.io/pod-index": str(ordinal),
        "controller-revision-hash": of or name_of(obj, 0),
    }
    phase = {"failed": "Failed", "succeeded": "Succeeded", "waiting": "Pending"}
    made = pod(
        name,
        labels=labels,
        phase=phase.get(state, "Running"),
        ready_since=READY if state in ("ready", "going") else "",
        deleting=state == "going",
        **fields,
    )
    made["metadata"]["ownerReferences"] = [owner("StatefulSet", "web")]
    return facts_of(from_dict(Pod, made))


def claim_head(ordinal: int, *owners: Json, deleting: bool = False) -> ObjectMeta:
    head = metadata(f"data-web-{ordinal}", ownerReferences=list(owners))
    if deleting:
        head["deletionTimestamp"] = READY
    return from_dict(ObjectMeta, head)


def planned(obj: Json, *pods: PodFacts, failure: str = "", **fields: Any) -> Plan:
    """Plan for a set whose template's revision is stored, unless `revisions` says otherwise."""
    known = fields.pop("revisions", (revision_view("StatefulSet", obj),))
    heads = {one.name: one for one in fields.pop("claims", ())}
    view = stateful_view(obj)
    return plan(Snapshot(view, obj, pods, known, claims=heads, **fields), NOW, failure)


def steps(result: Plan) -> tuple[list[str], list[str]]:
    made = [one.object["metadata"]["name"] for one in result.creates]
    return made, [one.target.name for one in result.deletes]


ORDERED = [
    ("nothing yet", [], ["web-0"], []),
    ("first not ready", [(0, "waiting")], [], []),
    ("first ready", [(0, "ready")], ["web-1"], []),
    ("first goes", [(0, "going"), (1, "ready")], [], []),
    ("a gap", [(0, "ready"), (2, "ready")], ["web-1"], []),
    ("a gap after one that waits", [(0, "waiting"), (2, "ready")], [], []),
    ("one failed", [(0, "ready"), (1, "failed"), (2, "ready")], [], ["web-1"]),
    ("one ended", [(0, "succeeded")], [], ["web-0"]),
    ("complete", [(0, "ready"), (1, "ready"), (2, "ready")], [], []),
    ("one too many", [(0, "ready"), (1, "ready"), (2, "ready"), (3, "ready")], [], ["web-3"]),
    ("two too many", [(n, "ready") for n in range(5)], [], ["web-4"]),
    ("the last goes", [*((n, "ready") for n in range(4)), (4, "going")], [], []),
    ("too many, one waits", [(0, "waiting"), *((n, "ready") for n in range(1, 4))], [], []),
    ("the last waits", [*((n, "ready") for n in range(4)), (4, "waiting")], [], ["web-4"]),
    ("one before waits", [(0, "ready"), (1, "ready"), (2, "ready"), (3, "waiting"), (4, "ready")],
     [], ["web-4"]),
    ("two wait", [(0, "ready"), (1, "ready"), (2, "ready"), (3, "waiting"), (4, "waiting")],
     [], []),
]  # fmt: skip


@pytest.mark.parametrize(("pods", "creates", "deletes"), [c[1:] for c in ORDERED],
                         ids=[c[0] for c in ORDERED])  # fmt: skip
def test_an_ordered_set_takes_one_step_at_a_time(
    pods: list[tuple[int, str]], creates: list[str], deletes: list[str]
) -> None:
    obj = stateful(3)
    result = planned(obj, *(member(obj, *one) for one in pods))
    assert steps(result) == (creates, deletes)


PARALLEL = [
    ("nothing yet", [], ["web-0", "web-1", "web-2"], []),
    ("some", [(1, "waiting")], ["web-0", "web-2"], []),
    ("one failed", [(0, "failed")], ["web-1", "web-2"], ["web-0"]),
    ("too many", [(n, "waiting") for n in range(5)], [], ["web-4", "web-3"]),
    ("some go", [*((n, "ready") for n in range(4)), (4, "going")], [], ["web-3"]),
]


@pytest.mark.parametrize(("pods", "creates", "deletes"), [c[1:] for c in PARALLEL],
                         ids=[c[0] for c in PARALLEL])  # fmt: skip
def test_a_parallel_set_takes_all_steps_at_once(
    pods: list[tuple[int, str]], creates: list[str], deletes: list[str]
) -> None:
    obj = stateful(3, podManagementPolicy="Parallel")
    result = planned(obj, *(member(obj, *one) for one in pods))
    assert steps(result) == (creates, deletes)


def test_a_set_of_billions_is_made_in_bursts() -> None:
    obj = stateful(2**31 - 1, podManagementPolicy="Parallel")
    made, _ = steps(planned(obj, member(obj, 0), member(obj, 2), member(obj, 2**31 - 2)))
    assert (made[0], made[1], made[-1], len(made)) == ("web-1", "web-3", "web-501", 500)
    known = stateful_view(stateful(2**31 - 1))
    assert in_turn(known, {0, 2**31 - 2})[-2:] == [500, 2**31 - 2]


def test_ordinals_begin_where_the_set_says() -> None:
    obj = stateful(2, ordinals={"start": 5})
    assert steps(planned(obj))[0] == ["web-5"]
    pods = [member(obj, 4), member(obj, 5), member(obj, 6)]
    assert steps(planned(obj, *pods)) == ([], ["web-4"])


def test_a_pod_has_its_ordinals_name_host_name_labels_and_claims() -> None:
    spec = template() | {"metadata": {"labels": {"app": "web"}, "annotations": {"a": "b"}}}
    spec["spec"]["volumes"] = [{"name": "data", "emptyDir": {}}, {"name": "x", "emptyDir": {}}]
    obj = stateful(1, template=spec, volumeClaimTemplates=[claim_template()])
    (create,) = planned(obj, claims=[claim_head(0)]).creates
    assert create.object["metadata"] == {
        "name": "web-0",
        "labels": {
            "app": "web",
            "statefulset.kubernetes.io/pod-name": "web-0",
            "apps.kubernetes.io/pod-index": "0",
            "controller-revision-hash": name_of(obj, 0),
        },
        "annotations": {"a": "b"},
        "ownerReferences": [owner("StatefulSet", "web")],
    }
    assert (create.object["spec"]["hostname"], create.object["spec"]["subdomain"]) == (
        "web-0",
        "web",
    )
    assert create.object["spec"]["volumes"] == [
        {"name": "data", "persistentVolumeClaim": {"claimName": "data-web-0"}},
        {"name": "x", "emptyDir": {}},
    ]
    assert create.report.reason == "SuccessfulCreate"
    assert create.report.message == "create Pod web-0 in StatefulSet web successful"
    assert create.report.failed_message == "create Pod web-0 in StatefulSet web failed error: "


def test_claims_come_before_their_pod() -> None:
    obj = stateful(1, volumeClaimTemplates=[claim_template(), claim_template("log")])
    made = planned(obj).creates
    assert [one.object["metadata"]["name"] for one in made] == ["data-web-0", "log-web-0"]
    assert made[0].object["metadata"]["labels"] == {"app": "web"}
    said = made[0].report.message
    assert said == "create Claim data-web-0 Pod web-0 in StatefulSet web success"


def test_a_pod_waits_for_its_own_claims_alone() -> None:
    # What a quota refuses one pod must not keep from the others.
    templates = [claim_template()]
    obj = stateful(3, volumeClaimTemplates=templates, podManagementPolicy="Parallel")
    made, _ = steps(planned(obj, claims=[claim_head(0), claim_head(1)]))
    assert made == ["web-0", "web-1", "data-web-2"]


def test_a_pending_pod_gets_a_claim_that_is_missing() -> None:
    obj = stateful(1, volumeClaimTemplates=[claim_template()])
    assert steps(planned(obj, member(obj, 0, "waiting")))[0] == ["data-web-0"]
    assert steps(planned(obj, member(obj, 0)))[0] == []


def test_a_pod_waits_for_its_claim_that_is_being_deleted_and_says_so() -> None:
    obj = stateful(1, volumeClaimTemplates=[claim_template()])
    result = planned(obj, claims=[claim_head(0, deleting=True)])
    assert steps(result) == ([], [])
    (warning,) = result.warnings
    assert warning.reason == "FailedCreate"
    assert warning.message == (
        "create Pod web-0 in StatefulSet web failed error: pvc data-web-0 is being deleted"
    )


def test_a_pod_waits_for_a_claim_that_goes_with_the_pod_before_it() -> None:
    policy = {"whenDeleted": "Retain", "whenScaled": "Delete"}
    templates = [claim_template()]
    obj = stateful(1, volumeClaimTemplates=templates, persistentVolumeClaimRetentionPolicy=policy)
    stale = claim_head(0, owner("Pod", "web-0", "v1"))
    assert steps(planned(obj, claims=[stale])) == ([], [])
    assert steps(planned(obj, claims=[claim_head(0)])) == (["web-0"], [])


SET, OTHER = owner("StatefulSet", "web"), owner("ConfigMap", "other", "v1")
RETENTION = [
    ("Retain", "Retain", [None, None]),
    ("Delete", "Retain", ["web", "web"]),
    ("Retain", "Delete", [None, "web-1"]),
    ("Delete", "Delete", ["web", "web-1"]),
]


@pytest.mark.parametrize(("deleted", "scaled", "owners"), RETENTION)
def test_a_claim_belongs_to_whom_the_retention_policy_says(
    deleted: str, scaled: str, owners: list[str | None]
) -> None:
    policy = {"whenDeleted": deleted, "whenScaled": scaled}
    templates = [claim_template()]
    obj = stateful(1, volumeClaimTemplates=templates, persistentVolumeClaimRetentionPolicy=policy)
    pods = [member(obj, 0), member(obj, 1)]

    def kept(claims: list[ObjectMeta]) -> list[str | None]:
        by_name = {one.name: one.owner_references for one in claims}
        found = {name: [one.name for one in references] for name, references in by_name.items()}
        for patch in planned(obj, *pods, claims=claims).patches:
            references = patch.patch["metadata"]["ownerReferences"] or []
            found[patch.target.name] = [one["name"] for one in references]
        return [next(iter(found[f"data-web-{n}"]), None) for n in range(2)]

    assert kept([claim_head(0), claim_head(1)]) == owners
    assert kept([claim_head(0, SET), claim_head(1, SET)]) == owners


def test_a_claim_that_another_controls_or_an_earlier_set_owned_is_left_alone() -> None:
    policy = {"whenDeleted": "Delete", "whenScaled": "Delete"}
    templates = [claim_template()]
    obj = stateful(2, volumeClaimTemplates=templates, persistentVolumeClaimRetentionPolicy=policy)
    claims = [claim_head(0, OTHER), claim_head(1, SET | {"uid": "earlier"})]
    assert planned(obj, member(obj, 0), member(obj, 1), claims=claims).patches == ()


def test_a_pod_that_ended_is_told_of_and_deleted_when_its_time_has_come() -> None:
    obj = stateful(1)
    result = planned(obj, member(obj, 0, "failed"))
    (warning,) = result.warnings
    assert warning.reason == "RecreatingFailedPod"
    assert warning.message == "StatefulSet default/web is recreating failed Pod web-0"
    (notice,) = planned(obj, member(obj, 0, "succeeded")).notices
    assert notice.reason == "RecreatingTerminatedPod"
    later = planned(obj, member(obj, 0, "failed"), due={"uid-web-0": NOW + timedelta(seconds=4)})
    assert (steps(later), later.requeue_after) == (([], []), 4.0)


def test_a_matching_pod_of_the_sets_name_is_adopted_and_gets_its_labels() -> None:
    obj = stateful(1)
    orphan = facts_of(from_dict(Pod, pod("web-0", ready_since=READY, phase="Running")))
    (adoption,) = planned(obj, orphan).patches
    assert adoption.patch["metadata"]["ownerReferences"] == [SET]
    mine = pod("web-0", ready_since=READY, phase="Running")
    mine["metadata"]["ownerReferences"] = [SET]
    (labels,) = planned(obj, facts_of(from_dict(Pod, mine))).patches
    assert labels.patch["metadata"]["labels"] == {
        "statefulset.kubernetes.io/pod-name": "web-0",
        "apps.kubernetes.io/pod-index": "0",
    }


def test_ready_pods_count_when_they_have_been_so_for_long_enough() -> None:
    obj = stateful(2, minReadySeconds=310)
    result = planned(obj, member(obj, 0))
    assert (steps(result), result.requeue_after) == (([], []), 10.0)
    assert result.status is not None
    assert result.status.status["readyReplicas"] == 1
    assert result.status.status["availableReplicas"] == 0


UPDATES = [
    # strategy, revisions and states by ordinal, who goes
    ({}, ["old", "old", "old"], ["web-2"]),
    ({}, ["old", "old", "new"], ["web-1"]),
    ({}, ["old", "old", "new waiting"], []),
    ({}, ["old", "old", "old waiting"], ["web-2"]),
    ({}, ["old waiting", "old", "old"], ["web-2"]),
    ({}, ["new", "new", "new"], []),
    ({"partition": 1}, ["old", "old", "new"], ["web-1"]),
    ({"partition": 2}, ["old", "old", "new"], []),
    ({"partition": 9}, ["old", "old", "old"], []),
    ({"partition": 1}, ["old waiting", "old", "old"], []),
    ({"maxUnavailable": 2}, ["old", "old", "old"], ["web-2", "web-1"]),
    ({"maxUnavailable": 2}, ["old", "old", "new waiting"], ["web-1"]),
    ({"maxUnavailable": 2}, ["old", "old", "new going"], ["web-1"]),
    ({"maxUnavailable": "67%"}, ["old", "old", "old"], ["web-2", "web-1"]),
    ({"maxUnavailable": "50%"}, ["old", "old", "old"], ["web-2"]),
]


@pytest.mark.parametrize(("rolling", "states", "gone"), UPDATES)
def test_an_update_goes_from_the_last_pod_down_within_its_bounds(
    rolling: Json, states: list[str], gone: list[str]
) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
    obj = stateful(3, updateStrategy=strategy, podManagementPolicy="Parallel")
    pods = []
    for ordinal, state in enumerate(states):
        which, _, condition = state.partition(" ")
        of = "web-old" if which == "old" else ""
        pods.append(member(obj, ordinal, condition or "ready", of=of))
    assert steps(planned(obj, *pods)) == ([], gone)


def test_an_ordered_update_waits_for_every_pod() -> None:
    obj = stateful(3)
    pods = [
        member(obj, 0, "waiting", of="web-old"),
        *(member(obj, n, of="web-old") for n in (1, 2)),
    ]
    assert steps(planned(obj, *pods)) == ([], [])


def test_nothing_is_updated_by_itself_on_delete() -> None:
    obj = stateful(2, updateStrategy={"type": "OnDelete"})
    assert steps(planned(obj, *(member(obj, n, of="web-old") for n in (0, 1)))) == ([], [])


@pytest.mark.parametrize(("value", "expected"), [(1, 1), (3, 3), ("10%", 1), ("50%", 5), (0, 1)])
def test_max_unavailable_is_at_least_one(value: int | str, expected: int) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": value}}
    assert max_unavailable(stateful_view(stateful(10, updateStrategy=strategy))) == expected


def test_a_pod_before_the_partition_comes_back_from_the_current_revision() -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    obj = stateful(2, updateStrategy=strategy)
    before = revision_view("StatefulSet", obj, 1, image=OLD)
    obj["status"]["currentRevision"] = before.metadata.name
    known = (before, revision_view("StatefulSet", obj, 2))
    (first,) = planned(obj, revisions=known).creates
    assert first.object["spec"]["containers"][0]["image"] == OLD
    assert first.object["metadata"]["labels"]["controller-revision-hash"] == before.metadata.name
    (second,) = planned(obj, member(obj, 0, of=before.metadata.name), revisions=known).creates
    assert second.object["spec"]["containers"][0]["image"] == "nginx:1"


def test_what_is_rolled_out_is_written_down_before_any_pod() -> None:
    obj = stateful(2, status={"replicas": 0, "availableReplicas": 0})
    result = planned(obj, revisions=())
    (create,) = result.creates
    assert create.object["kind"] == "ControllerRevision"
    assert create.object["revision"] == 1
    assert create.object["data"] == {"spec": {"template": {**template(), "$patch": "replace"}}}
    assert result.status is not None
    name = create.object["metadata"]["name"]
    assert result.status.status["currentRevision"] == result.status.status["updateRevision"] == name


def test_a_template_that_was_there_before_becomes_the_newest_revision_again() -> None:
    obj = stateful(1)
    mine = revision_view("StatefulSet", obj, 1)
    other = revision_view("StatefulSet", obj, 2, image="nginx:2")
    (patch,) = planned(obj, revisions=(mine, other)).patches
    assert (patch.target.name, patch.patch) == (mine.metadata.name, {"revision": 3})


def test_a_name_that_another_template_has_leads_to_another_hash() -> None:
    obj = stateful(1)
    taken = revision_view("StatefulSet", obj, image=OLD)
    result = planned(obj, revisions=(), namesake=taken)
    assert result.status is not None
    assert (result.creates, result.status.status["collisionCount"]) == ((), 1)


def test_a_revision_of_the_same_template_is_used_whoever_owns_it() -> None:
    obj = stateful(1)
    foreign = revision_view("StatefulSet", obj, ownerReferences=[SET | {"uid": "earlier"}])
    assert steps(planned(obj, revisions=(), namesake=foreign)) == (["web-0"], [])


@pytest.mark.parametrize(("limit", "gone"), [(0, 2), (1, 1), (2, 0), (None, 0), (-1, 0)])
def test_only_so_many_old_revisions_are_kept_and_those_in_use(limit: int | None, gone: int) -> None:
    obj = stateful(1, revisionHistoryLimit=limit)
    older = [revision_view("StatefulSet", obj, n, image=f"nginx:{n + 5}") for n in (1, 2, 3)]
    obj["status"]["currentRevision"] = older[0].metadata.name
    known = (*older, revision_view("StatefulSet", obj, 4))
    deletes = steps(planned(obj, member(obj, 0), revisions=known))[1]
    assert deletes == [one.metadata.name for one in older[1:]][:gone]


def test_the_status_counts_pods_by_revision_and_the_update_becomes_current_at_its_end() -> None:
    obj = stateful(2)
    before = revision_view("StatefulSet", obj, 1, image=OLD)
    obj["status"]["currentRevision"] = before.metadata.name
    known = (before, revision_view("StatefulSet", obj, 2))
    half = [member(obj, 0, of=before.metadata.name), member(obj, 1, "waiting")]
    result = planned(obj, *half, revisions=known)
    assert result.status is not None
    assert result.status.status == {
        "observedGeneration": 1,
        "replicas": 2,
        "readyReplicas": 1,
        "availableReplicas": 1,
        "currentReplicas": 1,
        "updatedReplicas": 1,
        "currentRevision": before.metadata.name,
        "updateRevision": name_of(obj, 0),
        "collisionCount": 0,
    }
    unready = planned(obj, member(obj, 0), member(obj, 1, "waiting"), revisions=known)
    assert unready.status is not None
    assert unready.status.status["currentRevision"] == before.metadata.name
    done = planned(obj, member(obj, 0), member(obj, 1), revisions=known)
    assert done.status is not None
    assert done.status.status["currentRevision"] == name_of(obj, 0)
    assert done.status.status["currentReplicas"] == 2


def test_with_nothing_left_to_do_nothing_is_written() -> None:
    obj = stateful(1)
    first = planned(obj, member(obj, 0))
    assert first.status is not None
    obj["status"] = first.status.status
    again = planned(obj, member(obj, 0))
    assert (again.acts, again.status, again.requeue_after) == (False, None, None)


def test_a_set_that_is_being_deleted_only_counts() -> None:
    obj = stateful(3)
    obj["metadata"]["deletionTimestamp"] = READY
    result = planned(obj, member(obj, 0))
    assert (result.acts, result.status is not None) == (False, True)

"""What the job controller plans: sizes, endings, policies, in Kubernetes' words."""

from typing import Any
from unittest.mock import patch

import pytest

from minikube8s.api.resources import JOBS, PODS
from minikube8s.api.views import Pod
from minikube8s.controllers.jobs import JobController, jobpod
from minikube8s.controllers.jobs.indexes import Indexes
from minikube8s.controllers.jobs.jobpod import (
    FAILURES,
    FINALIZER,
    IGNORED_FAILURES,
    INDEX,
    JobPod,
    job_pod_of,
)
from minikube8s.controllers.keys import Key
from minikube8s.controllers.runner import RegistryReader
from minikube8s.controllers.templates import pod_of
from tests.support import virtualtime
from tests.support.jobs import (
    LABELS,
    TIME,
    ago,
    conditions_of,
    job,
    let_go,
    look,
    pod,
    status_of,
)
from tests.support.livecluster import LiveCluster, live_cluster

STARTED = {"startTime": ago(60), "ready": 0, "terminating": 0, "uncountedTerminatedPods": {}}
INDEXED = {"completionMode": "Indexed", "completions": 3, "parallelism": 3}
PER_INDEX = {**INDEXED, "backoffLimitPerIndex": 1}
MET = ("SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods")
COMPLETE = ("Complete", *MET[1:])
LIMIT = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")


def told(*conditions: tuple[str, str, str], **status: Any) -> dict[str, Any]:
    entries = [
        {"type": kind, "status": "True", "reason": reason, "message": message}
        for kind, reason, message in conditions
    ]
    return {**STARTED, "conditions": entries, **status}


def names(deletes: Any) -> list[str]:
    return [one.target.name for one in deletes]


# --- size ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "pods", "creates", "deletes"),
    [
        ({"parallelism": 2, "completions": 5}, [], 2, 0),
        ({"parallelism": 5, "completions": 2}, [], 2, 0),
        ({"parallelism": 3, "completions": 5}, ["Running"], 2, 0),
        ({"parallelism": 3, "completions": 3}, ["Succeeded", "Running"], 1, 0),
        ({"parallelism": 0, "completions": 3}, [], 0, 0),
        ({"parallelism": 1, "completions": 3}, ["Running", "Running"], 0, 1),
        ({"parallelism": 2, "completions": None}, [], 2, 0),
        ({"parallelism": 2, "completions": None}, ["Succeeded", "Running"], 0, 0),
        ({"parallelism": 2, "completions": 2, "suspend": True}, ["Running"], 0, 1),
    ],
)
def test_a_job_has_as_many_pods_as_it_has_use_for(
    spec: dict[str, Any], pods: list[str], creates: int, deletes: int
) -> None:
    plan = look(job(STARTED, **spec), *(pod(f"p{n}", phase) for n, phase in enumerate(pods)))
    assert (len(plan.creates), len(plan.deletes)) == (creates, deletes)


def test_a_new_pod_is_tracked_owned_and_labelled() -> None:
    (create,) = look(job()).creates
    metadata = create.object["metadata"]
    assert metadata["finalizers"] == [FINALIZER]
    assert metadata["labels"] == LABELS
    assert metadata["generateName"] == "work-"
    assert metadata["ownerReferences"][0]["uid"] == "uid-work"
    assert (create.report.reason, create.report.message) == (
        "SuccessfulCreate",
        "Created pod: {name}",
    )


def test_a_pod_that_is_given_up_is_let_go_first_so_that_it_counts_for_nothing() -> None:
    plan = look(job(STARTED, suspend=True), pod("p", ready=True))
    assert (let_go(plan), names(plan.deletes)) == (["p"], ["p"])
    assert plan.deletes[0].target.revision == ""
    assert status_of(plan)["ready"] == 0
    assert "active" not in status_of(plan)


def test_one_that_an_interrupted_plan_had_let_go_is_given_up_first() -> None:
    pods = pod("a"), pod("b", tracked=False), pod("c")
    assert names(look(job(STARTED, parallelism=2, completions=9), *pods).deletes) == ["b"]


def test_a_pod_that_ends_is_replaced_at_once_or_when_it_has_ended() -> None:
    spec = {"parallelism": 2, "completions": 2}
    pods = pod("a"), pod("b", deleting=True)
    late = look(job(STARTED, podReplacementPolicy="Failed", **spec), *pods)
    assert (len(late.creates), status_of(late)["terminating"]) == (0, 1)
    plan = look(job(STARTED, **spec), *pods)
    assert plan.requeue_after == 10
    assert status_of(plan)["uncountedTerminatedPods"] == {"failed": ["uid-b"]}


def test_a_pod_that_is_deleted_before_a_node_had_it_has_failed() -> None:
    # Nobody else would end it: it would wait for its finalizer, and the job for its end.
    never = pod("p", "Pending", deleting=True, node="")
    first = look(job(STARTED, podReplacementPolicy="Failed"), never)
    told = status_of(first)["uncountedTerminatedPods"]
    assert told == {"failed": ["uid-p"]}
    status = {**STARTED, "uncountedTerminatedPods": told}
    assert let_go(look(job(status, podReplacementPolicy="Failed"), never)) == ["p"]


# --- back-off -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ends", "wait"),
    [
        ([("Failed", 0)], 10),
        ([("Failed", 4)], 6),
        ([("Failed", 30), ("Failed", 0)], 20),
        ([("Failed", 90), ("Failed", 30), ("Failed", 0)], 40),
        ([("Failed", 900 - n) for n in range(9)], None),
        ([("Failed", n) for n in range(9)], 600),
        ([("Failed", 60), ("Succeeded", 30), ("Failed", 0)], 10),
        ([("Failed", 60), ("Succeeded", 30)], None),
        ([("Failed", 11)], None),
    ],
)
def test_failures_since_the_last_success_put_off_the_next_pod(
    ends: list[tuple[str, float]], wait: float | None
) -> None:
    ended = (pod(f"p{n}", phase, ended=age, tracked=False) for n, (phase, age) in enumerate(ends))
    plan = look(job(STARTED, completions=99, backoffLimit=99), *ended)
    assert plan.requeue_after == wait
    assert len(plan.creates) == (wait is None)


# --- ends ---------------------------------------------------------------------------------------


def test_a_success_is_named_then_let_go_and_counted_with_the_completion() -> None:
    first = look(job(STARTED), pod("p", "Succeeded"))
    assert status_of(first)["uncountedTerminatedPods"] == {"succeeded": ["uid-p"]}
    assert "succeeded" not in status_of(first)
    assert (conditions_of(first), let_go(first)) == ([MET], [])
    second = look(job(status_of(first)), pod("p", "Succeeded"))
    assert let_go(second) == ["p"]
    assert conditions_of(second) == [MET, COMPLETE]
    status = status_of(second)
    assert (status["succeeded"], status["uncountedTerminatedPods"]) == (1, {})
    assert status["completionTime"] == TIME
    assert second.status is not None
    assert [one.reason for one in second.status.notices] == ["Completed"]
    assert not look(job(status), pod("p", "Succeeded", tracked=False)).acts


def test_a_failure_beyond_the_limit_fails_the_job_when_its_pods_have_ended() -> None:
    obj = job({**STARTED, "failed": 1}, backoffLimit=1, parallelism=2, completions=2)
    first = look(obj, pod("a", "Failed"), pod("b"))
    assert conditions_of(first) == [("FailureTarget", *LIMIT)]
    assert (first.deletes, first.creates) == ((), ())
    obj["status"] = status_of(first)
    second = look(obj, pod("a", "Failed"), pod("b"))
    assert (names(second.deletes), let_go(second)) == (["b"], ["a"])
    assert (status_of(second)["failed"], status_of(second)["terminating"]) == (2, 1)
    obj["status"] = status_of(second)
    third = look(obj, pod("a", "Failed", tracked=False), pod("b", deleting=True))
    assert status_of(third)["uncountedTerminatedPods"] == {"failed": ["uid-b"]}
    obj["status"] = status_of(third)
    fourth = look(obj, pod("a", "Failed", tracked=False), pod("b", deleting=True))
    assert let_go(fourth) == ["b"]
    assert "Failed" not in [kind for kind, _, _ in conditions_of(fourth)]
    obj["status"] = status_of(fourth)
    last = look(obj, pod("a", "Failed", tracked=False))
    assert conditions_of(last)[-1] == ("Failed", *LIMIT)
    assert status_of(last)["failed"] == 3
    assert last.status is not None
    assert [(one.reason, one.message) for one in last.status.warnings] == [LIMIT]


@pytest.mark.parametrize(
    ("restarts", "limit", "over"), [(1, 0, True), (0, 0, False), (2, 3, False), (3, 3, True)]
)
def test_restarts_in_place_count_against_the_limit(restarts: int, limit: int, over: bool) -> None:
    obj = job(STARTED, restartPolicy="OnFailure", backoffLimit=limit)
    plan = look(obj, pod("p", restarts=restarts))
    assert (("FailureTarget", *LIMIT) in conditions_of(plan)) is over


def test_the_deadline_counts_from_the_start_and_not_while_suspended() -> None:
    why = ("DeadlineExceeded", "Job was active longer than specified deadline")
    late = look(job(STARTED, activeDeadlineSeconds=60), pod("p"))
    assert conditions_of(late) == [("FailureTarget", *why)]
    assert look(job(STARTED, activeDeadlineSeconds=90), pod("p")).requeue_after == 30
    assert look(job(activeDeadlineSeconds=90)).requeue_after == 90
    asleep = look(job(STARTED, activeDeadlineSeconds=60, suspend=True))
    resumed = look(job(status_of(asleep), activeDeadlineSeconds=60))
    assert (resumed.requeue_after, status_of(resumed)["startTime"]) == (60, TIME)
    assert [kind for kind, _, _ in conditions_of(asleep)] == ["Suspended"]


def test_a_deadline_beyond_all_calendars_is_never_reached() -> None:
    assert look(job(STARTED, activeDeadlineSeconds=2**62), pod("p")).requeue_after == 2**62


def test_a_job_without_work_completes_at_once() -> None:
    assert conditions_of(look(job(completions=0))) == [MET]


def test_a_work_queue_is_done_when_one_succeeded_and_none_is_left() -> None:
    obj = job(STARTED, completions=None, parallelism=2)
    assert conditions_of(look(obj, pod("a", "Succeeded"), pod("b"))) == []
    assert conditions_of(look(obj, pod("a", "Succeeded"), pod("b", "Failed"))) == [MET]


def test_more_successes_than_wanted_are_told() -> None:
    obj = job(told(MET, succeeded=2), completions=1)
    plan = look(obj)
    assert plan.status is not None
    assert [one.reason for one in plan.status.warnings] == ["TooManySucceededPods"]


# --- suspend ------------------------------------------------------------------------------------


def test_suspending_and_resuming_are_told_and_restart_the_clock() -> None:
    asleep = look(job(suspend=True))
    assert conditions_of(asleep) == [("Suspended", "JobSuspended", "Job suspended")]
    assert "startTime" not in status_of(asleep)
    assert asleep.status is not None
    assert [one.reason for one in asleep.status.notices] == ["Suspended"]
    again = look(job({**status_of(asleep), "startTime": ago(500)}))
    (condition,) = status_of(again)["conditions"]
    assert (condition["status"], condition["reason"], condition["message"]) == (
        "False",
        "JobResumed",
        "Job resumed",
    )
    assert status_of(again)["startTime"] == TIME
    assert len(again.creates) == 1


# --- indexes ------------------------------------------------------------------------------------


def test_indexes_that_are_neither_done_nor_under_way_get_a_pod() -> None:
    obj = job({**STARTED, "completedIndexes": "0"}, **INDEXED)
    (create,) = look(obj, pod("p", index=2)).creates
    metadata, spec = create.object["metadata"], create.object["spec"]
    assert metadata["generateName"] == "work-1-"
    assert metadata["annotations"] == {INDEX: "1"}
    assert metadata["labels"][INDEX] == "1"
    assert spec["hostname"] == "work-1"
    assert spec["containers"][0]["env"] == [
        {
            "name": "JOB_COMPLETION_INDEX",
            "valueFrom": {"fieldRef": {"fieldPath": f"metadata.labels['{INDEX}']"}},
        }
    ]


def test_an_index_is_done_once_whoever_did_it() -> None:
    pods = pod("a", "Succeeded", index=0), pod("b", "Succeeded", index=0), pod("c", index=1)
    plan = look(job(STARTED, **INDEXED), *pods)
    assert (status_of(plan)["completedIndexes"], status_of(plan)["succeeded"]) == ("0", 1)
    again = look(job(status_of(plan), **INDEXED), *pods)
    assert let_go(again) == ["a", "b"]


def test_of_two_pods_of_an_index_the_better_one_stays() -> None:
    pods = pod("a", index=0, ready=True), pod("b", index=0), pod("c", index=7), pod("d")
    assert sorted(names(look(job(STARTED, **INDEXED), *pods).deletes)) == ["b", "c", "d"]


def test_a_job_that_shrinks_forgets_the_indexes_beyond() -> None:
    status = {**STARTED, "completedIndexes": "0,4", "succeeded": 2}
    obj = job(status, completionMode="Indexed", completions=2, parallelism=2)
    plan = look(obj, pod("p", index=1))
    assert (status_of(plan)["completedIndexes"], status_of(plan)["succeeded"]) == ("0", 1)


def test_the_next_pod_of_an_index_knows_its_failures_and_the_last_one_waits_for_it() -> None:
    failed = pod("a", "Failed", index=0, failures=0, ended=60)
    others = pod("b", index=1), pod("c", index=2)
    plan = look(job(STARTED, **PER_INDEX), failed, *others)
    (create,) = plan.creates
    assert create.object["metadata"]["annotations"] == {INDEX: "0", FAILURES: "1"}
    assert let_go(plan) == []
    assert status_of(plan)["uncountedTerminatedPods"] == {}
    replaced = pod("d", index=0, failures=1)
    after = look(job(status_of(plan), **PER_INDEX), failed, replaced, *others)
    assert status_of(after)["uncountedTerminatedPods"] == {"failed": ["uid-a"]}


def test_an_index_waits_by_its_own_failures() -> None:
    failed = pod("a", "Failed", index=0, failures=0, ended=5)
    spec = {**PER_INDEX, "backoffLimitPerIndex": 9}
    plan = look(job(STARTED, **spec), failed, pod("b", index=1))
    assert [one.object["metadata"]["annotations"][INDEX] for one in plan.creates] == ["2"]
    assert plan.requeue_after == 5


def test_an_index_without_attempts_left_is_lost_and_fails_the_job_at_its_end() -> None:
    lost = pod("a", "Failed", index=0, failures=1)
    plan = look(job(STARTED, **PER_INDEX), lost, pod("b", index=1), pod("c", index=2))
    assert status_of(plan)["failedIndexes"] == "0"
    assert conditions_of(plan) == []
    done = {**STARTED, "completedIndexes": "1,2", "failedIndexes": "0"}
    end = look(job(done, **PER_INDEX))
    assert conditions_of(end) == [("FailureTarget", "FailedIndexes", "Job has failed indexes")]


def test_too_many_lost_indexes_fail_the_job() -> None:
    spec = {**PER_INDEX, "maxFailedIndexes": 0}
    plan = look(job(STARTED, **spec), pod("a", "Failed", index=0, failures=1))
    why = "Job has exceeded the specified maximal number of failed indexes"
    assert conditions_of(plan) == [("FailureTarget", "MaxFailedIndexesExceeded", why)]


# --- policies -----------------------------------------------------------------------------------


def rule(action: str, **fields: Any) -> dict[str, Any]:
    return {"podFailurePolicy": {"rules": [{"action": action, **fields}]}}


CODES = {"onExitCodes": {"operator": "In", "values": [42]}}
DISRUPTED = {"onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
DISRUPTION = [{"type": "DisruptionTarget", "status": "True"}]
CODE_STORY = (
    "Container c for pod default/p failed with exit code 42 matching FailJob rule at index 0"
)
CONDITION_STORY = "Pod default/p has condition DisruptionTarget matching FailJob rule at index 0"


@pytest.mark.parametrize(
    ("fields", "failed", "message"),
    [
        (CODES, {"code": 42}, CODE_STORY),
        (CODES, {"code": 1}, ""),
        ({"onExitCodes": {"operator": "NotIn", "values": [1]}}, {"code": 42}, CODE_STORY),
        ({"onExitCodes": {**CODES["onExitCodes"], "containerName": "c"}}, {"code": 42}, CODE_STORY),
        ({"onExitCodes": {**CODES["onExitCodes"], "containerName": "x"}}, {"code": 42}, ""),
        (DISRUPTED, {"conditions": DISRUPTION}, CONDITION_STORY),
        (DISRUPTED, {}, ""),
    ],
)
def test_a_failure_that_matches_fails_the_job_at_once(
    fields: dict[str, Any], failed: dict[str, Any], message: str
) -> None:
    plan = look(job(STARTED, **rule("FailJob", **fields)), pod("p", "Failed", **failed))
    expected = [("FailureTarget", "PodFailurePolicy", message)] if message else []
    assert conditions_of(plan) == expected


def test_an_ignored_failure_does_not_count_and_an_ordinary_one_does() -> None:
    obj = job(STARTED, backoffLimit=0, **rule("Ignore", **DISRUPTED))
    ignored = look(obj, pod("p", "Failed", conditions=DISRUPTION, ended=60))
    assert (let_go(ignored), len(ignored.creates)) == (["p"], 1)
    assert conditions_of(look(obj, pod("p", "Failed"))) == [("FailureTarget", *LIMIT)]
    counted = job(STARTED, backoffLimit=0, **rule("Count", **DISRUPTED))
    plan = look(counted, pod("p", "Failed", conditions=DISRUPTION))
    assert conditions_of(plan) == [("FailureTarget", *LIMIT)]


def test_a_failure_can_cost_its_index_alone() -> None:
    spec = {**PER_INDEX, "backoffLimitPerIndex": 5}
    obj = job(STARTED, **spec, **rule("FailIndex", **CODES))
    failed = pod("p", "Failed", index=0, failures=0, code=42, ended=60)
    plan = look(obj, failed, pod("b", index=1))
    assert status_of(plan)["failedIndexes"] == "0"
    assert [one.object["metadata"]["annotations"][INDEX] for one in plan.creates] == ["2"]


def test_ignored_failures_of_an_index_are_handed_on_apart() -> None:
    obj = job(STARTED, **PER_INDEX, **rule("Ignore", **DISRUPTED))
    failed = pod("p", "Failed", index=0, failures=0, conditions=DISRUPTION, ended=60)
    create, *_ = look(obj, failed).creates
    notes = create.object["metadata"]["annotations"]
    assert (notes[FAILURES], notes[IGNORED_FAILURES]) == ("0", "1")


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([{"succeededIndexes": "0,1"}], "Matched rules at index 0"),
        ([{"succeededIndexes": "0-2"}], ""),
        ([{"succeededIndexes": "0-2", "succeededCount": 2}], "Matched rules at index 0"),
        ([{"succeededCount": 3}, {"succeededCount": 2}], "Matched rules at index 1"),
    ],
)
def test_a_success_policy_ends_the_job_early(rules: list[Any], message: str) -> None:
    obj = job({**STARTED, "completedIndexes": "0"}, **INDEXED, successPolicy={"rules": rules})
    plan = look(obj, pod("a", "Succeeded", index=1), pod("b", index=2))
    expected = [("SuccessCriteriaMet", "SuccessPolicy", message)] if message else []
    assert conditions_of(plan) == expected


def test_pods_that_a_success_policy_ends_do_not_count_as_failed() -> None:
    met = ("SuccessCriteriaMet", "SuccessPolicy", "Matched rules at index 0")
    obj = job(told(met, completedIndexes="0,1", succeeded=2), **INDEXED)
    plan = look(obj, pod("b", index=2))
    assert (let_go(plan), names(plan.deletes)) == (["b"], ["b"])
    end = look(job(status_of(plan), **INDEXED), pod("b", index=2, tracked=False, deleting=True))
    assert end.status is None, "the pod has not ended yet"
    last = look(job({**status_of(plan)}, **INDEXED))
    assert conditions_of(last)[-1] == ("Complete", *met[1:])


# --- whose pods ---------------------------------------------------------------------------------


def test_a_matching_pod_of_nobody_is_adopted_and_tracked() -> None:
    plan = look(job(STARTED), pod("p", owned=False, tracked=False))
    (patch,) = plan.patches
    metadata = patch.patch["metadata"]
    assert metadata["ownerReferences"][0]["uid"] == "uid-work"
    assert metadata["finalizers"] == [FINALIZER]


def test_a_pod_that_does_not_match_any_more_is_released() -> None:
    (patch,) = look(job(STARTED), pod("p", labels={"other": "x"})).patches
    assert patch.patch["metadata"] == {"ownerReferences": None, "finalizers": None}


def test_a_finished_job_lets_go_of_latecomers_and_creates_nothing() -> None:
    plan = look(job(told(COMPLETE)), pod("p", "Failed"), pod("q", owned=False))
    assert (let_go(plan), plan.creates, plan.status) == (["p"], (), None)


def test_a_job_that_is_deleted_counts_what_ended_and_lets_go_of_the_rest() -> None:
    obj = job(STARTED, head={"deletionTimestamp": TIME}, parallelism=3, completions=3)
    plan = look(obj, pod("a", "Failed"), pod("b"))
    assert (let_go(plan), plan.creates) == (["b"], ())
    assert status_of(plan)["uncountedTerminatedPods"] == {"failed": ["uid-a"]}


# --- the rest -----------------------------------------------------------------------------------


def test_what_could_not_be_created_is_not_counted_as_active() -> None:
    plan = look(job(), failure="quota exceeded")
    assert plan.creates == ()
    assert "active" not in status_of(plan)


def test_nothing_is_written_about_a_job_that_runs_as_it_should() -> None:
    obj = job({**STARTED, "active": 1, "ready": 1})
    plan = look(obj, pod("p", ready=True))
    assert not plan.acts
    assert plan.status is None


def test_a_status_names_five_hundred_pods_at_a_time() -> None:
    pods = [pod(f"p{n}", "Succeeded") for n in range(600)]
    plan = look(job(STARTED, parallelism=600, completions=900), *pods)
    assert len(status_of(plan)["uncountedTerminatedPods"]["succeeded"]) == 500


@pytest.mark.parametrize(
    ("text", "limit", "count", "again"),
    [
        ("", 9, 0, ""),
        ("0", 9, 1, "0"),
        ("0,1", 9, 2, "0,1"),
        ("0,1,2", 9, 3, "0-2"),
        ("1,3-5,7", 9, 5, "1,3-5,7"),
        ("1,3-5,7", 5, 3, "1,3,4"),
        ("x,2-,4", 9, 2, "2,4"),
    ],
)
def test_indexes_are_read_and_written_as_ranges(
    text: str, limit: int, count: int, again: str
) -> None:
    indexes = Indexes.parse(text, limit)
    assert (len(indexes), str(indexes)) == (count, again)


def test_numbers_of_thousands_of_digits_are_none() -> None:
    digits = "9" * 5000
    assert str(Indexes.parse(f"1,{digits},3-{digits}", 10)) == "1"
    strange = pod("p")
    strange["metadata"]["annotations"] = {INDEX: digits, FAILURES: digits}
    assert names(look(job(STARTED, **INDEXED), strange).deletes) == ["p"]


def test_indexes_know_what_they_lack() -> None:
    indexes = Indexes.parse("1,3-5", 9)
    assert list(indexes.missing(8)) == [0, 2, 6, 7]
    assert [n for n in range(8) if n in indexes] == [1, 3, 4, 5]
    assert list(indexes.with_these([0]).missing(5)) == [2]


def test_a_look_decodes_only_the_pods_that_changed() -> None:
    decoded: list[str] = []

    def read(cluster: LiveCluster) -> None:
        snapshot = JobController().read(RegistryReader(cluster.registry), Key("default", "work"))
        assert snapshot is not None
        assert len(snapshot.pods) == 20

    def noting(pod: Pod) -> JobPod:
        decoded.append(pod.metadata.name)
        return job_pod_of(pod)

    async def main() -> None:
        async with live_cluster() as cluster:
            spec = {key: job()["spec"][key] for key in ("parallelism", "template")}
            del spec["template"]["metadata"]
            await cluster.create(JOBS, "work", spec=spec)
            owner = cluster.registry.get(JOBS, "default", "work").object
            for _ in range(20):
                made = pod_of(JOBS, owner, owner["spec"]["template"])
                await cluster.registry.create(PODS, "default", made)
            with patch.object(jobpod, "job_pod_of", noting):
                read(cluster)
                assert len(decoded) == 20
                decoded.clear()
                name = cluster.names(PODS)[7]
                await cluster.make_ready(name)
                read(cluster)
                assert decoded == [name]

    virtualtime.run(main())

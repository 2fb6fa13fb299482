"""What the CronJob controller plans: which times are started, and what it tells of its jobs."""

from datetime import UTC, datetime
from typing import Any

import pytest

from minikube8s.api import timezones
from minikube8s.api.views import CronJob, Job, from_dict
from minikube8s.controllers.actions import Plan
from minikube8s.controllers.cronjobs import Snapshot, plan
from minikube8s.controllers.cronjobs.model import SCHEDULED
from tests.support.objects import metadata, owner, template

Json = dict[str, Any]
NOW = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)
TIME = "2026-01-01T12:00:00Z"
MINUTES = 29454480
"""TIME in minutes since the epoch."""
BEFORE = "2026-01-01T11:59:00Z"


def cronjob(status: Json | None = None, head: Json | None = None, **spec: Any) -> Json:
    created = {"creationTimestamp": "2026-01-01T11:59:30Z", **(head or {})}
    job = {"spec": {"template": template()}, "metadata": {"labels": {"a": "b"}}}
    defaults = {
        "schedule": "* * * * *",
        "concurrencyPolicy": "Allow",
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
        "jobTemplate": job,
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": metadata("tick", **created),
        "spec": {**defaults, **spec},
        "status": status or {},
    }


def job(
    minutes: int | None = MINUTES - 1,
    ending: str = "",
    *,
    name: str = "",
    deleting: bool = False,
    start: str = TIME,
) -> Json:
    head = metadata(
        name or f"tick-{minutes}", ownerReferences=[owner("CronJob", "tick", "batch/v1")]
    )
    if minutes is not None:
        time = datetime.fromtimestamp(minutes * 60, UTC)
        head["annotations"] = {SCHEDULED: time.strftime("%Y-%m-%dT%H:%M:%SZ")}
    if deleting:
        head["deletionTimestamp"] = TIME
    status: Json = {"startTime": start}
    if ending:
        status["conditions"] = [{"type": ending, "status": "True"}]
    if ending == "Complete":
        status["completionTime"] = TIME
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": head, "status": status}


def look(obj: Json, *jobs: Json, now: datetime = NOW, failure: str = "") -> Plan:
    view = from_dict(CronJob, obj)
    name = view.spec.time_zone
    zone = timezones.find(name) if name else UTC
    return plan(Snapshot(view, obj, tuple(from_dict(Job, one) for one in jobs), zone), now, failure)


def started(plan: Plan) -> list[str]:
    return [one.object["metadata"]["name"] for one in plan.creates]


def status_of(plan: Plan) -> Json:
    assert plan.status is not None, "the plan writes no status"
    return plan.status.status


def told(plan: Plan) -> list[tuple[str, str]]:
    reports = [*plan.warnings, *plan.notices]
    if plan.status is not None:
        reports += plan.status.notices
    return [(one.reason, one.message) for one in reports]


def test_a_due_time_is_started_under_its_name_and_remembered() -> None:
    found = look(cronjob())
    (create,) = found.creates
    head = create.object["metadata"]
    assert head["name"] == f"tick-{MINUTES}"
    assert head["annotations"] == {SCHEDULED: TIME}
    assert head["labels"] == {"a": "b"}
    assert head["ownerReferences"][0]["uid"] == "uid-tick"
    assert create.report.message == "Created job {name}"
    assert status_of(found)["lastScheduleTime"] == TIME
    assert found.requeue_after == 30


def test_a_started_time_is_not_started_again_and_its_job_becomes_active() -> None:
    after = look(cronjob({"lastScheduleTime": TIME}), job(MINUTES))
    assert after.creates == ()
    (active,) = status_of(after)["active"]
    assert (active["name"], active["uid"]) == (f"tick-{MINUTES}", f"uid-tick-{MINUTES}")
    again = look(cronjob(status_of(after)), job(MINUTES))
    assert (again.status, again.creates) == (None, ())


def test_whoever_died_after_the_start_finds_it_by_the_job() -> None:
    found = look(cronjob(), job(MINUTES))
    assert found.creates == ()
    assert status_of(found)["lastScheduleTime"] == TIME
    assert told(found) == []


@pytest.mark.parametrize(
    ("created", "last", "deadline", "due"),
    [
        ("2026-01-01T11:59:30Z", None, None, MINUTES),
        ("2026-01-01T12:00:10Z", None, None, None),
        ("2026-01-01T11:00:00Z", BEFORE, None, MINUTES),
        ("2026-01-01T11:00:00Z", TIME, None, None),
        ("2026-01-01T11:00:00Z", None, None, MINUTES),
        ("2026-01-01T11:00:00Z", None, 31, MINUTES),
        ("2026-01-01T11:00:00Z", None, 29, None),
    ],
)
def test_the_last_missed_time_within_the_deadline_is_due(
    created: str, last: str | None, deadline: int | None, due: int | None
) -> None:
    status = {"lastScheduleTime": last} if last else {}
    spec = {} if deadline is None else {"startingDeadlineSeconds": deadline}
    found = look(cronjob(status, {"creationTimestamp": created}, **spec))
    assert started(found) == ([f"tick-{due}"] if due else [])
    assert found.requeue_after == 30


def test_a_deadline_beyond_all_calendars_is_none() -> None:
    plan = look(cronjob(startingDeadlineSeconds=2**62))
    assert started(plan) == started(look(cronjob())) != []


def test_too_many_missed_times_are_told_and_the_last_is_started() -> None:
    obj = cronjob(head={"creationTimestamp": "2026-01-01T10:19:30Z"})
    assert ("TooManyMissedTimes" in dict(told(look(obj)))) is True
    assert started(look(obj)) == [f"tick-{MINUTES}"]
    few = cronjob(head={"creationTimestamp": "2026-01-01T10:20:30Z"})
    assert told(look(few)) == []
    within = cronjob(head={"creationTimestamp": "2025-01-01T00:00:00Z"}, startingDeadlineSeconds=60)
    assert told(look(within)) == []


@pytest.mark.parametrize(
    ("schedule", "created", "due", "wait"),
    [
        ("@hourly", "2026-01-01T11:59:30Z", MINUTES, 600),
        ("@every 1h", "2026-01-01T11:00:00Z", MINUTES, 600),
        ("@every 7m", "2026-01-01T11:50:00Z", MINUTES - 3, 210),
        ("30 6-16/4 * * 1-5", "2025-12-01T00:00:00Z", MINUTES - 90, 600),
        ("0 12 1 1 *", "2020-01-01T00:00:00Z", MINUTES, 600),
    ],
)
def test_irregular_and_rare_schedules(schedule: str, created: str, due: int, wait: float) -> None:
    found = look(cronjob(head={"creationTimestamp": created}, schedule=schedule))
    assert (started(found), found.requeue_after) == ([f"tick-{due}"], wait)


def test_a_zone_moves_the_schedule_and_is_told_to_the_job() -> None:
    zone, schedule = "Asia/Kolkata", "30 17 * * *"
    found = look(cronjob(schedule=schedule, timeZone=zone))
    (create,) = found.creates
    assert create.object["metadata"]["annotations"] == {SCHEDULED: "2026-01-01T17:30:00+05:30"}
    assert look(cronjob(schedule=schedule)).creates == ()


def test_a_job_that_runs_forbids_the_next_or_is_replaced_by_it() -> None:
    forbidden = look(cronjob(concurrencyPolicy="Forbid"), job())
    assert forbidden.creates == ()
    why = "Not starting job because prior execution is running and concurrency policy is Forbid"
    assert told(forbidden) == [("JobAlreadyActive", why)]
    replacing = look(cronjob(concurrencyPolicy="Replace"), job())
    assert ([one.target.name for one in replacing.deletes], replacing.creates) == (
        [f"tick-{MINUTES - 1}"],
        (),
    )
    assert replacing.deletes[0].report.message == "Deleted job {name}"
    assert "active" not in status_of(replacing)
    assert started(look(cronjob(concurrencyPolicy="Replace"), job(deleting=True))) == [
        f"tick-{MINUTES}"
    ]
    assert len(look(cronjob(), job()).creates) == 1


def test_what_somebody_else_started_forbids_nothing_and_is_told() -> None:
    found = look(cronjob(concurrencyPolicy="Forbid"), job(None, name="by-hand"))
    assert started(found) == [f"tick-{MINUTES}"]
    story = "Saw a job that the controller did not create or forgot: by-hand"
    assert told(found) == [("UnexpectedJob", story)]
    assert "active" not in status_of(found)


def test_jobs_that_ended_or_went_are_told_once_and_forgotten() -> None:
    entries = [{"name": f"tick-{n}", "uid": f"uid-tick-{n}"} for n in (1, 2, 3)]
    obj = cronjob({"active": entries, "lastScheduleTime": TIME})
    found = look(obj, job(1, "Complete"), job(2, "Failed"))
    assert told(found) == [
        ("SawCompletedJob", "Saw completed job: tick-1, condition: Complete"),
        ("SawCompletedJob", "Saw completed job: tick-2, condition: Failed"),
        ("MissingJob", "Active job went missing: tick-3"),
    ]
    assert status_of(found) == {"lastScheduleTime": TIME, "lastSuccessfulTime": TIME}
    assert look(cronjob(status_of(found)), job(1, "Complete"), job(2, "Failed")).status is None


def test_the_oldest_finished_jobs_beyond_the_limits_go() -> None:
    good = [job(n, "Complete", start=f"2026-01-01T0{n}:00:00Z") for n in (4, 1, 3, 2)]
    bad = [job(n, "Failed", start=f"2026-01-01T0{n}:00:00Z") for n in (5, 6)]
    obj = cronjob({"lastScheduleTime": TIME}, successfulJobsHistoryLimit=2)
    found = look(obj, *good, *bad, job(9))
    assert sorted(one.target.name for one in found.deletes) == ["tick-1", "tick-2", "tick-5"]
    assert {one.propagation for one in found.deletes} == {"Background"}


@pytest.mark.parametrize(
    ("spec", "reports"),
    [
        ({"suspend": True}, []),
        (
            {"timeZone": "Nowhere/Land"},
            [
                (
                    "UnknownTimeZone",
                    'invalid timeZone: "Nowhere/Land": unknown time zone Nowhere/Land',
                )
            ],
        ),
        (
            {"schedule": "* * *"},
            [
                (
                    "UnparseableSchedule",
                    'unparseable schedule: "* * *" : expected exactly 5 fields, found 3: [* * *]',
                )
            ],
        ),
        (
            {"schedule": "0 0 31 2 *"},
            [
                (
                    "InvalidSchedule",
                    "invalid schedule: 0 0 31 2 * : time difference between two schedules is less"
                    " than 1 second",
                )
            ],
        ),
    ],
)
def test_nothing_is_started_and_nothing_spins(spec: Json, reports: list[tuple[str, str]]) -> None:
    found = look(cronjob(**spec))
    assert (found.creates, found.requeue_after, found.status) == ((), None, None)
    assert told(found) == reports


def test_a_cronjob_that_is_deleted_starts_and_removes_nothing() -> None:
    obj = cronjob(head={"deletionTimestamp": TIME}, failedJobsHistoryLimit=0)
    found = look(obj, job(1, "Failed"))
    assert (found.creates, found.deletes) == ((), ())


def test_what_could_not_be_started_is_not_remembered_as_started() -> None:
    assert look(cronjob(), failure="quota").status is None


def test_times_that_share_a_name_are_started_once() -> None:
    obj = cronjob({"lastScheduleTime": TIME}, schedule="@every 20s")
    found = look(obj, job(MINUTES, "Complete"), now=NOW)
    assert found.creates == ()
    assert status_of(found)["lastScheduleTime"] == "2026-01-01T12:00:20Z"

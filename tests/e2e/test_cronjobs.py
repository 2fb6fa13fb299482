"""CronJobs on real pods: what their users see with kubectl.

A schedule in cron's five fields has a time a minute at most, so these use `@every`.
"""

from __future__ import annotations

import json
from typing import Any

from tests.support import manifests
from tests.support.cluster import Cluster, kubectls
from tests.support.manifests import SLEEP, container, pod
from tests.support.wait import until

Json = dict[str, Any]
OLDEST = "1.21"
"""The first kubectl that knows CronJobs of batch/v1."""


def cronjob(name: str, *command: str, schedule: str = "@every 2s", **spec: Any) -> Json:
    work = pod("", container(*command), restartPolicy="Never", terminationGracePeriodSeconds=1)
    template = {"spec": {"template": {"spec": work["spec"]}}}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name},
        "spec": {"schedule": schedule, "jobTemplate": template, **spec},
    }


def create(cluster: Cluster, *objects: Json) -> None:
    cluster.kubectl("apply", "-f", "-", input=manifests.text(*objects)).ok()


def told(cluster: Cluster, name: str) -> set[str]:
    """The Events of a CronJob: `Reason message`."""
    chosen = f"involvedObject.name={name},involvedObject.kind=CronJob"
    found = cluster.get("events", f"--field-selector={chosen}")["items"]
    return {f"{one['reason']} {one['message']}" for one in found}


def jobs(cluster: Cluster, name: str) -> list[Json]:
    return [
        job
        for job in cluster.get("jobs")["items"]
        if any(owner["name"] == name for owner in job["metadata"].get("ownerReferences", ()))
    ]


def test_a_cronjob_starts_jobs_keeps_some_and_can_be_started_by_hand(cluster: Cluster) -> None:
    create(cluster, cronjob("beat", "date"))
    until("one succeeds", lambda: cluster.get("cronjob", "beat")["status"]["lastSuccessfulTime"])
    # on a busy machine there may be more by now
    first = min(jobs(cluster, "beat"), key=lambda job: str(job["metadata"]["name"]))
    time = first["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"]
    assert time.endswith("Z")
    assert first["metadata"]["name"].startswith("beat-2")
    cluster.kubectl("patch", "cronjob", "beat", "-p", json.dumps({"spec": {"suspend": True}})).ok()
    cluster.kubectl("create", "job", "beat-by-hand", "--from=cronjob/beat").ok()
    cluster.kubectl("wait", "--for=condition=complete", "job/beat-by-hand", "--timeout=60s").ok()
    name = first["metadata"]["name"]
    story = {
        f"SuccessfulCreate Created job {name}",
        f"SawCompletedJob Saw completed job: {name}, condition: Complete",
    }
    until("its beginning and its end are told", lambda: story <= told(cluster, "beat"))
    limit = json.dumps({"spec": {"successfulJobsHistoryLimit": 0}})
    cluster.kubectl("patch", "cronjob", "beat", "-p", limit).ok()
    until("finished jobs go", lambda: not jobs(cluster, "beat"))
    until("that is told", lambda: f"SuccessfulDelete Deleted job {name}" in told(cluster, "beat"))
    for version in kubectls():
        if version.split(".")[1] >= OLDEST.split(".")[1]:
            told_by = cluster.kubectl("describe", "cronjob", "beat", version=version).ok()
            assert "Last Schedule Time:" in told_by
            assert "SawCompletedJob" in told_by
    cluster.kubectl("delete", "cronjob", "beat", "--timeout=30s").ok()


def test_a_job_that_runs_forbids_the_next_and_goes_with_its_cronjob(cluster: Cluster) -> None:
    create(cluster, cronjob("busy", *SLEEP, concurrencyPolicy="Forbid", schedule="@every 1s"))
    until("it runs", lambda: cluster.get("cronjob", "busy")["status"]["active"])
    cluster.kubectl("patch", "cronjob", "busy", "-p", '{"spec":{"schedule":"* * * * *"}}').ok()
    (job,) = jobs(cluster, "busy")
    name = job["metadata"]["name"]
    row = cluster.kubectl("get", "cronjob", "busy", "--no-headers").ok().split()
    assert row[-4:-1] == ["False", "1", row[-2]]
    cluster.kubectl("delete", "cronjob", "busy", "--timeout=30s").ok()
    until(
        "its pods go",
        lambda: not cluster.get("pods", "-l", f"job-name={name}")["items"],
    )


def test_time_zones_and_schedules_are_checked_when_they_are_given(cluster: Cluster) -> None:
    zone = cronjob("nowhere", "true", schedule="@daily", timeZone="Nowhere/Land")
    refused = cluster.kubectl("apply", "-f", "-", input=manifests.text(zone)).fails()
    assert "unknown time zone Nowhere/Land" in refused
    create(cluster, cronjob("berlin", "true", schedule="@daily", timeZone="Europe/Berlin"))
    assert "Europe/Berlin" in cluster.kubectl("get", "cronjob", "berlin").ok()
    cluster.kubectl("delete", "cronjob", "berlin").ok()

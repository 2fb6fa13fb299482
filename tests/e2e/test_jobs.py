"""Jobs on real pods: what their users see with kubectl while they run and when they end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import manifests
from tests.support.cluster import Cluster, kubectls
from tests.support.manifests import SLEEP, container, pod
from tests.support.wait import until

Json = dict[str, Any]


@pytest.fixture(autouse=True, scope="module")
def gone_afterwards(cluster: Cluster) -> Iterator[None]:
    """No Job stays, and no pod of one."""
    yield
    cluster.kubectl("delete", "jobs", "--all", "--timeout=60s").ok()


def job(name: str, *command: str, **spec: Any) -> Json:
    restarts = spec.pop("restartPolicy", "Never")
    work = pod("", container(*command), restartPolicy=restarts, terminationGracePeriodSeconds=5)
    template = {"spec": work["spec"]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": template, **spec},
    }


def create(cluster: Cluster, *objects: Json) -> None:
    cluster.kubectl("apply", "-f", "-", input=manifests.text(*objects)).ok()


def wait(cluster: Cluster, name: str, condition: str) -> None:
    cluster.kubectl("wait", f"--for=condition={condition}", f"job/{name}", "--timeout=60s").ok()


def status(cluster: Cluster, name: str) -> Json:
    found: Json = cluster.get("job", name)["status"]
    return found


def reasons(cluster: Cluster, name: str) -> list[str]:
    chosen = f"involvedObject.name={name},involvedObject.kind=Job"
    return [one["reason"] for one in cluster.get("events", f"--field-selector={chosen}")["items"]]


def pods(cluster: Cluster, name: str) -> list[Json]:
    found: list[Json] = cluster.get("pods", "-l", f"job-name={name}")["items"]
    return found


def test_a_job_runs_to_completion_and_every_kubectl_can_wait_for_read_and_describe_it(
    cluster: Cluster,
) -> None:
    create(cluster, job("sum", "sh", "-c", "echo $((40+2))", completions=3, parallelism=2))
    for version in kubectls():
        done = cluster.kubectl(
            "wait", "--for=condition=complete", "job/sum", "--timeout=60s", version=version
        )
        assert "job.batch/sum condition met" in done.ok()
        assert cluster.kubectl("logs", "job/sum", version=version).out.strip() == "42"

        def told(version: str = version) -> bool:
            text = cluster.kubectl("describe", "job", "sum", version=version).ok()
            return "3 Succeeded / 0 Failed" in text and "Job completed" in text

        until("its end is told", told)
    seen = status(cluster, "sum")
    assert (seen["succeeded"], seen["ready"], seen["terminating"]) == (3, 0, 0)
    assert seen["uncountedTerminatedPods"] == {}
    assert [one["type"] for one in seen["conditions"]] == ["SuccessCriteriaMet", "Complete"]
    assert {one["reason"] for one in seen["conditions"]} == {"CompletionsReached"}
    assert seen["completionTime"] >= seen["startTime"]
    assert sorted(set(reasons(cluster, "sum"))) == ["Completed", "SuccessfulCreate"]
    assert not any(one["metadata"].get("finalizers") for one in pods(cluster, "sum"))
    row = cluster.kubectl("get", "job", "sum", "--no-headers").ok().split()
    assert row[1:3] == ["Complete", "3/3"]
    cluster.kubectl("delete", "job", "sum", "--timeout=30s").ok()
    until("its pods go with it", lambda: not pods(cluster, "sum"))


def test_pods_of_an_indexed_job_know_their_index(cluster: Cluster) -> None:
    command = "echo $(hostname) $JOB_COMPLETION_INDEX; test $JOB_COMPLETION_INDEX != 1"
    create(
        cluster,
        job(
            "squares", "sh", "-c", command,
            completions=3, parallelism=3, completionMode="Indexed", backoffLimitPerIndex=0,
        ),
    )  # fmt: skip
    wait(cluster, "squares", "failed")
    seen = status(cluster, "squares")
    assert (seen["completedIndexes"], seen["failedIndexes"]) == ("0,2", "1")
    assert (seen["succeeded"], seen["failed"]) == (2, 1)
    last = seen["conditions"][-1]
    assert (last["type"], last["reason"], last["message"]) == (
        "Failed",
        "FailedIndexes",
        "Job has failed indexes",
    )
    label = "batch.kubernetes.io/job-completion-index=2"
    assert cluster.kubectl("logs", "-l", label).out.strip() == "squares-2 2"


def test_failures_end_a_job_by_their_number_by_its_deadline_or_by_a_policy(
    cluster: Cluster,
) -> None:
    rules = [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}]
    create(
        cluster,
        job("hopeless", "false", backoffLimit=0),
        job("endless", *SLEEP, activeDeadlineSeconds=1),
        job("picky", "sh", "-c", "exit 42", podFailurePolicy={"rules": rules}),
    )
    expected = {
        "hopeless": ("BackoffLimitExceeded", "Job has reached the specified backoff limit"),
        "endless": ("DeadlineExceeded", "Job was active longer than specified deadline"),
        "picky": (
            "PodFailurePolicy",
            "Container main for pod default/{pod} failed with exit code 42 matching FailJob rule"
            " at index 0",
        ),
    }
    for name, (reason, message) in expected.items():
        wait(cluster, name, "failed")
        seen = status(cluster, name)
        assert seen["failed"] == 1
        assert "active" not in seen
        assert [one["type"] for one in seen["conditions"]] == ["FailureTarget", "Failed"]
        podname = pods(cluster, name)[0]["metadata"]["name"] if name == "picky" else ""
        last = seen["conditions"][-1]
        assert (last["reason"], last["message"]) == (reason, message.format(pod=podname))
        until("an Event says so", lambda r=reason, n=name: r in reasons(cluster, n))


def test_a_job_can_be_suspended_and_resumed(cluster: Cluster) -> None:
    fails_when_stopped = "trap 'exit 7' TERM; sleep 86400 & wait"
    create(cluster, job("patient", "sh", "-c", fails_when_stopped, podReplacementPolicy="Failed"))
    until("it runs", lambda: status(cluster, "patient").get("ready") == 1)
    suspend = json.dumps({"spec": {"suspend": True}})
    cluster.kubectl("patch", "job", "patient", "-p", suspend).ok()
    wait(cluster, "patient", "suspended")
    until("its pod ends", lambda: not pods(cluster, "patient"))
    assert "failed" not in status(cluster, "patient")
    cluster.kubectl("patch", "job", "patient", "-p", suspend.replace("true", "false")).ok()
    until("it runs again", lambda: status(cluster, "patient").get("ready") == 1)
    story = {"Suspended", "Resumed", "SuccessfulDelete"}
    until("Events say so", lambda: story <= set(reasons(cluster, "patient")))
    cluster.kubectl("delete", "pods", "-l", "job-name=patient").ok()
    until("the loss is counted", lambda: status(cluster, "patient").get("failed") == 1)
    cluster.kubectl("delete", "job", "patient", "--cascade=foreground", "--timeout=30s").ok()


def test_a_finished_job_goes_when_its_time_is_over(cluster: Cluster) -> None:
    create(cluster, job("fleeting", "true", ttlSecondsAfterFinished=1))
    cluster.kubectl("wait", "--for=delete", "job/fleeting", "--timeout=30s").ok()
    until("its pods are gone", lambda: not pods(cluster, "fleeting"))


def test_enough_successes_by_policy_end_the_other_pods(cluster: Cluster) -> None:
    command = 'test "$JOB_COMPLETION_INDEX" = 0 || sleep 86400'
    create(
        cluster,
        job(
            "leader", "sh", "-c", command, completions=2, parallelism=2,
            completionMode="Indexed", successPolicy={"rules": [{"succeededIndexes": "0"}]},
        ),
    )  # fmt: skip
    wait(cluster, "leader", "complete")
    seen = status(cluster, "leader")
    assert [one["reason"] for one in seen["conditions"]] == ["SuccessPolicy"] * 2
    assert (seen["succeeded"], seen.get("failed", 0)) == (1, 0)


def test_a_pod_without_a_job_keeps_nothing_of_it(cluster: Cluster) -> None:
    create(cluster, job("parent", *SLEEP))
    until("it runs", lambda: status(cluster, "parent").get("ready") == 1)
    cluster.kubectl("delete", "job", "parent", "--cascade=orphan").ok()
    (left,) = until(
        "its pod is free",
        lambda: [p for p in pods(cluster, "parent") if not p["metadata"].get("finalizers")],
    )
    assert not left["metadata"].get("ownerReferences")
    cluster.kubectl("delete", "pod", left["metadata"]["name"], "--timeout=30s").ok()

"""Why a workload does not have the pods that it wants. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from minikube8s.api.meta import condition, is_pod_ready
from minikube8s.cli.explaining import pods
from minikube8s.cli.explaining.facts import Facts, Object, latest, plural, spec, status, when, words
from minikube8s.cli.explaining.story import Finding, finding, grouped

KINDS = frozenset(
    {
        "Deployment",
        "ReplicaSet",
        "ReplicationController",
        "StatefulSet",
        "DaemonSet",
        "Job",
        "CronJob",
    }
)


def state(obj: Object) -> str:
    """Return in a few words how the workload is."""
    kind, told = obj["kind"], status(obj)
    if kind == "CronJob":
        last = told.get("lastScheduleTime")
        return f"started its last Job at {last}" if last else "has not started a Job yet"
    if kind == "Job":
        counts = ", ".join(f"{told.get(one, 0)} {one}" for one in ("active", "succeeded", "failed"))
        return f"has {counts}"
    if kind == "DaemonSet":
        wanted, ready = told.get("desiredNumberScheduled", 0), told.get("numberReady", 0)
        return f"has {ready} of {plural(wanted, 'pod')} ready"
    return f"has {told.get('readyReplicas', 0)} of {plural(_wanted(obj), 'pod')} ready"


def troubles(facts: Facts) -> list[Finding]:
    """Return what keeps the workload from what it wants."""
    return [*_unseen(facts.object), *_own(facts), *_pods(facts)]


def _wanted(obj: Mapping[str, Any]) -> int:
    count = spec(obj).get("replicas")
    return 1 if count is None else int(count)


def _unseen(obj: Object) -> Iterator[Finding]:
    seen, generation = status(obj).get("observedGeneration"), obj["metadata"].get("generation")
    if generation is not None and seen is not None and seen < generation:
        yield finding("Its controller has not acted on the newest change of its spec yet.")


def _own(facts: Facts) -> Iterator[Finding]:
    yield from _OWN.get(facts.object["kind"], _failed_writes)(facts)


def _failed_writes(facts: Facts) -> Iterator[Finding]:
    failed = condition(facts.object, "ReplicaFailure")
    event = latest(facts.about, "FailedCreate", "FailedDelete", "ReplicaSetCreateError")
    if failed is not None and failed["status"] == "True":
        yield finding(words(failed), _AFTER_REFUSAL)
    elif event is not None and facts.object["kind"] not in ("Deployment", "ReplicaSet"):
        yield finding(words(event), _AFTER_REFUSAL)


_AFTER_REFUSAL = (
    "Correct the template, or what refuses its pods (a ResourceQuota, a LimitRange, a missing"
    " ServiceAccount or PriorityClass), as the message tells."
)


def _deployment(facts: Facts) -> Iterator[Finding]:
    deployment = facts.object
    name = deployment["metadata"]["name"]
    if spec(deployment).get("paused"):
        yield finding("It is paused.", f"Let it go on: `kubectl rollout resume deployment/{name}`.")
    yield from _failed_writes(facts)
    progress = condition(deployment, "Progressing")
    if progress is not None and progress["status"] == "False":
        yield finding(
            f"Its rollout does not get on: {words(progress)}",
            f"Mend what keeps its new pods, or go back: `kubectl rollout undo deployment/{name}`.",
        )


def _stateful_set(facts: Facts) -> Iterator[Finding]:
    yield from _failed_writes(facts)
    ordered = spec(facts.object).get("podManagementPolicy", "OrderedReady") == "OrderedReady"
    if ordered and len(facts.pods) < _wanted(facts.object):
        waited = [pod["metadata"]["name"] for pod in facts.pods if not is_pod_ready(pod)]
        if waited:
            yield finding(f"It makes one pod after the other and waits until {waited[0]} is ready.")


def _daemon_set(facts: Facts) -> Iterator[Finding]:
    yield from _failed_writes(facts)
    if status(facts.object).get("desiredNumberScheduled", 0) == 0:
        yield finding(
            "No node suits it.",
            "Its nodeSelector or affinity has to match a node's labels, and its tolerations the"
            " taints.",
        )
    astray = status(facts.object).get("numberMisscheduled", 0)
    if astray:
        yield finding(f"{plural(astray, 'pod')} of it run where they should not any more.")


def _job(facts: Facts) -> Iterator[Finding]:
    job = facts.object
    name = job["metadata"]["name"]
    if spec(job).get("suspend"):
        patch = """-p '{"spec":{"suspend":false}}'"""
        yield finding("It is suspended.", f"Let it go on: `kubectl patch job/{name} {patch}`.")
    for kind in ("Failed", "FailureTarget"):
        failed = condition(job, kind)
        if failed is not None and failed["status"] == "True":
            yield finding(
                f"It has failed: {words(failed)}",
                f"See `kubectl logs job/{name}`; delete it and create it anew, corrected.",
            )
            return
    yield from _failed_writes(facts)


def _cron_job(facts: Facts) -> Iterator[Finding]:
    cronjob = facts.object
    name = cronjob["metadata"]["name"]
    if spec(cronjob).get("suspend"):
        patch = """-p '{"spec":{"suspend":false}}'"""
        yield finding("It is suspended.", f"Let it go on: `kubectl patch cronjob/{name} {patch}`.")
    event = latest(
        facts.about,
        "MissSchedule",
        "TooManyMissedTimes",
        "UnparseableSchedule",
        "InvalidSchedule",
        "UnknownTimeZone",
        "FailedCreate",
        "JobAlreadyActive",
    )
    if event is not None:
        yield finding(f"{words(event)} ({facts.ago(when(event))})")
    active = status(cronjob).get("active") or []
    if active and spec(cronjob).get("concurrencyPolicy") == "Forbid":
        yield finding(
            f"{active[0]['name']} still runs, and concurrencyPolicy Forbid lets no other Job start."
        )


_OWN: dict[str, Callable[[Facts], Iterator[Finding]]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "CronJob": _cron_job,
}


def _pods(facts: Facts) -> list[Finding]:
    found: list[tuple[str, Finding]] = []
    for pod in facts.pods:
        if pod["metadata"].get("deletionTimestamp"):
            continue
        name = pod["metadata"]["name"]
        found += [(name, one) for one in pods.troubles(facts, pod)[:1]]
    return grouped(found, len(facts.pods))

"""What a pod's failure means by a podFailurePolicy, in Kubernetes' words. Pure."""

from __future__ import annotations

from typing import NamedTuple

from minikube8s.api.views import Job
from minikube8s.api.views.batch import OnExitCodes, OnPodCondition
from minikube8s.controllers.jobs.jobpod import JobPod


class Meaning(NamedTuple):
    """Whether a failure counts, the action of the rule that matched, and why the job fails."""

    counts: bool
    action: str = ""
    message: str = ""


_ORDINARY = Meaning(counts=True)


def meaning_of(pod: JobPod, job: Job) -> Meaning:
    """Return what the failure of `pod` means to its job: the first rule that matches decides."""
    policy = job.spec.pod_failure_policy
    for position, rule in enumerate(policy.rules if policy else ()):
        if rule.on_exit_codes is not None:
            container = _failed_container(pod, rule.on_exit_codes)
            if container is None:
                continue
            name, code = container
            story = f"Container {name} for pod {_full_name(pod)} failed with exit code {code}"
        else:
            condition = _condition(pod, rule.on_pod_conditions)
            if condition is None:
                continue
            story = f"Pod {_full_name(pod)} has condition {condition}"
        message = f"{story} matching {rule.action} rule at index {position}"
        return Meaning(
            counts=rule.action != "Ignore",
            action=rule.action,
            message=message if rule.action == "FailJob" else "",
        )
    return _ORDINARY


def fails_index(pod: JobPod, job: Job) -> bool:
    """Tell whether no other pod is to try the index of `pod`, which failed."""
    limit = job.spec.backoff_limit_per_index
    meaning = meaning_of(pod, job)
    if limit is None or not meaning.counts:
        return False
    return meaning.action == "FailIndex" or pod.failures >= limit


def _full_name(pod: JobPod) -> str:
    return f"{pod.metadata.namespace}/{pod.metadata.name}"


def _failed_container(pod: JobPod, rule: OnExitCodes) -> tuple[str, int] | None:
    for name, code in pod.exits:
        if rule.container_name in (None, name) and (code in rule.values) == (rule.operator == "In"):
            return name, code
    return None


def _condition(pod: JobPod, patterns: tuple[OnPodCondition, ...]) -> str | None:
    wanted = {(pattern.type, pattern.status) for pattern in patterns}
    return next((one[0] for one in pod.conditions if one in wanted), None)

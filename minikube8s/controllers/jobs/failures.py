"""What a pod's failure means by a podFailurePolicy, in Kubernetes' words. Pure."""

from __future__ import annotations

from typing import NamedTuple

from minikube8s.api.views import Job, Pod
from minikube8s.api.views.batch import OnExitCodes, OnPodCondition
from minikube8s.api.views.pods import ContainerStatus, PodCondition
from minikube8s.controllers.jobs.model import failures_of


class Meaning(NamedTuple):
    """Whether a failure counts, the action of the rule that matched, and why the job fails."""

    counts: bool
    action: str = ""
    message: str = ""


_ORDINARY = Meaning(counts=True)


def meaning_of(pod: Pod, job: Job) -> Meaning:
    """Return what the failure of `pod` means to its job: the first rule that matches decides."""
    policy = job.spec.pod_failure_policy
    for position, rule in enumerate(policy.rules if policy else ()):
        if rule.on_exit_codes is not None:
            container = _failed_container(pod, rule.on_exit_codes)
            if container is None:
                continue
            code = container.state.terminated.exit_code if container.state.terminated else 0
            story = f"Container {container.name} for pod {_full_name(pod)} failed with exit code"
            story = f"{story} {code}"
        else:
            condition = _condition(pod, rule.on_pod_conditions)
            if condition is None:
                continue
            story = f"Pod {_full_name(pod)} has condition {condition.type}"
        message = f"{story} matching {rule.action} rule at index {position}"
        return Meaning(
            counts=rule.action != "Ignore",
            action=rule.action,
            message=message if rule.action == "FailJob" else "",
        )
    return _ORDINARY


def fails_index(pod: Pod, job: Job) -> bool:
    """Tell whether no other pod is to try the index of `pod`, which failed."""
    limit = job.spec.backoff_limit_per_index
    meaning = meaning_of(pod, job)
    if limit is None or not meaning.counts:
        return False
    return meaning.action == "FailIndex" or failures_of(pod) >= limit


def _full_name(pod: Pod) -> str:
    return f"{pod.metadata.namespace}/{pod.metadata.name}"


def _failed_container(pod: Pod, rule: OnExitCodes) -> ContainerStatus | None:
    for status in (*pod.status.container_statuses, *pod.status.init_container_statuses):
        ended = status.state.terminated
        if ended is None or ended.exit_code == 0:
            continue
        if rule.container_name in (None, status.name) and (
            (ended.exit_code in rule.values) == (rule.operator == "In")
        ):
            return status
    return None


def _condition(pod: Pod, patterns: tuple[OnPodCondition, ...]) -> PodCondition | None:
    wanted = {(pattern.type, pattern.status) for pattern in patterns}
    return next((one for one in pod.status.conditions if (one.type, one.status) in wanted), None)

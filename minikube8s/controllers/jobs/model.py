"""What a plan for a job is made from, and what a pod is to its job. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from minikube8s.api.views import Job
from minikube8s.controllers.jobs.jobpod import JobPod

MANAGER = "kubernetes.io/job-controller"
"""What spec.managedBy says of jobs that are ours."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A job, and the pods that it has or may adopt."""

    job: Job
    object: Mapping[str, Any]
    pods: tuple[JobPod, ...]


def is_ours(job: Job) -> bool:
    """Tell whether no other controller was asked to run the job."""
    return job.spec.managed_by in (None, MANAGER)


def is_failed(pod: JobPod, job: Job) -> bool:
    """Tell whether the pod counts as failed: a deleted one may do so before it has ended.

    One that no node has never ends: to be deleted is its end.
    """
    if pod.phase == "Failed":
        return True
    early = job.spec.pod_replacement_policy == "TerminatingOrFailed" or not pod.facts.node
    return early and pod.deleting and pod.phase != "Succeeded"


def is_in_range(pod: JobPod, job: Job) -> bool:
    """Tell whether the pod works on something that the job wants done."""
    if not job.indexed:
        return True
    return pod.index is not None and pod.index < (job.spec.completions or 0)

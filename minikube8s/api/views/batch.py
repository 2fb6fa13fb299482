"""Work that ends: Job and CronJob."""

from __future__ import annotations

from minikube8s.api.views.base import View
from minikube8s.api.views.meta import Condition, LabelSelector, ObjectMeta, ObjectReference
from minikube8s.api.views.pods import PodTemplateSpec


class OnExitCodes(View, frozen=True):
    """How containers ended; operator is In or NotIn. Without a name any container counts."""

    container_name: str | None = None
    operator: str = ""
    values: tuple[int, ...] = ()


class OnPodCondition(View, frozen=True):
    """A condition that a failed pod has."""

    type: str = ""
    status: str = "True"


class PodFailurePolicyRule(View, frozen=True):
    """What a failure means that looks so; action is Count, FailIndex, FailJob or Ignore."""

    action: str = ""
    on_exit_codes: OnExitCodes | None = None
    on_pod_conditions: tuple[OnPodCondition, ...] = ()


class PodFailurePolicy(View, frozen=True):
    """The first rule that matches decides."""

    rules: tuple[PodFailurePolicyRule, ...] = ()


class SuccessPolicyRule(View, frozen=True):
    """Which indexes have to succeed, or how many of them."""

    succeeded_indexes: str | None = None
    succeeded_count: int | None = None


class SuccessPolicy(View, frozen=True):
    """One rule that holds is enough."""

    rules: tuple[SuccessPolicyRule, ...] = ()


class JobSpec(View, frozen=True):
    """batchv1.JobSpec. Times in seconds."""

    parallelism: int = 1
    completions: int | None = None
    completion_mode: str = "NonIndexed"
    active_deadline_seconds: int | None = None
    backoff_limit: int = 6
    backoff_limit_per_index: int | None = None
    max_failed_indexes: int | None = None
    pod_failure_policy: PodFailurePolicy | None = None
    success_policy: SuccessPolicy | None = None
    pod_replacement_policy: str = "TerminatingOrFailed"
    selector: LabelSelector = LabelSelector()
    template: PodTemplateSpec = PodTemplateSpec()
    ttl_seconds_after_finished: int | None = None
    suspend: bool = False
    managed_by: str | None = None


class UncountedTerminatedPods(View, frozen=True):
    """The uids of ended pods that are not in the counters yet."""

    succeeded: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


class JobStatus(View, frozen=True):
    """batchv1.JobStatus. Indexes are written as `0,3-5`."""

    conditions: tuple[Condition, ...] = ()
    start_time: str | None = None
    completion_time: str | None = None
    active: int = 0
    ready: int | None = None
    terminating: int | None = None
    succeeded: int = 0
    failed: int = 0
    completed_indexes: str = ""
    failed_indexes: str | None = None
    uncounted_terminated_pods: UncountedTerminatedPods | None = None


class Job(View, frozen=True):
    """batchv1.Job."""

    api_version: str = "batch/v1"
    kind: str = "Job"
    metadata: ObjectMeta = ObjectMeta()
    spec: JobSpec = JobSpec()
    status: JobStatus = JobStatus()

    @property
    def indexed(self) -> bool:
        """Whether every pod works on an index of its own."""
        return self.spec.completion_mode == "Indexed"

    def condition(self, *types: str) -> Condition | None:
        """Return the first condition of one of these types that is True."""
        return next(
            (one for one in self.status.conditions if one.type in types and one.status == "True"),
            None,
        )

    @property
    def ending(self) -> Condition | None:
        """The condition that says how the job ended; None while it has not."""
        return self.condition("Complete", "Failed")


class CronJobSpec(View, frozen=True):
    """batchv1.CronJobSpec, without the job template. Times in seconds."""

    schedule: str = ""
    time_zone: str | None = None
    starting_deadline_seconds: int | None = None
    concurrency_policy: str = "Allow"
    suspend: bool = False
    successful_jobs_history_limit: int | None = None
    failed_jobs_history_limit: int | None = None


class CronJobStatus(View, frozen=True):
    """batchv1.CronJobStatus."""

    active: tuple[ObjectReference, ...] = ()
    last_schedule_time: str | None = None
    last_successful_time: str | None = None


class CronJob(View, frozen=True):
    """batchv1.CronJob."""

    api_version: str = "batch/v1"
    kind: str = "CronJob"
    metadata: ObjectMeta = ObjectMeta()
    spec: CronJobSpec = CronJobSpec()
    status: CronJobStatus = CronJobStatus()

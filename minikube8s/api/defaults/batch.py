"""Defaults of jobs and their schedules."""

from __future__ import annotations

from typing import Any

from minikube8s.api.defaults.fill import fill
from minikube8s.api.defaults.pods import pod_template

_RETRIES = 6
_UNBOUNDED = 2**31 - 1


def job(obj: dict[str, Any]) -> None:
    """Fill a Job; one that says nothing of how many pods it needs needs one."""
    spec = obj.setdefault("spec", {})
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    indexed = spec.get("backoffLimitPerIndex") is not None
    policy = spec.get("podFailurePolicy")
    fill(
        spec,
        parallelism=1,
        backoffLimit=_UNBOUNDED if indexed else _RETRIES,
        completionMode="NonIndexed",
        suspend=False,
        manualSelector=False,
        podReplacementPolicy="TerminatingOrFailed" if policy is None else "Failed",
    )
    for rule in (policy or {}).get("rules") or ():
        for pattern in rule.get("onPodConditions") or ():
            fill(pattern, status="True")
    template = spec.setdefault("template", {})
    pod_template(template)
    metadata = obj.setdefault("metadata", {})
    if template["metadata"].get("labels") and not metadata.get("labels"):
        metadata["labels"] = dict(template["metadata"]["labels"])


def cron_job(obj: dict[str, Any]) -> None:
    """Fill a CronJob; the rest of its job template is filled in each job."""
    spec = obj.setdefault("spec", {})
    fill(
        spec,
        concurrencyPolicy="Allow",
        suspend=False,
        successfulJobsHistoryLimit=3,
        failedJobsHistoryLimit=1,
    )
    template = spec.setdefault("jobTemplate", {})
    template.setdefault("metadata", {})
    pod_template(template.setdefault("spec", {}).setdefault("template", {}))

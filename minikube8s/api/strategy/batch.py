"""Jobs and CronJobs."""

from __future__ import annotations

from typing import ClassVar

from minikube8s.api import cron, names, timezones
from minikube8s.api.errors import Cause, invalid_value, required, too_long, unsupported
from minikube8s.api.strategy.checks import jobs, workload
from minikube8s.api.strategy.checks.common import (
    Obj,
    kept,
    label_selector,
    labels,
    named,
    not_negative,
    one_of,
    optional_one_of,
)
from minikube8s.api.strategy.checks.metadata import check_annotations
from minikube8s.api.strategy.model import Strategy

_UID_LABEL = "batch.kubernetes.io/controller-uid"
_NAME_LABEL = "batch.kubernetes.io/job-name"
_OLD_UID_LABEL, _OLD_NAME_LABEL = "controller-uid", "job-name"

CRON_JOB_NAME = 52
"""The longest name of a CronJob: its jobs append a time of 11 characters."""
_MANAGER = 63
_NUMBERS = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
    "ttlSecondsAfterFinished",
)
_FIXED = (
    "backoffLimitPerIndex",
    "completionMode",
    "managedBy",
    "podFailurePolicy",
    "selector",
    "successPolicy",
)
_SCHEDULING = ("affinity", "nodeSelector", "schedulingGates", "tolerations")
"""What of a pod template may change while the job is suspended, besides metadata."""


class JobStrategy(Strategy):
    """Hooks of Jobs, which mark their pods with their own uid."""

    orphans: ClassVar[bool] = True
    generation_sections: ClassVar[tuple[str, ...]] = ("spec",)
    first_status: ClassVar[Obj | None] = {}

    def prepare_create(self, obj: Obj) -> None:
        """Select exactly the job's own pods, unless its author does it."""
        super().prepare_create(obj)
        if not obj["spec"].get("manualSelector"):
            _mark(obj)
        labels = ((obj["spec"].get("template") or {}).get("metadata") or {}).get("labels")
        if labels and not obj["metadata"].get("labels"):
            obj["metadata"]["labels"] = dict(labels)

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, selector, numbers and template."""
        spec = obj["spec"]
        causes = super().validate(obj)
        selector = spec.get("selector")
        if selector is None:
            causes.append(required("spec.selector"))
        else:
            causes += label_selector("spec.selector", selector)
        causes += workload.check_labels(spec.get("template") or {}, selector)
        return causes + check_job_spec("spec", spec) + _host_name(obj)

    def validate_new(self, obj: Obj) -> list[Cause]:
        """Check the selector that was made for the job."""
        return [] if obj["spec"].get("manualSelector") else _marked(obj)

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep what the pods are made by; an indexed job may change its size."""
        causes = super().validate_update(new, old, subresource)
        spec, before = new["spec"], old["spec"]
        if spec.get("completions") != before.get("completions"):
            causes += _resized(spec, before)
        causes += kept(spec, before, _FIXED, "spec.")
        if _fixed_template(spec, before) != before.get("template"):
            causes += kept(spec, before, ("template",), "spec.")
        return causes


class CronJobStrategy(Strategy):
    """Hooks of CronJobs."""

    generation_sections: ClassVar[tuple[str, ...]] = ("spec",)
    first_status: ClassVar[Obj | None] = {}

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, schedule, numbers and template."""
        spec, causes = obj["spec"], super().validate(obj)
        name = obj["metadata"].get("name") or ""
        if len(name) > CRON_JOB_NAME:
            why = f"must be no more than {CRON_JOB_NAME} characters"
            causes.append(invalid_value("metadata.name", name, why))
        causes += _schedule(spec)
        causes += one_of(
            "spec.concurrencyPolicy", spec.get("concurrencyPolicy"), ("Allow", "Forbid", "Replace")
        )
        for name in (
            "startingDeadlineSeconds",
            "successfulJobsHistoryLimit",
            "failedJobsHistoryLimit",
        ):
            causes += not_negative(f"spec.{name}", spec.get(name))
        return causes + _job_template("spec.jobTemplate", spec.get("jobTemplate") or {})


def check_job_spec(field: str, spec: Obj) -> list[Cause]:
    """Check what a job and the template of one have in common."""
    causes = [
        cause for name in _NUMBERS for cause in not_negative(f"{field}.{name}", spec.get(name))
    ]
    causes += _managed(f"{field}.managedBy", spec.get("managedBy"))
    mode = spec.get("completionMode")
    causes += optional_one_of(f"{field}.completionMode", mode, ("NonIndexed", "Indexed"))
    causes += jobs.check_indexes(field, spec)
    causes += jobs.check_failures(field, spec) + jobs.check_success(field, spec)
    policy = spec.get("podReplacementPolicy")
    judged = spec.get("podFailurePolicy") is not None
    replacing = ("Failed",) if judged else ("Failed", "TerminatingOrFailed")
    causes += optional_one_of(f"{field}.podReplacementPolicy", policy, replacing)
    template = spec.get("template") or {}
    causes += workload.check_template(f"{field}.template", template)
    return causes + _restarts(field, spec, template.get("spec") or {})


def _resized(spec: Obj, before: Obj) -> list[Cause]:
    """Check a change of how many pods have to succeed, which indexed jobs alone may make."""
    completions = spec.get("completions")
    if spec.get("completionMode") != "Indexed":
        return kept(spec, before, ("completions",), "spec.")
    if completions is None or completions == spec.get("parallelism"):
        return []
    why = "can only be modified in tandem with spec.parallelism"
    return [invalid_value("spec.completions", completions, why)]


def _host_name(job: Obj) -> list[Cause]:
    """Check that the pod of the last index can have its host name."""
    spec, name = job["spec"], job["metadata"].get("name") or ""
    completions = spec.get("completions") or 0
    if spec.get("completionMode") != "Indexed" or completions <= 0:
        return []
    longest = f"{name}-{completions - 1}"
    if not names.dns1123_label(longest):
        return []
    why = f"will not able to create pod with invalid DNS label: {longest}"
    return [invalid_value("metadata.name", name, why)]


def _managed(field: str, manager: str | None) -> list[Cause]:
    if manager is None:
        return []
    causes = named(field, manager, names.domain_path)
    return [*causes, too_long(field, _MANAGER)] if len(manager) > _MANAGER else causes


def _restarts(field: str, spec: Obj, pod: Obj) -> list[Cause]:
    """Check that the pods may end."""
    at, policy = f"{field}.template.spec.restartPolicy", pod.get("restartPolicy")
    valid = 'valid values: "OnFailure", "Never"'
    if policy in ("Always", "", None):
        return [required(at, valid)]
    if policy not in ("OnFailure", "Never"):
        return [unsupported(at, policy, ("OnFailure", "Never"))]
    if spec.get("podFailurePolicy") is not None and policy != "Never":
        why = 'only "Never" is supported when podFailurePolicy is specified'
        return [invalid_value(at, policy, why)]
    return []


def _marks(metadata: Obj) -> dict[str, str]:
    """Return the labels by which the pods of a job are known."""
    name, uid = metadata.get("name") or "", metadata.get("uid") or ""
    return {_OLD_UID_LABEL: uid, _OLD_NAME_LABEL: name, _UID_LABEL: uid, _NAME_LABEL: name}


def _mark(job: Obj) -> None:
    """Add what is missing of the marks; marks of another job stay, and are refused later."""
    spec, marks = job["spec"], _marks(job["metadata"])
    about = spec.setdefault("template", {}).setdefault("metadata", {})
    about["labels"] = marks | (about.get("labels") or {})
    selector = spec.setdefault("selector", {})
    chosen = selector.get("matchLabels") or {}
    selector["matchLabels"] = {_UID_LABEL: marks[_UID_LABEL], **chosen}


def _marked(job: Obj) -> list[Cause]:
    """Check that the job selects its own pods, not those of the job it was copied from."""
    spec, marks = job["spec"], _marks(job["metadata"])
    labels = spec["template"]["metadata"]["labels"]
    causes = [
        invalid_value(f"spec.template.metadata.labels[{key}]", labels, f"must be '{value}'")
        for key, value in marks.items()
        if labels.get(key) != value
    ]
    if not workload.matches(spec["selector"], marks):
        why = "`selector` not auto-generated"
        causes.append(invalid_value("spec.selector", spec["selector"], why))
    return causes


def _fixed_template(new: Obj, old: Obj) -> Obj:
    """Return the new template with the old values of what may change in a suspended job."""
    template: Obj = new.get("template") or {}
    before = old.get("template") or {}
    if not old.get("suspend") or not isinstance(before.get("spec"), dict):
        return template
    spec = dict(template.get("spec") or {})
    for name in _SCHEDULING:
        if name in before["spec"]:
            spec[name] = before["spec"][name]
        else:
            spec.pop(name, None)
    return {**template, "metadata": before.get("metadata"), "spec": spec}


def _schedule(spec: Obj) -> list[Cause]:
    schedule, zone = spec.get("schedule") or "", spec.get("timeZone")
    field = "spec.schedule"
    causes: list[Cause] = []
    if not schedule:
        causes.append(required(field))
    elif "TZ" in schedule:
        why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        causes.append(invalid_value(field, schedule, why))
    else:
        causes += [invalid_value(field, schedule, problem) for problem in cron.problems(schedule)]
    if zone is not None:
        causes += _zone("spec.timeZone", zone)
    return causes


def _zone(field: str, zone: str) -> list[Cause]:
    if not zone:
        return [invalid_value(field, zone, "timeZone must be nil or non-empty string")]
    if zone.lower() == "local":
        why = "timeZone must be an explicit time zone as defined in"
        return [invalid_value(field, zone, f"{why} https://www.iana.org/time-zones")]
    if timezones.find(zone) is None:
        return [invalid_value(field, zone, f"unknown time zone {zone}")]
    return []


def _job_template(field: str, template: Obj) -> list[Cause]:
    about, spec = template.get("metadata") or {}, template.get("spec") or {}
    causes = labels(f"{field}.metadata.labels", about.get("labels"))
    causes += check_annotations(f"{field}.metadata.annotations", about.get("annotations"))
    causes += check_job_spec(f"{field}.spec", spec)
    if spec.get("selector") is not None:
        why = "`selector` will be auto-generated"
        causes.append(invalid_value(f"{field}.spec.selector", spec["selector"], why))
    if spec.get("manualSelector"):
        causes.append(unsupported(f"{field}.spec.manualSelector", True, ("nil", "false")))
    return causes

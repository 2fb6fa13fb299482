"""What Kubernetes itself warns of in objects that it takes, per kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from minikube8s.api.resources import Resource
from minikube8s.api.strategy import podwarnings
from minikube8s.api.strategy.checks.common import Obj

_OLD_CLASS = "volume.beta.kubernetes.io/storage-class"
_OLD_INGRESS_CLASS = "kubernetes.io/ingress.class"
_MOUNTABLE = "kubernetes.io/enforce-mountable-secrets"
_MANY_INDEXES, _MANY_PODS = 100_000, 10_000


def warnings(resource: Resource, obj: Obj) -> list[str]:
    """Return Kubernetes' sentences about an object."""
    find = _KINDS.get((resource.group, resource.kind))
    return [] if find is None else list(find(obj))


def _annotations(obj: Obj) -> dict[str, str]:
    return obj["metadata"].get("annotations") or {}


def _spec(obj: Obj) -> Obj:
    return obj.get("spec") or {}


def _pod(obj: Obj) -> Iterator[str]:
    return podwarnings.warnings("", obj)


def _template(obj: Obj) -> Iterator[str]:
    return podwarnings.warnings("spec.template.", _spec(obj).get("template") or {})


def _pod_template(obj: Obj) -> Iterator[str]:
    return podwarnings.warnings("template.", obj.get("template") or {})


def _stateful_set(obj: Obj) -> Iterator[str]:
    yield from _template(obj)
    for position, claim in enumerate(_spec(obj).get("volumeClaimTemplates") or ()):
        yield from _claim_spec(f"spec.volumeClaimTemplates[{position}].Spec", _spec(claim))
    if _spec(obj).get("revisionHistoryLimit", 0) < 0:
        why = "a negative value retains all historical revisions; a value >= 0 is recommended"
        yield f"spec.revisionHistoryLimit: {why}"


def _job(obj: Obj) -> Iterator[str]:
    return _job_spec("spec", _spec(obj))


def _cron_job(obj: Obj) -> Iterator[str]:
    return _job_spec("spec.jobTemplate.spec", _spec(_spec(obj).get("jobTemplate") or {}))


def _job_spec(field: str, spec: Obj) -> Iterator[str]:
    many = spec.get("completions", 0) > _MANY_INDEXES and spec.get("parallelism", 0) > _MANY_PODS
    if spec.get("completionMode") == "Indexed" and many:
        yield (
            f"{field}.completions: In Indexed Jobs with a number of completions higher than 10^5"
            " and a parallelism higher than 10^4, Kubernetes might not be able to track"
            " completedIndexes when a big number of indexes fail"
        )
    yield from podwarnings.warnings(f"{field}.template.", spec.get("template") or {})


def _claim(obj: Obj) -> Iterator[str]:
    yield from _old_class(obj)
    yield from _claim_spec("spec", _spec(obj))


def _claim_spec(field: str, spec: Obj) -> Iterator[str]:
    requests = (spec.get("resources") or {}).get("requests") or {}
    yield from podwarnings.fractional(
        f"{field}.resources.requests[storage]", requests.get("storage")
    )


def _volume(obj: Obj) -> Iterator[str]:
    yield from _old_class(obj)
    if _spec(obj).get("persistentVolumeReclaimPolicy") == "Recycle":
        yield (
            "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead,"
            " the recommended approach is to use dynamic provisioning."
        )
    needed = (_spec(obj).get("nodeAffinity") or {}).get("required") or {}
    at = "spec.nodeAffinity.required.nodeSelectorTerms"
    yield from podwarnings.old_terms(at, needed.get("nodeSelectorTerms") or [])


def _old_class(obj: Obj) -> Iterator[str]:
    if _OLD_CLASS in _annotations(obj):
        why = 'deprecated since v1.8; use "storageClassName" attribute instead'
        yield f"metadata.annotations[{_OLD_CLASS}]: {why}"


def _ingress(obj: Obj) -> Iterator[str]:
    if _OLD_INGRESS_CLASS in _annotations(obj):
        yield (
            f'annotation "{_OLD_INGRESS_CLASS}" is deprecated, please use'
            " 'spec.ingressClassName' instead"
        )


def _service(obj: Obj) -> Iterator[str]:
    if _spec(obj).get("clusterIP") == "None" and _spec(obj).get("sessionAffinity") == "ClientIP":
        yield "spec.SessionAffinity is ignored for headless services"


def _service_account(obj: Obj) -> Iterator[str]:
    if _MOUNTABLE in _annotations(obj):
        why = "prefer separate namespaces to isolate access to mounted secrets"
        yield f"metadata.annotations[{_MOUNTABLE}]: deprecated in v1.32+; {why}"


def _limit_range(obj: Obj) -> Iterator[str]:
    for position, limit in enumerate(_spec(obj).get("limits") or ()):
        for section in ("default", "defaultRequest", "min", "max"):
            for name in ("memory", "ephemeral-storage"):
                amount = (limit.get(section) or {}).get(name)
                field = f"spec.limits[{position}].{section}[{name}]"
                yield from podwarnings.fractional(field, amount)


_KINDS: dict[tuple[str, str], Callable[[Obj], Iterator[str]]] = {
    ("", "LimitRange"): _limit_range,
    ("", "PersistentVolume"): _volume,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Pod"): _pod,
    ("", "PodTemplate"): _pod_template,
    ("", "ReplicationController"): _template,
    ("", "Service"): _service,
    ("", "ServiceAccount"): _service_account,
    ("apps", "DaemonSet"): _template,
    ("apps", "Deployment"): _template,
    ("apps", "ReplicaSet"): _template,
    ("apps", "StatefulSet"): _stateful_set,
    ("batch", "CronJob"): _cron_job,
    ("batch", "Job"): _job,
    ("networking.k8s.io", "Ingress"): _ingress,
}

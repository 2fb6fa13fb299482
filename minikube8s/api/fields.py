"""Which fields a field selector may name, per kind, and their values. Pure.

Every kind offers `metadata.name` and `metadata.namespace`; the rest is what Kubernetes offers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minikube8s.api.quoting import quote
from minikube8s.api.resources import Resource

Obj = Mapping[str, Any]


def selectable(resource: Resource, obj: Obj) -> dict[str, str]:
    """Return the object's value for each field of its kind that selectors may name.

    Absent fields are "". Of an empty object it is the list of the kind's fields.
    """
    metadata = obj.get("metadata") or {}
    values = {"metadata.name": _text(metadata.get("name"))}
    if resource.namespaced:
        values["metadata.namespace"] = _text(metadata.get("namespace"))
    extra = _KINDS.get((resource.group, resource.kind))
    if extra is not None:
        values.update(extra(obj))
    return values


def refusal(resource: Resource, field: str) -> str:
    """Return why a kind cannot be selected by a field, in Kubernetes' words; empty where it can."""
    if (resource.group, resource.kind) in _KINDS:
        if field in selectable(resource, {}):
            return ""
        if resource.kind == "Job":
            return f"field label {quote(field)} not supported for batchv1.Job"
        return f"field label not supported: {field}"
    # What has no fields of its own takes both of these, namespaced or not.
    if field in {"metadata.name", "metadata.namespace"}:
        return ""
    names = '"metadata.name", "metadata.namespace"'
    return f"{quote(field)} is not a known field selector: only {names}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _at(obj: Obj, path: str) -> str:
    value: Any = obj
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return _text(value)


def _paths(*paths: str) -> Callable[[Obj], dict[str, str]]:
    return lambda obj: {path: _at(obj, path) for path in paths}


_POD = _paths(
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
)
_EVENT = _paths(
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "type",
)


def _pod(obj: Obj) -> dict[str, str]:
    addresses = (obj.get("status") or {}).get("podIPs") or ()
    return {
        **_POD(obj),
        # What clients of long ago call the node.
        "spec.host": _at(obj, "spec.nodeName"),
        "spec.hostNetwork": _at(obj, "spec.hostNetwork") or "false",
        "status.podIPs": ",".join(_text(address.get("ip")) for address in addresses),
    }


def _event(obj: Obj) -> dict[str, str]:
    source = _at(obj, "source.component") or _at(obj, "reportingComponent")
    return {**_EVENT(obj), "source": source}


_EVENT_V1 = _paths(
    "regarding.kind",
    "regarding.namespace",
    "regarding.name",
    "regarding.uid",
    "regarding.apiVersion",
    "regarding.resourceVersion",
    "regarding.fieldPath",
    "reason",
    "reportingController",
    "type",
)


def _job(obj: Obj) -> dict[str, str]:
    return {"status.successful": _at(obj, "status.succeeded") or "0"}


def _replicas(obj: Obj) -> dict[str, str]:
    return {"status.replicas": _at(obj, "status.replicas") or "0"}


def _node(obj: Obj) -> dict[str, str]:
    return {"spec.unschedulable": _at(obj, "spec.unschedulable") or "false"}


_KINDS: dict[tuple[str, str], Callable[[Obj], dict[str, str]]] = {
    ("", "Pod"): _pod,
    ("", "Event"): _event,
    ("", "Node"): _node,
    ("", "Namespace"): _paths("status.phase"),
    ("", "Secret"): _paths("type"),
    ("", "Service"): _paths("spec.clusterIP", "spec.type"),
    ("", "ReplicationController"): _replicas,
    ("apps", "ReplicaSet"): _replicas,
    ("batch", "Job"): _job,
    ("certificates.k8s.io", "CertificateSigningRequest"): _paths("spec.signerName"),
    ("events.k8s.io", "Event"): _EVENT_V1,
}

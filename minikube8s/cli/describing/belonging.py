"""What belongs to an object of some kind and is told beside it, one function a kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minikube8s.api.meta import annotations_of
from minikube8s.api.resources import (
    ENDPOINTSLICES,
    LEASES,
    LIMITRANGES,
    PODS,
    REPLICASETS,
    RESOURCEQUOTAS,
    SECRETS,
    SERVICES,
)
from minikube8s.api.selectors import from_label_selector, from_map
from minikube8s.cli.connection.client import ApiFailure
from minikube8s.cli.describing.common import Object

if TYPE_CHECKING:
    from minikube8s.cli.describing.gathering import Gatherer

_ENDED = ("Succeeded", "Failed")
_SERVICE = "kubernetes.io/service-name"
_ACCOUNT = "kubernetes.io/service-account"
_TOKEN = f"{_ACCOUNT}-token"
Related = dict[str, Any]


def _selected_pods(g: Gatherer, obj: Object) -> Related:
    """The pods that a workload's selector matches."""
    chosen = obj["spec"].get("selector")
    is_map = obj.get("kind") == "ReplicationController"
    labels = from_map(chosen) if is_map else from_label_selector(chosen)
    return {"pods": g.listed(PODS, obj["metadata"].get("namespace"), labels)}


def _sets_pods(g: Gatherer, obj: Object) -> Related:
    """The pods of a ReplicaSet, or the sentence why they are not shown."""
    try:
        return _selected_pods(g, obj)
    except ApiFailure as failure:
        return {"unseen": failure.status.get("message", "")}


def _claims_pods(g: Gatherer, obj: Object) -> Related:
    return {"pods": g.listed(PODS, obj["metadata"].get("namespace"))}


def _deployments_sets(g: Gatherer, obj: Object) -> Related:
    labels = from_label_selector(obj["spec"].get("selector"))
    try:
        return {"sets": g.listed(REPLICASETS, obj["metadata"].get("namespace"), labels)}
    except ApiFailure:
        return {}


def _services_slices(g: Gatherer, obj: Object) -> Related:
    labels = from_map({_SERVICE: obj["metadata"]["name"]})
    try:
        return {"slices": g.listed(ENDPOINTSLICES, obj["metadata"].get("namespace"), labels)}
    except ApiFailure:
        return {}


def _backends(g: Gatherer, obj: Object) -> Related:
    """The Services that an Ingress leads to, and their endpoints."""
    spec, namespace = obj.get("spec") or {}, obj["metadata"].get("namespace")
    paths = [
        path["backend"]
        for rule in spec.get("rules") or ()
        for path in (rule.get("http") or {}).get("paths") or ()
    ]
    backends = [spec.get("defaultBackend") or {}, *paths]
    names = sorted({one["service"]["name"] for one in backends if one.get("service")})
    services: dict[str, Object | str] = {}
    for name in names:
        try:
            services[name] = g.get(SERVICES, namespace, name)
        except ApiFailure as failure:
            services[name] = str(failure.status.get("message", ""))
    if not services:
        return {}
    try:
        slices = g.listed(ENDPOINTSLICES, namespace)
    except ApiFailure:
        slices = []
    return {"services": services, "slices": slices}


def _nodes_load(g: Gatherer, obj: Object) -> Related:
    name = obj["metadata"]["name"]

    def runs(pod: Object) -> bool:
        phase = (pod.get("status") or {}).get("phase")
        return pod["spec"].get("nodeName") == name and phase not in _ENDED

    related: Related = {"pods": None}
    fields = ",".join((f"spec.nodeName={name}", *(f"status.phase!={one}" for one in _ENDED)))
    try:
        related["pods"] = g.listed(PODS, None, keep=runs, fields=fields)
    except ApiFailure as failure:
        if failure.reason != "Forbidden":
            raise
    try:
        related["lease"] = g.get(LEASES, "kube-node-lease", name)
    except ApiFailure as failure:
        related["lease"] = failure.status.get("message", "")
    return related


def _limits_of_use(g: Gatherer, obj: Object) -> Related:
    related: Related = {}
    for word, resource in (("quotas", RESOURCEQUOTAS), ("ranges", LIMITRANGES)):
        try:
            related[word] = g.listed(resource, obj["metadata"]["name"])
        except ApiFailure as failure:
            if failure.reason != "NotFound":
                raise
    return related


def _accounts_secrets(g: Gatherer, obj: Object) -> Related:
    """The Secrets of the namespace that there are, and which of them are tokens of this account."""
    name, uid = obj["metadata"]["name"], obj["metadata"].get("uid", "")
    found = g.listed(SECRETS, obj["metadata"].get("namespace"))
    tokens = [
        one["metadata"]["name"]
        for one in found
        if one.get("type") == _TOKEN
        and annotations_of(one).get(f"{_ACCOUNT}.name") == name
        and annotations_of(one).get(f"{_ACCOUNT}.uid") == uid
    ]
    return {"secrets": {one["metadata"]["name"] for one in found}, "tokens": tokens}


RELATED: dict[tuple[str, str], Callable[[Gatherer, Object], Related]] = {
    ("", "ReplicationController"): _selected_pods,
    ("apps", "ReplicaSet"): _sets_pods,
    ("apps", "DaemonSet"): _selected_pods,
    ("apps", "StatefulSet"): _selected_pods,
    ("apps", "Deployment"): _deployments_sets,
    ("", "PersistentVolumeClaim"): _claims_pods,
    ("", "Service"): _services_slices,
    ("networking.k8s.io", "Ingress"): _backends,
    ("", "ServiceAccount"): _accounts_secrets,
    ("", "Node"): _nodes_load,
    ("", "Namespace"): _limits_of_use,
}

"""The rows: one a kind. Adding a kind starts here."""

from __future__ import annotations

from collections.abc import Iterable

from minikube8s.api.resources.model import ALL_VERBS, Resource, ResourceTable, Subresource

_NO_COLLECTION = tuple(verb for verb in ALL_VERBS if verb != "deletecollection")


def _subresources(*rows: Subresource) -> dict[str, Subresource]:
    return {row.name: row for row in rows}


def _status(kind: str) -> Subresource:
    return Subresource("status", kind)


_SCALE = Subresource("scale", "Scale", group="autoscaling", version="v1")


def _row(
    group: str,
    version: str,
    kind: str,
    plural: str,
    *,
    namespaced: bool = True,
    short: tuple[str, ...] = (),
    categories: tuple[str, ...] = (),
    subresources: Iterable[Subresource] = (),
    verbs: tuple[str, ...] = ALL_VERBS,
) -> Resource:
    return Resource(
        group=group,
        version=version,
        kind=kind,
        plural=plural,
        singular=kind.lower(),
        namespaced=namespaced,
        short_names=short,
        categories=categories,
        subresources=_subresources(*subresources),
        verbs=verbs,
        schema=f"io.k8s.api.{group.partition('.')[0] or 'core'}.{version}.{kind}",
    )


CONFIGMAPS = _row("", "v1", "ConfigMap", "configmaps", short=("cm",))
ENDPOINTS = _row("", "v1", "Endpoints", "endpoints", short=("ep",))
EVENTS = _row("", "v1", "Event", "events", short=("ev",))
NAMESPACES = _row(
    "",
    "v1",
    "Namespace",
    "namespaces",
    namespaced=False,
    short=("ns",),
    subresources=(Subresource("finalize", "Namespace", ("update",)), _status("Namespace")),
    verbs=_NO_COLLECTION,
)
NODES = _row(
    "",
    "v1",
    "Node",
    "nodes",
    namespaced=False,
    short=("no",),
    subresources=(_status("Node"),),
)
PODS = _row(
    "",
    "v1",
    "Pod",
    "pods",
    short=("po",),
    categories=("all",),
    subresources=(
        Subresource("binding", "Binding", ("create",)),
        Subresource("eviction", "Eviction", ("create",), group="policy", version="v1"),
        Subresource("log", "Pod", ("get",)),
        _status("Pod"),
    ),
)
SECRETS = _row("", "v1", "Secret", "secrets")
SERVICEACCOUNTS = _row("", "v1", "ServiceAccount", "serviceaccounts", short=("sa",))
SERVICES = _row(
    "",
    "v1",
    "Service",
    "services",
    short=("svc",),
    categories=("all",),
    subresources=(_status("Service"),),
)
DEPLOYMENTS = _row(
    "apps",
    "v1",
    "Deployment",
    "deployments",
    short=("deploy",),
    categories=("all",),
    subresources=(_SCALE, _status("Deployment")),
)
REPLICASETS = _row(
    "apps",
    "v1",
    "ReplicaSet",
    "replicasets",
    short=("rs",),
    categories=("all",),
    subresources=(_SCALE, _status("ReplicaSet")),
)
LEASES = _row("coordination.k8s.io", "v1", "Lease", "leases")
ENDPOINTSLICES = _row("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices")

RESOURCES = ResourceTable(
    (
        CONFIGMAPS,
        ENDPOINTS,
        EVENTS,
        NAMESPACES,
        NODES,
        PODS,
        SECRETS,
        SERVICEACCOUNTS,
        SERVICES,
        DEPLOYMENTS,
        REPLICASETS,
        LEASES,
        ENDPOINTSLICES,
    )
)

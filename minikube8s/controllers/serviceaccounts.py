"""What every namespace has: the ServiceAccount `default`, and the cluster's root certificate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from minikube8s.api.resources import CONFIGMAPS, NAMESPACES, SERVICEACCOUNTS, Resource
from minikube8s.api.views import ConfigMap
from minikube8s.controllers.actions import NOTHING, Create, Patch, Plan, view_ref
from minikube8s.controllers.runner import Reader
from minikube8s.store.watching import Event

ACCOUNT = "default"
ROOT_CA = "kube-root-ca.crt"
_DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal"
    " endpoints such as the internal service IP or kubernetes.default.svc. No other usage is"
    " guaranteed across distributions of Kubernetes clusters."
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One active namespace and what it has of that."""

    namespace: str
    has_account: bool
    certificate: ConfigMap | None


class ServiceAccountController:
    """Gives every active namespace its `default` account and root certificate."""

    name = "serviceaccount"
    watches = (NAMESPACES, SERVICEACCOUNTS, CONFIGMAPS)

    def __init__(self, root_ca: str = "") -> None:
        """`root_ca` is the CA's certificate in PEM; without one no ConfigMap is made."""
        self._root_ca = root_ca

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[str]:
        """Return the new namespace, or the one where something of ours was changed or deleted."""
        entry = event.entry
        if resource is NAMESPACES:
            return (entry.name,) if event.type == "ADDED" else ()
        if resource is SERVICEACCOUNTS:
            ours = entry.name == ACCOUNT and event.type == "DELETED"
        else:
            ours = entry.name == ROOT_CA and event.type != "ADDED"
        return (entry.namespace,) if ours else ()

    def read(self, reader: Reader, key: str) -> Snapshot | None:
        """Return what the namespace has, or None unless it is active."""
        namespace = reader.find(NAMESPACES, "", key)
        if namespace is None or namespace.meta.deletion_timestamp is not None:
            return None
        certificate = reader.find(CONFIGMAPS, key, ROOT_CA)
        return Snapshot(
            key,
            reader.find(SERVICEACCOUNTS, key, ACCOUNT) is not None,
            certificate.view(ConfigMap) if certificate is not None else None,
        )

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return what is missing or was changed."""
        return plan(snapshot, self._root_ca)


def plan(snapshot: Snapshot, root_ca: str) -> Plan:
    """Plan one look at one namespace."""
    creates = []
    if not snapshot.has_account:
        account = _object(SERVICEACCOUNTS, snapshot.namespace, ACCOUNT)
        creates.append(Create(SERVICEACCOUNTS, snapshot.namespace, account))
    if not root_ca:
        return Plan(creates=tuple(creates)) if creates else NOTHING
    data = {"ca.crt": root_ca}
    patches = []
    if snapshot.certificate is None:
        certificate = _object(CONFIGMAPS, snapshot.namespace, ROOT_CA)
        certificate["metadata"]["annotations"] = {"kubernetes.io/description": _DESCRIPTION}
        certificate["data"] = data
        creates.append(Create(CONFIGMAPS, snapshot.namespace, certificate))
    elif snapshot.certificate.data != data:
        known = dict.fromkeys(snapshot.certificate.data)
        target = view_ref(CONFIGMAPS, snapshot.certificate.metadata)
        patches.append(Patch(target, {"data": {**known, **data}}))
    return Plan(patches=tuple(patches), creates=tuple(creates))


def _object(resource: Resource, namespace: str, name: str) -> dict[str, Any]:
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": name, "namespace": namespace},
    }

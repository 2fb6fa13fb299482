"""What the plan for all Ingresses depends on, and which changes can matter to it."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from minikube8s.api.ingressing import CONTROLLER, class_of, is_served
from minikube8s.api.resources import (
    CONFIGMAPS,
    DEPLOYMENTS,
    INGRESSCLASSES,
    INGRESSES,
    SECRETS,
    SERVICEACCOUNTS,
    SERVICES,
    Resource,
)
from minikube8s.api.views import Ingress, IngressBackend, IngressClass, Secret, Service
from minikube8s.controllers.ingress import workload
from minikube8s.controllers.ingress.routing import Item, Pair, Surroundings
from minikube8s.controllers.runner import Reader
from minikube8s.kit import tlspairs
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Own:
    """The objects that serve Ingresses, as far as they are there."""

    deployment: Object | None
    service: Object | None
    account: Object | None
    config_maps: tuple[Object, ...]
    secrets: tuple[Object, ...]
    occupied: tuple[str, ...]
    """What somebody else has under the name of one of them: it is left alone."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The Ingresses to serve, what they name, and what serves them now."""

    items: tuple[Item, ...]
    strays: tuple[Item, ...]
    """Those of a class that has no object: formerly ours, or of others who do without one."""
    around: Surroundings
    own: Own


def read(reader: Reader) -> Snapshot:
    """Return the Ingresses of our classes, and everything that they name."""
    known = {one.name: one.view(IngressClass) for one in reader.list(INGRESSCLASSES, None)}
    ours = {name for name, one in known.items() if one.spec.controller == CONTROLLER}
    found = [(one.view(Ingress), one.object) for one in reader.list(INGRESSES, None)]
    items = tuple(item for item in found if is_served(item[0], ours))
    strays = tuple(item for item in found if class_of(item[0]) not in known)
    around = Surroundings(_services(reader, items), _pairs(reader, items), _refusal)
    return Snapshot(items, strays, around, _own(reader))


def pair_of(secret: Entry) -> Pair | None:
    """Return the certificate and the key that a Secret holds, None if it holds none."""
    data = secret.view(Secret).data
    try:
        texts = [b64decode(data[name], validate=True).decode() for name in ("tls.crt", "tls.key")]
    except (KeyError, binascii.Error, UnicodeDecodeError):
        return None
    return Pair(*texts) if all(texts) else None


def _refusal(pair: Pair) -> str:
    return tlspairs.refusal(*pair)


def matters(resource: Resource, event: Event, reader: Reader) -> bool:
    """Tell whether the change can matter to what is served."""
    entry, previous = event.entry, event.previous
    if resource in (INGRESSES, INGRESSCLASSES):
        return True
    if entry.namespace == workload.NAMESPACE and _is_own(entry):
        return True
    if resource is SERVICES:
        known = previous is not None and event.type != "DELETED"
        if known and previous is not None and _spec(entry) == _spec(previous):
            return False
        return any(entry.name in _backends(one) for one in _ingresses(reader, entry.namespace))
    if resource is SECRETS:
        return any(
            entry.name == tls.secret_name
            for one in _ingresses(reader, entry.namespace)
            for tls in one.spec.tls
        )
    return False


def _ingresses(reader: Reader, namespace: str) -> Iterator[Ingress]:
    return (entry.view(Ingress) for entry in reader.list(INGRESSES, namespace))


def _spec(service: Entry) -> Any:
    return service.view(Service).spec


def _is_own(entry: Entry) -> bool:
    """Tell whether it is one of the objects that serve Ingresses, or has the name of one."""
    return entry.name == workload.NAME or _is_labelled(entry)


def _backends(ingress: Ingress) -> set[str]:
    """Return the names of the Services that the Ingress names."""
    backends: list[IngressBackend | None] = [ingress.spec.default_backend]
    for rule in ingress.spec.rules:
        backends += [path.backend for path in rule.http.paths] if rule.http else []
    return {one.service.name for one in backends if one is not None and one.service is not None}


def _services(reader: Reader, items: Sequence[Item]) -> dict[tuple[str, str], Service]:
    names = {
        (ingress.metadata.namespace, name) for ingress, _ in items for name in _backends(ingress)
    }
    found = ((name, reader.find(SERVICES, *name)) for name in names)
    return {name: entry.view(Service) for name, entry in found if entry is not None}


def _pairs(reader: Reader, items: Sequence[Item]) -> dict[tuple[str, str], Pair]:
    names = {
        (ingress.metadata.namespace, tls.secret_name)
        for ingress, _ in items
        for tls in ingress.spec.tls
    }
    found = ((name, reader.find(SECRETS, *name)) for name in names)
    pairs = ((name, pair_of(entry)) for name, entry in found if entry is not None)
    return {name: pair for name, pair in pairs if pair is not None}


def _own(reader: Reader) -> Own:
    occupied: list[str] = []

    def one(resource: Resource) -> Object | None:
        entry = reader.find(resource, workload.NAMESPACE, workload.NAME)
        if entry is not None and not _is_labelled(entry):
            occupied.append(f"{resource.kind} {workload.NAMESPACE}/{workload.NAME}")
            return None
        return entry.object if entry is not None else None

    def labelled(resource: Resource) -> tuple[Object, ...]:
        entries = reader.list(resource, workload.NAMESPACE)
        return tuple(entry.object for entry in entries if _is_labelled(entry))

    return Own(
        one(DEPLOYMENTS),
        one(SERVICES),
        one(SERVICEACCOUNTS),
        labelled(CONFIGMAPS),
        labelled(SECRETS),
        tuple(occupied),
    )


def _is_labelled(entry: Entry) -> bool:
    return workload.LABELS.items() <= entry.labels.items()

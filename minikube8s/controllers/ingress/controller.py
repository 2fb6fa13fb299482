"""What wakes the Ingress controller. All Ingresses make one configuration, so there is one key."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

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
from minikube8s.controllers.actions import Plan
from minikube8s.controllers.ingress.planning import plan
from minikube8s.controllers.ingress.reading import Snapshot, matters, read
from minikube8s.controllers.runner import Reader
from minikube8s.store.watching import Event

DEFAULT_IMAGE = "nginx:latest"


class Key(NamedTuple):
    """Names the one thing there is to look at."""

    what: str = "ingresses"


class IngressController:
    """Runs nginx while there are Ingresses of our class, with what they say."""

    name = "ingress"
    watches = (
        INGRESSES,
        INGRESSCLASSES,
        SERVICES,
        SECRETS,
        CONFIGMAPS,
        DEPLOYMENTS,
        SERVICEACCOUNTS,
    )

    def __init__(self, image: str = DEFAULT_IMAGE) -> None:
        self._image = image

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Key]:
        """Return the one key if the change can matter."""
        return (Key(),) if matters(resource, event, reader) else ()

    def read(self, reader: Reader, key: Key) -> Snapshot:
        """Return the Ingresses of our classes, and everything that they name."""
        return read(reader)

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the next step towards nginx serving what the Ingresses say."""
        return plan(snapshot, self._image)

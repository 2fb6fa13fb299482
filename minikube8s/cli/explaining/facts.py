"""What an explanation stands on: the stored objects, gathered once, and questions to them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from minikube8s.api.resources import Resource
from minikube8s.api.times import age

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """One object and what is stored about it."""

    resource: Resource
    object: Object
    now: datetime
    owners: tuple[Object, ...] = ()
    """Its controller, the controller's controller and so on."""
    lost_owner: str = ""
    """The last of them if it is named but not there: `ReplicaSet web`."""
    events: Mapping[str, Sequence[Object]] = field(default_factory=dict)
    """By the uid of the object that they are about, oldest first."""
    pods: tuple[Object, ...] = ()
    """The pods that belong to it."""
    nodes: Mapping[str, Object] = field(default_factory=dict)
    """The nodes that matter, by name."""
    claims: Mapping[str, Object | None] = field(default_factory=dict)
    """The claims that a pod uses, by name; None: there is none of this name."""
    related: tuple[Object, ...] = ()
    """What else belongs to it: a Service's EndpointSlices, a claim's volume and class."""

    @property
    def about(self) -> Sequence[Object]:
        """The Events about the object itself."""
        return self.events_of(self.object)

    def events_of(self, obj: Mapping[str, Any]) -> Sequence[Object]:
        """Return the Events about one of the gathered objects."""
        metadata = obj["metadata"]
        return self.events.get(metadata.get("uid", ""), ())

    def ago(self, timestamp: str | None) -> str:
        """Return how long ago that was: `3m ago`."""
        return f"{age(timestamp, self.now)} ago" if timestamp else "at an unknown time"


def when(event: Mapping[str, Any]) -> str:
    """Return the time of an Event's last occurrence."""
    series = event.get("series") or {}
    found = (
        event.get("lastTimestamp")
        or series.get("lastObservedTime")
        or event.get("eventTime")
        or event.get("firstTimestamp")
        or event["metadata"].get("creationTimestamp")
    )
    return str(found or "")


def latest(events: Sequence[Object], *reasons: str) -> Object | None:
    """Return the newest of the Events with one of these reasons, or of all if none is named."""
    found = [event for event in events if not reasons or event.get("reason") in reasons]
    return max(found, key=when, default=None)


def named(obj: Mapping[str, Any]) -> str:
    """Return `Deployment web`."""
    return f"{obj.get('kind', 'Object')} {obj['metadata']['name']}"


def spec(obj: Mapping[str, Any]) -> Object:
    """Return the object's spec, empty when it has none."""
    return obj.get("spec") or {}


def status(obj: Mapping[str, Any]) -> Object:
    """Return the object's status, empty when it has none."""
    return obj.get("status") or {}


def words(said: Mapping[str, Any] | None) -> str:
    """Return a condition's, state's or Event's reason and message: `Unhealthy: no answer`."""
    parts = (said.get("reason"), (said.get("message") or "").strip()) if said else ()
    return ": ".join(part for part in parts if part)


def plural(count: int, noun: str) -> str:
    """Return `1 pod`, `2 pods`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"

"""Events: what happened to an object, told to a human."""

from __future__ import annotations

from minikube8s.api.views.base import View
from minikube8s.api.views.meta import ObjectMeta, ObjectReference


class EventSource(View, frozen=True):
    """Who saw it."""

    component: str = ""
    host: str = ""


class EventSeries(View, frozen=True):
    """Repetitions of one event."""

    count: int = 0
    last_observed_time: str | None = None


class Event(View, frozen=True):
    """corev1.Event."""

    api_version: str = "v1"
    kind: str = "Event"
    metadata: ObjectMeta = ObjectMeta()
    involved_object: ObjectReference = ObjectReference()
    reason: str = ""
    message: str = ""
    type: str = ""
    source: EventSource = EventSource()
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None
    count: int = 0
    series: EventSeries | None = None
    action: str = ""
    related: ObjectReference | None = None
    reporting_component: str = ""
    reporting_instance: str = ""

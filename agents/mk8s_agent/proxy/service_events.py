"""What the master is told of Services that this node cannot serve as they ask for."""

from typing import Any, Protocol

from minikube8s.api.views import Service


class Events(Protocol):
    """Takes Events to the master."""

    def event(self, involved: dict[str, Any], type: str, reason: str, message: str) -> None:
        """`involved` is a v1.ObjectReference; `type` is Normal or Warning."""


def warn(events: Events | None, service: Service, reason: str, message: str) -> None:
    """Tell a Warning about the Service; without `events` nobody hears it."""
    meta = service.metadata
    involved = {
        "apiVersion": "v1",
        "kind": "Service",
        "namespace": meta.namespace,
        "name": meta.name,
        "uid": meta.uid,
    }
    if events is not None:
        events.event(involved, "Warning", reason, message)

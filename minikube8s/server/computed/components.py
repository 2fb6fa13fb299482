"""ComponentStatus: the master's parts, which are well where this is answered."""

from __future__ import annotations

from minikube8s.api import errors
from minikube8s.api.resources import COMPONENTSTATUSES
from minikube8s.server.call import Call
from minikube8s.server.computed.sources import entry
from minikube8s.store.entry import Entry

_MESSAGES = {"controller-manager": "ok", "etcd-0": "ok", "scheduler": "ok"}


class Components:
    """One process: it answers, or nothing does."""

    async def get(self, call: Call) -> Entry:
        """Return the status of a part. Raises ApiError NotFound."""
        if call.name not in _MESSAGES:
            raise errors.not_found(COMPONENTSTATUSES, call.name)
        return _status(call.name)

    async def all(self, call: Call) -> list[Entry]:
        """Return the status of all parts."""
        return [_status(name) for name in _MESSAGES]


def _status(name: str) -> Entry:
    healthy = {"type": "Healthy", "status": "True", "message": _MESSAGES[name]}
    metadata = {"name": name, "creationTimestamp": None}
    return entry(COMPONENTSTATUSES, {"metadata": metadata, "conditions": [healthy]})

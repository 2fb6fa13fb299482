"""Bootstrap tokens whose time is over are removed. Kubernetes' TokenCleaner."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from minikube8s.api import bootstraptokens
from minikube8s.api.resources import SECRETS, Resource
from minikube8s.controllers.actions import NOTHING, Delete, Plan, ref
from minikube8s.controllers.runner import Reader
from minikube8s.store.watching import Event

Object = dict[str, Any]


class TokenCleanerController:
    """Removes each token's Secret at its expiration; at once where that cannot be read."""

    name = "token-cleaner"
    watches = (SECRETS,)

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[str]:
        """Return the Secret's name, if it is a token's."""
        return (event.entry.name,) if event.entry.namespace == bootstraptokens.NAMESPACE else ()

    def read(self, reader: Reader, key: str) -> Object | None:
        """Return the Secret, or None unless it is of the type."""
        entry = reader.find(SECRETS, bootstraptokens.NAMESPACE, key)
        is_token = entry is not None and entry.object.get("type") == bootstraptokens.TYPE
        return entry.object if entry is not None and is_token else None

    def plan(self, snapshot: Object, now: datetime, failure: str = "") -> Plan:
        """Return the removal, or when it will be due."""
        try:
            until = bootstraptokens.expiration(snapshot)
        except ValueError:
            until = now
        if until is None:
            return NOTHING
        left = (until - now).total_seconds()
        if left > 0:
            return Plan(requeue_after=left)
        return Plan(deletes=(Delete(ref(SECRETS, snapshot)),))

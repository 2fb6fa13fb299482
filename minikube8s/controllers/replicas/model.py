"""What both kinds differ in, and what their plan looks at. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from minikube8s.api.resources import REPLICASETS, REPLICATIONCONTROLLERS, Resource
from minikube8s.api.selectors import Selector, from_label_selector, from_map
from minikube8s.controllers.podfacts import PodFacts
from minikube8s.store.entry import Entry


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the two kinds."""

    name: str
    """The controller's name; with `-controller` appended the source of its Events."""
    resource: Resource
    read_selector: Callable[[Any], Selector]

    def selector(self, obj: Mapping[str, Any]) -> Selector:
        """Return the selector of an object of the kind."""
        return self.read_selector(obj["spec"].get("selector"))

    def selector_of(self, entry: Entry) -> Selector:
        """Return the selector of an entry of the kind."""
        return self.selector(entry.object)


REPLICA_SET = Kind("replicaset", REPLICASETS, from_label_selector)
REPLICATION_CONTROLLER = Kind("replication", REPLICATIONCONTROLLERS, from_map)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An owner, and the pods that it has or may adopt."""

    kind: Kind
    owner: Mapping[str, Any]
    pods: tuple[PodFacts, ...]
    neighbours: tuple[str, ...] = ()
    """The node of every active pod of the same purpose; only read when there are pods to spare."""

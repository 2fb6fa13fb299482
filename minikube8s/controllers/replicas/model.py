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
    selector_of: Callable[[Entry], Selector]


def _by_labels_and_expressions(entry: Entry) -> Selector:
    return from_label_selector(entry.object["spec"].get("selector"))


def _by_labels(entry: Entry) -> Selector:
    return from_map(entry.object["spec"].get("selector"))


REPLICA_SET = Kind("replicaset", REPLICASETS, _by_labels_and_expressions)
REPLICATION_CONTROLLER = Kind("replication", REPLICATIONCONTROLLERS, _by_labels)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An owner, and the pods that it has or may adopt."""

    kind: Kind
    owner: Mapping[str, Any]
    selector: Selector
    pods: tuple[PodFacts, ...]
    neighbours: tuple[str, ...] = ()
    """The node of every active pod of the same purpose; only read when there are pods to spare."""

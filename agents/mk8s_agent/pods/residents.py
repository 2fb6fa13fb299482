"""What the node as a whole may know of its pods, and say about them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from minikube8s.api.views import Pod
from mk8s_agent.pods.refusing import Refusal
from mk8s_agent.runtime.vocabulary import Container


class Resident(NamedTuple):
    """A pod on the node: its object as stored, its view, and its containers.

    `uid` is the one under which it runs; the object of a static pod has another.
    """

    uid: str
    raw: bytes
    pod: Pod
    containers: tuple[Container, ...]


class Gate(Protocol):
    """Lets pods onto the node, see `mk8s_agent.node.gate`."""

    def refusal(self, pod: Resident, others: Iterable[Resident]) -> Refusal | None:
        """Why the node does not take the pod beside the others; None when it does."""
        ...

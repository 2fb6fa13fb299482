"""Which machine a node is: what tells it from another one that shows the same certificate. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from minikube8s.nodes.register import Introduction, own_addresses

AGENT = "mk8s.io/agent"
"""On a node's Lease: the agent that was the last to speak for it."""


class Machine(NamedTuple):
    """An agent (one run of it) and its machine: this boot of it, its hardware, its addresses.

    What is not known is empty, and tells nothing.
    """

    agent: str = ""
    boot: str = ""
    hardware: str = ""
    addresses: tuple[str, ...] = ()

    def likeness(self, other: Machine) -> tuple[bool, bool, bool, bool]:
        """What the two have in common, what says most first: the greater one is the likelier."""
        return (
            _same(self.agent, other.agent),
            _same(self.boot, other.boot),
            _same(self.hardware, other.hardware),
            not set(self.addresses).isdisjoint(other.addresses),
        )

    def goes_on(self, other: Machine) -> bool:
        """Whether this is surely that machine, which went on or started anew."""
        agent, boot, hardware, address = self.likeness(other)
        return agent or ((boot or hardware) and address)

    def differs(self, other: Machine) -> bool:
        """Whether this is surely another machine."""
        known = bool(self.hardware and other.hardware)
        return known and self.likeness(other)[:3] == (False, False, False)


def of_hello(hello: Introduction) -> Machine:
    """The machine that introduces itself."""
    return _of_status(hello.instance, hello.status)


def of_node(node: Mapping[str, Any], lease: Mapping[str, Any]) -> Machine:
    """The machine that a Node was when it was told of last."""
    annotations = lease["metadata"].get("annotations") or {}
    return _of_status(annotations.get(AGENT, ""), node.get("status") or {})


def _of_status(agent: str, status: Mapping[str, Any]) -> Machine:
    info = status.get("nodeInfo") or {}
    return Machine(agent, info.get("bootID", ""), info.get("systemUUID", ""), own_addresses(status))


def _same(one: str, other: str) -> bool:
    return one == other != ""

"""From what a lab shall be and what the kernel has to what is to be done. Pure.

A lab that was made half, or removed half, is found again by the names and the aliases of its links:
the same steps bring it to its end. What looks like a lab's and is not this one's is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from minikube8s.kit import labnames
from mk8s_agent.lab.spec import LabError, LabNode, Spec, alias


@dataclass(frozen=True, slots=True)
class Found:
    """What the kernel has.

    `links`: the machine's links and their aliases. `inside`: the same of each network namespace
    that bears the name of one of the lab's nodes, by that node.
    """

    links: Mapping[str, str] = field(default_factory=dict)
    inside: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MakeBridge:
    """Make the bridge, without an address yet."""


@dataclass(frozen=True, slots=True)
class MakeNamespace:
    """Make a node's network namespace, with a name."""

    node: LabNode


@dataclass(frozen=True, slots=True)
class MakeLink:
    """Make a node's link, from the bridge into its namespace."""

    node: LabNode


@dataclass(frozen=True, slots=True)
class RemoveLink:
    """Remove one of the machine's links; the other end and what it carries go with it."""

    name: str


@dataclass(frozen=True, slots=True)
class RemoveNamespace:
    """Take the name from a network namespace: it ends when nothing is in it any more."""

    path: Path


Step = MakeBridge | MakeNamespace | MakeLink | RemoveLink | RemoveNamespace


def to_apply(spec: Spec, found: Found) -> list[Step]:
    """Return the steps to the lab as `spec` has it; links keep the state that they are in.

    Raises LabError when something else has one of its names.
    """
    _check(spec, found)
    steps = _leftovers(spec, found, {node.name for node in spec.nodes})
    links = found.links.keys() - {step.name for step in steps if isinstance(step, RemoveLink)}
    if spec.bridge not in links:
        steps.append(MakeBridge())
    for node in spec.nodes:
        inside = found.inside.get(node.name)
        if inside is None:
            steps.append(MakeNamespace(node))
        link = spec.link(node)
        if link not in links or labnames.NODE_LINK not in (inside or {}):
            if link in links:
                steps.append(RemoveLink(link))
            steps.append(MakeLink(node))
    return steps


def to_remove(spec: Spec, found: Found) -> list[Step]:
    """Return the steps that take all of the lab away."""
    steps = _leftovers(spec, found, set())
    for node in spec.nodes:
        if node.name in found.inside and _is_ours(spec, node, found.inside[node.name]):
            step = RemoveNamespace(labnames.namespace(spec.cluster, node.name))
            if step not in steps:
                steps.insert(0, step)
    if found.links.get(spec.bridge) == spec.alias():
        steps.append(RemoveLink(spec.bridge))
    return steps


def _leftovers(spec: Spec, found: Found, wanted: Iterable[str]) -> list[Step]:
    """Steps that remove nodes which are not wanted: the name first, the link tells whose it was."""
    steps: list[Step] = []
    for link, mark in sorted(found.links.items()):
        node = mark.removeprefix(alias(spec.cluster))
        if mark.startswith(alias(spec.cluster)) and node and node not in wanted:
            steps += [
                RemoveNamespace(labnames.namespace(spec.cluster, node)),
                RemoveLink(link),
            ]
    return steps


def _check(spec: Spec, found: Found) -> None:
    for name in (spec.bridge, *map(spec.link, spec.nodes)):
        if not found.links.get(name, spec.alias()).startswith(spec.alias()):
            raise LabError(
                f"the link {name} exists and is not of the lab of cluster {spec.cluster}: remove it"
                f" with `ip link delete {name}`, or choose another cluster name"
            )
    for node in spec.nodes:
        if not _is_ours(spec, node, found.inside.get(node.name, {})):
            path = labnames.namespace(spec.cluster, node.name)
            raise LabError(
                f"the network namespace {path.name} exists and is not of the lab of cluster"
                f" {spec.cluster}: remove it with `ip netns delete {path.name}`, or choose another"
                " node name"
            )


def _is_ours(spec: Spec, node: LabNode, inside: Mapping[str, str]) -> bool:
    """Whether a namespace of the node's name has no uplink, or the lab's own."""
    return inside.get(labnames.NODE_LINK, spec.alias(node)) in (spec.alias(node), "")

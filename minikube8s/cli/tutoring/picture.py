"""The picture of what exists: Services above the pods that they lead to, workloads around theirs.

Pure: objects in, lines of at most the asked width out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from minikube8s.api.meta import is_pod_terminal
from minikube8s.api.tables.pods import status_word
from minikube8s.cli.tutoring.boxes import Block, Pen, above, beside, box, fitted
from minikube8s.cli.tutoring.servicebox import service_box
from minikube8s.cli.tutoring.world import (
    Object,
    World,
    images,
    is_ending,
    is_well,
    owned,
    part,
    selected,
)

_NARROWEST = 24
"""Columns that a picture takes at least, however narrow the terminal."""
_MOST_PODS = 12
"""How many pods of one owner are drawn; the others are counted."""
_BAD = ("Err", "Crash", "ImagePull", "Invalid", "Failed", "Evicted", "OOM", "Unexpected", "Create")


class Group(tuple[Object, ...]):
    """What is drawn as one: a workload and what it owns, or a pod on its own; the top first."""

    __slots__ = ()


def picture(world: World, width: int, pen: Pen) -> list[str]:
    """The lines of the picture of `world`; none when there is nothing in it."""
    width = max(width, _NARROWEST)
    left = _groups(world)
    blocks: list[Block] = []
    services = list(world.services)
    while services:
        some, groups = _connected(world, services, left)
        services = [one for one in services if one not in some]
        left = [one for one in left if one not in groups]
        blocks.append(_led(world, some, groups, width, pen))
    if left:
        blocks.append(_drawn(world, left, width, pen))
    nodes = _nodes(world, width, pen)
    return [line.rstrip() for block in blocks for line in block] + nodes


def _groups(world: World) -> list[Group]:
    """Every pod is in one of them."""
    groups = []
    taken: set[int] = set()
    for deployment in world.deployments:
        sets = owned(world.replica_sets, deployment)
        pods = [pod for one in sets for pod in owned(world.pods, one)]
        groups.append(Group([deployment, *sets, *pods]))
        taken |= {id(one) for one in (*sets, *pods)}
    for one in world.replica_sets:
        if id(one) not in taken:
            pods = owned(world.pods, one)
            groups.append(Group([one, *pods]))
            taken |= {id(pod) for pod in pods}
    groups += [Group([pod]) for pod in world.pods if id(pod) not in taken]
    return groups


def _connected(
    world: World, services: Sequence[Object], groups: Sequence[Group]
) -> tuple[list[Object], list[Group]]:
    """The first Service, the groups it leads to, the Services that lead there, and so on."""
    some, reached = [services[0]], _reached(world, services[0], groups)
    for other in services[1:]:
        theirs = _reached(world, other, groups)
        if any(group in reached for group in theirs):
            some.append(other)
            reached += [group for group in theirs if group not in reached]
    return some, reached


def _reached(world: World, service: Object, groups: Sequence[Group]) -> list[Group]:
    pods = {id(pod) for pod in selected(world, service)}
    return [group for group in groups if any(id(one) in pods for one in group)]


def _led(
    world: World, services: Sequence[Object], groups: Sequence[Group], width: int, pen: Pen
) -> Block:
    """Services with arrows to what stands below them."""
    columns = [
        service_box(one, selected(world, one), width, pen, leads=bool(groups)) for one in services
    ]
    parts = [beside(columns, width)]
    if groups:
        parts.append(_drawn(world, groups, width, pen))
    return above(parts)


def _drawn(world: World, groups: Sequence[Group], width: int, pen: Pen) -> Block:
    return beside([_group(world, group, width, pen) for group in groups], width)


def _group(world: World, group: Group, width: int, pen: Pen) -> Block:
    top = group[0]
    if any(top is one for one in world.deployments):
        return _deployment(world, top, width, pen)
    if any(top is one for one in world.replica_sets):
        return _replica_set(world, top, "", width, pen)
    return _pod(top, "", width, pen)


def _deployment(world: World, obj: Object, width: int, pen: Pen) -> Block:
    name = obj["metadata"]["name"]
    sets = sorted(owned(world.replica_sets, obj), key=_revision, reverse=True)
    pods = [pod for one in sets for pod in owned(world.pods, one)]
    inside = above([_replica_set(world, one, name, width - 4, pen) for one in sets])
    return box(pen, f"Deployment {name} {_count(obj, pods)}", inside, width)


def _revision(replica_set: Object) -> int:
    annotations = replica_set["metadata"].get("annotations") or {}
    value = annotations.get("deployment.kubernetes.io/revision", "")
    return int(value) if value.isdecimal() else 0


def _replica_set(world: World, obj: Object, owner: str, width: int, pen: Pen) -> Block:
    name = obj["metadata"]["name"]
    pods = owned(world.pods, obj)
    template = part(part(obj, "spec"), "template")
    image = ", ".join(images(template))
    title = f"ReplicaSet {_short(pen, name, owner)} {_count(obj, pods)}"
    shown = [_pod(pod, name, width - 4, pen) for pod in pods[:_MOST_PODS]]
    inside = [] if shown else [image]
    if shown:
        inside = beside(shown, width - 4)
    if len(pods) > _MOST_PODS:
        inside = [*inside, f"and {len(pods) - _MOST_PODS} more"]
    return box(pen, title, inside, width)


def _count(obj: Object, pods: Iterable[Object]) -> str:
    """`2/3`: how many of the wanted pods are ready; counted, because a status comes later."""
    return f"{sum(map(is_well, pods))}/{part(obj, 'spec').get('replicas', 1)}"


def _pod(pod: Object, owner: str, width: int, pen: Pen) -> Block:
    name = pod["metadata"]["name"]
    title = _short(pen, name, owner) if owner else f"Pod {name}"
    containers = part(pod, "spec").get("containers") or []
    lines = [f"{_mark(pod, pen)} {status_word(pod)}"]
    if len(containers) == 1:
        lines += images(pod)
    else:
        lines += [f"{one.get('name')}: {one.get('image')}" for one in containers]
    address = part(pod, "status").get("podIP")
    node = part(pod, "spec").get("nodeName")
    lines += [text for text in (address, node and f"on {node}") if text]
    return box(pen, title, lines, width)


def _mark(pod: Object, pen: Pen) -> str:
    if is_ending(pod):
        return pen.waiting
    if is_well(pod) or part(pod, "status").get("phase") == "Succeeded":
        return pen.good
    word = status_word(pod).removeprefix("Init:")
    return pen.bad if is_pod_terminal(pod) or word.startswith(_BAD) else pen.waiting


def _short(pen: Pen, name: str, owner: str) -> str:
    """A name without its owner's before it: `…-2xk9p`."""
    tail = name.removeprefix(owner) if owner else name
    return f"{pen.cut}{tail}" if tail.startswith("-") else name


def _nodes(world: World, width: int, pen: Pen) -> list[str]:
    """How the pods are spread, where there are several nodes."""
    counts = Counter(part(pod, "spec").get("nodeName") for pod in world.pods)
    named = [f"{name}: {count}" for name, count in sorted(counts.items(), key=str) if name]
    if len(named) < 2:
        return []
    return [fitted(pen, f"Pods on nodes: {'  '.join(named)}", width)]

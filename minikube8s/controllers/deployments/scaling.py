"""How many pods each ReplicaSet of a Deployment shall have next. Pure arithmetic.

Every function takes the Deployment's ReplicaSets and returns sizes by ReplicaSet name. They are
safe to repeat at any moment: a size only depends on what is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from minikube8s.controllers.deployments.model import (
    DESIRED_REPLICAS,
    MAX_REPLICAS,
    Limits,
    Member,
    available,
    observed,
    occupied,
    round_half_up,
)

Sizes = dict[str, int]


def current(members: Iterable[Member]) -> Sizes:
    """Return the sizes as they are."""
    return {one.name: one.size for one in members}


def first_size(old: Sequence[Member], limits: Limits, *, rolling: bool) -> int:
    """Return the size that a new ReplicaSet starts with."""
    if not rolling:
        return limits.replicas
    return _grown(0, occupied(old), limits) if observed(old) else 0


def roll(new: Member, old: Sequence[Member], limits: Limits) -> Sizes:
    """Take one step of a rolling update: grow the new ReplicaSet, shrink the old ones.

    Growing and shrinking in one step is safe, because what grows is not counted as available and
    what shrinks still counts as occupied. The next step waits until this one is known to the
    ReplicaSet controller.
    """
    sizes = current([new, *old])
    if new.size > limits.replicas:
        sizes[new.name] = limits.replicas
    if not observed([new, *old]):
        return sizes
    if new.size < limits.replicas:
        sizes[new.name] = _grown(new.size, occupied([new, *old]), limits)
    _shrink(sizes, new, old, limits)
    return sizes


def _grown(size: int, occupied_now: int, limits: Limits) -> int:
    room = limits.maximum - occupied_now
    return size if room <= 0 else size + min(room, limits.replicas - size)


def _shrink(sizes: Sizes, new: Member, old: Sequence[Member], limits: Limits) -> None:
    """Reduce the old ReplicaSets' sizes: first by pods that do not serve, then by others."""
    oldest_first = sorted(old, key=lambda one: one.age_order)
    new_unavailable = max(0, sizes[new.name] - new.view.status.available_replicas)
    spare = sum(sizes.values()) - limits.minimum_available - new_unavailable
    for one in oldest_first:
        unhealthy = max(0, sizes[one.name] - one.view.status.available_replicas)
        cut = max(0, min(spare, unhealthy))
        sizes[one.name] -= cut
        spare -= cut
    spare = min(spare, available([new, *old], sizes) - limits.minimum_available)
    for one in oldest_first:
        cut = max(0, min(spare, sizes[one.name]))
        sizes[one.name] -= cut
        spare -= cut


def recreate(new: Member | None, old: Sequence[Member], limits: Limits, *, idle: bool) -> Sizes:
    """Take one step of Recreate: all old pods go; the new come when the old are gone (`idle`)."""
    sizes = dict.fromkeys(current(old), 0)
    if new is not None:
        sizes[new.name] = limits.replicas if idle else new.size
    return sizes


def was_rescaled(members: Iterable[Member], limits: Limits) -> bool:
    """Tell whether spec.replicas changed since the ReplicaSets got their sizes."""
    return any(
        one.size > 0 and one.annotated_number(DESIRED_REPLICAS) not in (None, limits.replicas)
        for one in members
    )


def rescale(
    new: Member | None,
    old: Sequence[Member],
    limits: Limits,
    status_replicas: int,
    *,
    rolling: bool,
) -> Sizes:
    """Follow a change of spec.replicas without rolling further.

    One active ReplicaSet takes it all; in the middle of a rollout every ReplicaSet gets its
    proportional part, so that a rollout that turns out bad does not spread by scaling.
    """
    members = [*old] if new is None else [*old, new]
    sizes = current(members)
    only = _active_or_latest(new, old)
    if only is not None:
        sizes[only.name] = limits.replicas
    elif new is not None and _saturated(new, limits):
        sizes.update(dict.fromkeys(current(old), 0))
    elif rolling:
        _in_proportion(sizes, members, limits, status_replicas)
    return sizes


def _active_or_latest(new: Member | None, old: Sequence[Member]) -> Member | None:
    members = [*old] if new is None else [*old, new]
    active = [one for one in members if one.size > 0]
    if len(active) > 1:
        return None
    if active:
        return active[0]
    return new or max(old, key=lambda one: one.age_order, default=None)


def _saturated(new: Member, limits: Limits) -> bool:
    return (
        new.size == limits.replicas
        and new.annotated_number(DESIRED_REPLICAS) == limits.replicas
        and new.view.status.available_replicas == limits.replicas
    )


def _in_proportion(
    sizes: Sizes, members: Sequence[Member], limits: Limits, status_replicas: int
) -> None:
    active = [one for one in members if one.size > 0]
    allowed = limits.maximum if limits.replicas > 0 else 0
    to_add = allowed - sum(one.size for one in active)
    if not to_add:
        return
    # Largest first; of equals the youngest first when growing, the oldest first when shrinking.
    active.sort(key=lambda one: one.age_order, reverse=to_add > 0)
    active.sort(key=lambda one: one.size, reverse=True)
    added = 0
    for one in active:
        part = _part(one, limits, status_replicas)
        rest = to_add - added
        step = min(part, rest) if to_add > 0 else max(part, rest)
        sizes[one.name] += step
        added += step
    if active:
        largest = active[0].name
        sizes[largest] = max(0, sizes[largest] + to_add - added)


def _part(member: Member, limits: Limits, status_replicas: int) -> int:
    """Return by how much this ReplicaSet grows for the whole to keep its proportions."""
    if limits.replicas == 0:
        return -member.size
    before = member.annotated_number(MAX_REPLICAS) or status_replicas
    if before <= 0:
        return 0
    return round_half_up(member.size * limits.maximum / before) - member.size

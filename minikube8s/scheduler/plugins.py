"""The filters and scores that there are, in the order in which they are asked.

What keeps counts across nodes is made here and told of all changes by `usage`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from minikube8s.registry import Registry
from minikube8s.scheduler import filters, scores, volumefilters
from minikube8s.scheduler.framework import Filter, LocalFilter, LocalScore, Score
from minikube8s.scheduler.imagelocality import ImageLocality
from minikube8s.scheduler.topology.affinity import InterPodAffinity
from minikube8s.scheduler.topology.affinityscore import PreferredPods
from minikube8s.scheduler.topology.companions import Companions
from minikube8s.scheduler.topology.spread import PodTopologySpread
from minikube8s.scheduler.topology.spreadscore import EvenSpread
from minikube8s.scheduler.topology.surroundings import Surroundings
from minikube8s.scheduler.usage import Usage


@dataclass(frozen=True, slots=True)
class Plugins:
    """All filters and scores, or those of one profile; the local ones are asked first."""

    local_filters: Sequence[LocalFilter]
    filters: Sequence[Filter]
    local_scores: Sequence[tuple[int, LocalScore]]
    """With their weights."""
    scores: Sequence[tuple[int, Score]]


def all_plugins(
    usage: Usage, registry: Registry | None = None, surroundings: Surroundings | None = None
) -> Plugins:
    """Make every plugin, with its own weight; `registry` is for those that look at other objects.

    Has to be called before `usage` knows anything.
    """
    around = surroundings or Surroundings()
    images = ImageLocality()
    usage.observe(around.population)
    usage.observe(images)
    local_scores: tuple[LocalScore, ...] = (
        scores.PreferredTaints(),
        scores.PreferredNodeAffinity(),
        scores.LeastAllocated(),
        scores.BalancedAllocation(),
    )
    other_scores: tuple[Score, ...] = (
        EvenSpread(around.population, Companions(around.services, registry)),
        PreferredPods(around.population),
        images,
    )
    return Plugins(
        (
            filters.NodeUnschedulable(),
            filters.TaintToleration(),
            filters.NodeAffinity(),
            filters.NodePorts(),
            filters.NodeResourcesFit(),
        ),
        (
            volumefilters.VolumeRestrictions(),
            volumefilters.VolumeBinding(),
            volumefilters.VolumeZone(),
            PodTopologySpread(around.population),
            InterPodAffinity(around.population),
        ),
        [(one.weight, one) for one in local_scores],
        [(one.weight, one) for one in other_scores],
    )

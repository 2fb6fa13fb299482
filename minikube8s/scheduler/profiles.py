"""Profiles: under which names pods are scheduled, and with which plugins and weights. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from minikube8s.scheduler.decision import Decider
from minikube8s.scheduler.plugins import Plugins

DEFAULT = "default-scheduler"
ALL = "*"


@dataclass(frozen=True, slots=True)
class Choice:
    """Of all filters, or all scores, those that are asked: all but the disabled ones.

    "*" disables all; who is enabled by name is asked nevertheless.
    """

    disabled: frozenset[str] = frozenset()
    enabled: frozenset[str] = frozenset()

    def has(self, name: str) -> bool:
        """Tell whether a plugin is asked."""
        return name in self.enabled or not self.disabled & {ALL, name}


@dataclass(frozen=True, slots=True)
class Profile:
    """What pods with this schedulerName get. Scores without a weight here have their own."""

    scheduler_name: str = DEFAULT
    filters: Choice = Choice()
    scores: Choice = Choice()
    weights: Mapping[str, int] = field(default_factory=dict)


def select(profile: Profile, plugins: Plugins) -> Plugins:
    """Return what a profile asks. Raises ValueError for a name that no plugin has."""
    known = {
        *(one.name for one in plugins.local_filters),
        *(one.name for one in plugins.filters),
        *(one.name for _, one in plugins.local_scores),
        *(one.name for _, one in plugins.scores),
    }
    choices = (profile.filters, profile.scores)
    named = {name for one in choices for name in one.disabled | one.enabled} | {*profile.weights}
    unknown = sorted(named - known - {ALL})
    if unknown:
        raise ValueError(
            f"profile {profile.scheduler_name}: there is no plugin {', '.join(unknown)};"
            f" there are {', '.join(sorted(known))}"
        )
    weights = profile.weights
    return Plugins(
        [one for one in plugins.local_filters if profile.filters.has(one.name)],
        [one for one in plugins.filters if profile.filters.has(one.name)],
        [
            (weights.get(one.name, own), one)
            for own, one in plugins.local_scores
            if profile.scores.has(one.name)
        ],
        [
            (weights.get(one.name, own), one)
            for own, one in plugins.scores
            if profile.scores.has(one.name)
        ],
    )


def deciders(profiles: Sequence[Profile], plugins: Plugins) -> dict[str, Decider]:
    """Return who decides for pods with each schedulerName. Raises ValueError as `select`."""
    return {one.scheduler_name: Decider(select(one, plugins)) for one in profiles}

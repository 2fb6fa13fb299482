"""Profiles: under which names pods are scheduled, and with which plugins and weights. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from minikube8s.scheduler.decision import Decider
from minikube8s.scheduler.plugins import Plugins

DEFAULT = "default-scheduler"


@dataclass(frozen=True, slots=True)
class Profile:
    """What pods with this schedulerName get: all plugins with their own weights, but for these."""

    scheduler_name: str = DEFAULT
    disabled: frozenset[str] = frozenset()
    """Names of filters and scores that are not asked; "*" for all."""
    weights: Mapping[str, int] = field(default_factory=dict)
    """Other weights of scores; a weight also enables a score that "*" disables."""


def select(profile: Profile, plugins: Plugins) -> Plugins:
    """Return what a profile asks. Raises ValueError for a name that no plugin has."""
    known = {
        *(one.name for one in plugins.local_filters),
        *(one.name for one in plugins.filters),
        *(one.name for _, one in plugins.local_scores),
        *(one.name for _, one in plugins.scores),
    }
    unknown = sorted((profile.disabled - {"*"} | profile.weights.keys()) - known)
    if unknown:
        raise ValueError(
            f"profile {profile.scheduler_name}: there is no plugin {', '.join(unknown)};"
            f" there are {', '.join(sorted(known))}"
        )
    everything = "*" in profile.disabled

    def asked(name: str) -> bool:
        if name in profile.weights:
            return profile.weights[name] > 0
        return not everything and name not in profile.disabled

    return Plugins(
        [one for one in plugins.local_filters if asked(one.name)],
        [one for one in plugins.filters if asked(one.name)],
        [
            (profile.weights.get(one.name, own), one)
            for own, one in plugins.local_scores
            if asked(one.name)
        ],
        [
            (profile.weights.get(one.name, own), one)
            for own, one in plugins.scores
            if asked(one.name)
        ],
    )


def deciders(profiles: Sequence[Profile], plugins: Plugins) -> dict[str, Decider]:
    """Return who decides for pods with each schedulerName."""
    return {one.scheduler_name: Decider(select(one, plugins)) for one in profiles}

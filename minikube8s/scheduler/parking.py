"""Pods that no node takes: they wait for a change that may help, not for time to pass.

Owns how long a pod that was refused several times holds back when such a change comes, so that a
crowd of hopeless pods does not take every change for itself.
"""

from __future__ import annotations

from typing import NamedTuple

from minikube8s.kit.backoff import Backoff
from minikube8s.scheduler.pods import PodKey

BACKOFF = Backoff(initial=1.0, maximum=10.0)


class _Refused(NamedTuple):
    attempts: int
    earliest: float


class Parking:
    """The pods that were refused. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._refused: dict[PodKey, _Refused] = {}
        self._parked: dict[PodKey, bool] = {}

    def park(self, key: PodKey, now: float, *, claims: bool = False) -> None:
        """Take in a pod that was refused just now; `claims`: it uses some."""
        attempts = self._refused[key].attempts + 1 if key in self._refused else 1
        # The first refusal costs nothing: often the node is just about to come.
        pause = BACKOFF.delay(attempts - 2) if attempts > 1 else 0.0
        self._refused[key] = _Refused(attempts, now + pause)
        self._parked[key] = claims

    def forget(self, key: PodKey) -> None:
        """Forget a pod that was placed, changed or deleted."""
        self._refused.pop(key, None)
        self._parked.pop(key, None)

    def __len__(self) -> int:
        """Number of pods that wait for a change."""
        return len(self._parked)

    def release(self, now: float, *, claims: bool = False) -> list[tuple[PodKey, float]]:
        """Let all pods go, or those that use claims, each with the seconds it still holds back."""
        keys = [key for key, uses in self._parked.items() if uses or not claims]
        for key in keys:
            del self._parked[key]
        return [(key, max(0.0, self._refused[key].earliest - now)) for key in keys]

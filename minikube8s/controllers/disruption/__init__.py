"""PodDisruptionBudgets: how many of their pods may be evicted now.

`controller` reads, `owners` finds whom pods belong to and how many there shall be, `planning`
counts, `stale` takes back what was said of pods that were to go and did not.
"""

from minikube8s.controllers.disruption.controller import DisruptionController
from minikube8s.controllers.disruption.stale import StaleDisruptionController

__all__ = ["DisruptionController", "StaleDisruptionController"]

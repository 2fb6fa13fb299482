"""What affinity and spreading keep of the cluster beside its nodes."""

from __future__ import annotations

from dataclasses import dataclass, field

from minikube8s.scheduler.topology.companions import Services
from minikube8s.scheduler.topology.population import Population


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Shared by the plugins, which read, and by who follows the cluster and changes it."""

    population: Population = field(default_factory=Population)
    services: Services = field(default_factory=Services)

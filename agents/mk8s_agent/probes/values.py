"""What is asked of containers and what comes of it, as values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec

from minikube8s.api.views import Container, Probe


class Kind(StrEnum):
    """What a probe is for, as events name it."""

    STARTUP = "Startup"
    LIVENESS = "Liveness"
    READINESS = "Readiness"


class Finding(NamedTuple):
    """What one probing found. `warning`: it passed in a way that people should know of."""

    passed: bool
    message: str = ""
    warning: bool = False


class ProbeError(Exception):
    """The container could not be asked: this says nothing about it.

    `state` is Kubernetes' word for such a result.
    """

    def __init__(self, message: str, state: str = "unknown") -> None:
        super().__init__(message)
        self.state = state


class Health(msgspec.Struct, frozen=True):
    """What the probes of a running container add up to. `failed` names why it has to end."""

    started: bool = True
    ready: bool = True
    failed: Kind | None = None


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A running container that has probes.

    `host` is its pod's address, `began` when it was started, `known` what was said of it before
    this agent saw it.
    """

    id: str
    container: Container
    host: str
    began: datetime
    known: Health | None = None


def probes_of(container: Container) -> Mapping[Kind, Probe]:
    """The probes that a container has."""
    found = {
        Kind.STARTUP: container.startup_probe,
        Kind.LIVENESS: container.liveness_probe,
        Kind.READINESS: container.readiness_probe,
    }
    return {kind: probe for kind, probe in found.items() if probe is not None}

"""What a failed action means: the reason that is shown, and when it is tried again. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from minikube8s.kit.backoff import Backoff
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.pods.actions import (
    Action,
    CreateContainer,
    CreateSandbox,
    PlugNetwork,
    StartContainer,
    StartSandbox,
)
from mk8s_agent.pods.errors import ConfigError
from mk8s_agent.pods.values import Fault
from mk8s_agent.runtime.errors import RuntimeFault
from mk8s_agent.volumes import VolumesNotReady

EXPECTED = (ConfigError, VolumesNotReady, NetworkError, RuntimeFault, OSError)
"""What an action may raise; anything else is a fault of the agent's own."""
_FAULTS = Backoff(initial=1.0, maximum=60.0)
_VOLUME_FAULTS = Backoff(initial=0.5, maximum=122.0)


def fault_of(action: Action, error: Exception, before: Fault | None, now: datetime) -> Fault:
    """The fault of an action's target; `before` is what it had, each one waits longer."""
    backoff = _VOLUME_FAULTS if isinstance(error, VolumesNotReady) else _FAULTS
    failures = before.failures if before else 0
    return Fault(
        reason=_reason(action, error),
        message=str(error),
        failures=failures + 1,
        retry_at=now + timedelta(seconds=backoff.delay(failures)),
    )


def _reason(action: Action, error: Exception) -> str:
    """Kubernetes' word for a container that waits because of this."""
    if isinstance(error, ConfigError):
        return "CreateContainerConfigError"
    match action:
        case CreateContainer():
            return "CreateContainerError"
        case StartContainer():
            return "RunContainerError"
        case CreateSandbox() | StartSandbox() | PlugNetwork():
            return "ContainerCreating"
    return "ContainerStatusUnknown"

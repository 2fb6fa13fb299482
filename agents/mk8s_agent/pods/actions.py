"""What a pod's worker may do: each action is one side effect, a step is what to do now.

Pure data; `next_step` decides, `performing` does it.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from minikube8s.api.views import Container as ContainerView
from mk8s_agent.pods.identity import SANDBOX_NAME
from mk8s_agent.runtime.vocabulary import Container, Limits

VOLUMES = "pod/volumes"
"""The target of what concerns the pod's volumes; no container has such a name."""

_HOOK = "hook/"


class CreateSandbox(msgspec.Struct, frozen=True):
    """Make the pause container."""

    attempt: int
    target: str = SANDBOX_NAME


class StartSandbox(msgspec.Struct, frozen=True):
    """Run the pause container."""

    id: str
    target: str = SANDBOX_NAME


class PlugNetwork(msgspec.Struct, frozen=True):
    """Give the pause container's network namespace its link and address."""

    sandbox: Container
    target: str = SANDBOX_NAME


class UnplugNetwork(msgspec.Struct, frozen=True):
    """Take the link away."""

    target: str = SANDBOX_NAME


class PrepareVolumes(msgspec.Struct, frozen=True):
    """Make the pod's volumes, or bring them up to date."""

    target: str = VOLUMES


class RemoveVolumes(msgspec.Struct, frozen=True):
    """Unmount and remove the pod's volumes."""

    target: str = VOLUMES


class EnsureImage(msgspec.Struct, frozen=True):
    """Look whether the image is there, and pull it where the policy says so."""

    container: ContainerView
    attempt: int

    @property
    def target(self) -> str:
        """Images are looked after beside everything else."""
        return image_target(self.container.name)


class BackOffImage(msgspec.Struct, frozen=True):
    """Say that a failed pull will be tried again later."""

    container: str

    @property
    def target(self) -> str:
        """Images are looked after beside everything else."""
        return image_target(self.container)


class CreateContainer(msgspec.Struct, frozen=True):
    """Make a container in the sandbox.

    `beside` is the id of the container whose processes it shall see; empty: its own.
    """

    container: ContainerView
    attempt: int
    backoff: int
    sandbox: Container
    beside: str = ""

    @property
    def target(self) -> str:
        """The container's name."""
        return self.container.name


class StartContainer(msgspec.Struct, frozen=True):
    """Run a container."""

    name: str
    id: str

    @property
    def target(self) -> str:
        """The container's name."""
        return self.name


class Signal(msgspec.Struct, frozen=True):
    """Send a signal to a container's first process.

    `event` tells people why, unless they know already.
    """

    target: str
    container: str
    id: str
    signal: str
    event: str = ""


class RunPostStart(msgspec.Struct, frozen=True):
    """Run the postStart hook of a container that was just started."""

    container: ContainerView
    id: str

    @property
    def target(self) -> str:
        """Its own: the container may end meanwhile."""
        return f"{_HOOK}postStart/{self.id}"


class RunPreStop(msgspec.Struct, frozen=True):
    """Run a container's preStop hook, until `by` at most.

    `event` tells people why the container ends.
    """

    container: ContainerView
    id: str
    by: datetime
    event: str

    @property
    def target(self) -> str:
        """Its own: a container may be killed while its hook runs."""
        return f"{_HOOK}preStop/{self.id}"


class Resize(msgspec.Struct, frozen=True):
    """Give a running container other limits."""

    target: str
    id: str
    limits: Limits


class Remove(msgspec.Struct, frozen=True):
    """Remove one container, running or not; `event` tells people of one that runs."""

    target: str
    id: str
    event: str = ""


Action = (
    CreateSandbox
    | StartSandbox
    | PlugNetwork
    | UnplugNetwork
    | PrepareVolumes
    | RemoveVolumes
    | EnsureImage
    | BackOffImage
    | CreateContainer
    | StartContainer
    | Signal
    | RunPostStart
    | RunPreStop
    | Resize
    | Remove
)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What to do now: actions that do not depend on each other, and when to look again by the
    clock.

    `gone` says that nothing of the pod is left and nothing is wanted of it.
    """

    actions: tuple[Action, ...] = ()
    wake_at: datetime | None = None
    gone: bool = False


def image_target(container: str) -> str:
    """The target of what concerns a container's image."""
    return f"image:{container}"


def is_hook(target: str) -> bool:
    """Whether this is the target of a hook: nothing waits for one whose container has gone."""
    return target.startswith(_HOOK)

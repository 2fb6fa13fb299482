"""Images of containers: looked up, pulled once however many pods want them, and every failure
named.

Owns the pulls under way. What it says goes into the pod's status and events, in Kubernetes' words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

import msgspec

from minikube8s.api.views import Container
from minikube8s.kit.backoff import Backoff
from minikube8s.kit.clock import Clock
from mk8s_agent.pods.actions import EnsureImage
from mk8s_agent.pods.values import PULL_FAILED, ImageState
from mk8s_agent.runtime.errors import (
    ImageNotFound,
    InvalidReference,
    PullError,
    RuntimeFault,
)
from mk8s_agent.runtime.interface import Runtime
from mk8s_agent.runtime.pulling import Layers
from mk8s_agent.runtime.references import full_name
from mk8s_agent.runtime.vocabulary import Image, Login

Say = Callable[[str, str, str], None]
"""Records an event: (type, reason, message)."""

Note = Callable[[str, str], None]
"""Takes note of an image that was brought here: (reference with its tag, id)."""

MAX_PULLS = 5
"""Pulls at a time; the others wait their turn."""
_BACKOFF = Backoff(initial=10.0, maximum=300.0)


class _Pulled(msgspec.Struct, frozen=True):
    image: Image
    seconds: float


class Images:
    """The images of one node."""

    def __init__(
        self, runtime: Runtime, clock: Clock, note: Note = lambda reference, id: None
    ) -> None:
        self._runtime = runtime
        self._clock = clock
        self._note = note
        self._slots = asyncio.Semaphore(MAX_PULLS)
        self._pulls: dict[tuple[str, Login | None], asyncio.Task[_Pulled]] = {}
        self._layers: dict[tuple[str, Login | None], Layers] = {}

    async def ensure(
        self, action: EnsureImage, before: ImageState | None, logins: Sequence[Login], say: Say
    ) -> ImageState:
        """Make sure that the image is there as its pull policy asks. Raises EngineUnavailable.

        `before` is the previous answer for the same container: failures in a row wait longer. Of
        `logins` the first that may pull does; without any the pull is anonymous.
        """
        container = action.container
        same = before is not None and before.image == container.image
        failures = before.failures if before is not None and same else 0
        try:
            found = await self._ensure(container, logins, say)
        except InvalidReference as error:
            reason = "InvalidImageName"
            message = f'Failed to apply default image tag "{container.image}": {error}'
            say("Warning", "InspectFailed", message)
            say("Warning", "Failed", f"Error: {reason}")
        except ImageNotFound:
            reason = "ErrImageNeverPull"
            present = "is not present with pull policy of Never"
            message = f'Container image "{container.image}" {present}'
            say("Warning", reason, message)
            say("Warning", "Failed", f"Error: {reason}")
        except PullError as error:
            reason, message = PULL_FAILED, f"{error}{await self._way_out(container.image)}"
            say("Warning", "Failed", f'Failed to pull image "{container.image}": {message}')
            say("Warning", "Failed", f"Error: {reason}")
        else:
            return ImageState(image=container.image, attempt=action.attempt, user=found.user)
        now = self._clock.now()
        return ImageState(
            image=container.image,
            attempt=action.attempt,
            reason=reason,
            message=message,
            failures=failures + 1,
            failed_at=now,
            retry_at=now + timedelta(seconds=_BACKOFF.delay(failures)),
        )

    def pulling(self) -> list[dict[str, str | int]]:
        """The pulls under way or waiting for their turn: the image, and how far it has come."""
        return [{"image": key[0], **layers.told()} for key, layers in self._layers.items()]

    async def _way_out(self, reference: str) -> str:
        """What helps who has the image here already and has it pulled all the same."""
        try:
            await self._runtime.image(reference)
        except RuntimeFault:
            return ""
        return "; an image of that name is on this node: imagePullPolicy IfNotPresent would use it"

    async def _ensure(self, container: Container, logins: Sequence[Login], say: Say) -> Image:
        reference = container.image
        if container.image_pull_policy != "Always":
            try:
                found = await self._runtime.image(reference)
            except ImageNotFound:
                if container.image_pull_policy == "Never":
                    raise
            else:
                present = "already present on machine and can be accessed by the pod"
                say("Normal", "Pulled", f'Container image "{reference}" {present}')
                return found
        say("Normal", "Pulling", f'Pulling image "{reference}"')
        started = self._clock.monotonic()
        try:
            pulled = await self._pull_as_any(reference, logins)
        except PullError as error:
            built = await self._made_here(reference)
            if built is None:
                raise
            used = "was made on this node and is used, as no registry gives another one"
            say("Normal", "Pulled", f'Container image "{reference}" {used}: {error}')
            return built
        waited = self._clock.monotonic() - started
        say(
            "Normal",
            "Pulled",
            f'Successfully pulled image "{reference}" in {_duration(pulled.seconds)} '
            f"({_duration(waited)} including waiting). Image size: {pulled.image.size} bytes.",
        )
        return pulled.image

    async def _made_here(self, reference: str) -> Image | None:
        """The image of that name, unless it came from a registry, which names it by a digest."""
        try:
            image = await self._runtime.image(reference)
        except ImageNotFound:
            return None
        return None if image.digests else image

    async def _pull_as_any(self, reference: str, logins: Sequence[Login]) -> _Pulled:
        failures: list[str] = []
        for login in logins or (None,):
            try:
                return await self._pull(reference, login)
            except PullError as error:
                failures.append(str(error))
        raise PullError(", ".join(dict.fromkeys(failures)))

    async def _pull(self, reference: str, login: Login | None) -> _Pulled:
        """Join the pull of this image by the same user that is under way, or begin one."""
        key = (reference, login)
        task = self._pulls.get(key)
        if task is None:
            layers = self._layers[key] = Layers()
            pull = self._pull_alone(reference, login, layers)
            task = self._pulls[key] = asyncio.create_task(pull, name=f"pull {reference}")
            task.add_done_callback(lambda _: (self._pulls.pop(key), self._layers.pop(key)))
        # A pod that goes away leaves its pull to the others that wait for it.
        return await asyncio.shield(task)

    async def _pull_alone(self, reference: str, login: Login | None, layers: Layers) -> _Pulled:
        async with self._slots:
            before = await self._present(reference)
            started = self._clock.monotonic()
            await self._runtime.pull(reference, login, layers)
            image = await self._runtime.image(reference)
            if image.id != before:
                self._note(full_name(reference), image.id)
            return _Pulled(image, self._clock.monotonic() - started)

    async def _present(self, reference: str) -> str:
        """The id of what goes by that name already; empty when nothing does."""
        try:
            return (await self._runtime.image(reference)).id
        except ImageNotFound:
            return ""

    async def close(self) -> None:
        """End the pulls under way."""
        pulls = list(self._pulls.values())
        for task in pulls:
            task.cancel()
        await asyncio.gather(*pulls, return_exceptions=True)


def back_off(state: ImageState, say: Say) -> ImageState:
    """A failed pull, once it was shown, becomes the wait for the next one."""
    message = f'Back-off pulling image "{state.image}"'
    say("Normal", "BackOff", message)
    say("Warning", "Failed", "Error: ImagePullBackOff")
    return msgspec.structs.replace(
        state, reason="ImagePullBackOff", message=f"{message}: ErrImagePull: {state.message}"
    )


def _duration(seconds: float) -> str:
    """Milliseconds below a second, else seconds with at most three digits behind the point."""
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    return f"{seconds:.3f}".rstrip("0").rstrip(".") + "s"

"""Waits until what was applied is up; a terminal shows how it comes: pods, bytes of images."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from minikube8s.api.resources import PODS
from minikube8s.cli.applying.clientside import Done
from minikube8s.cli.applying.readiness import owns, readiness
from minikube8s.cli.awaiting import watching
from minikube8s.cli.connection.client import Client, Unreachable
from minikube8s.cli.containers import podwaiting
from minikube8s.cli.containers.pulls import Pulls
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output import printing
from minikube8s.cli.output.escapes import harmless
from minikube8s.cli.output.progress import Progress, bar, watched
from minikube8s.cli.rollouts.state import State

Object = dict[str, Any]
_TICK_SECONDS = 0.5
_PODS_SHOWN = 5
_NAMESPACES_SHOWN = 3


def wait(client: Client, applied: Sequence[Done], deadline: float) -> list[CommandError]:
    """Return when all are up, or have failed, or the deadline has come; what went wrong."""
    failures: list[CommandError] = []
    waited = [done for done in applied if not _up_at_once(done)]
    if not waited:
        return failures
    with watched() as progress:
        scene = _Scene(client, waited, progress)
        with scene.drawn():
            for done in waited:
                try:
                    _wait(client, done, deadline, scene)
                except CommandError as error:
                    failures.append(error)
                    if isinstance(error, Unreachable):
                        break
                scene.leave(done)
    return failures


def _up_at_once(done: Done) -> bool:
    """Whether there is nothing to wait for; the answer of the write itself may be from before."""
    try:
        generation = done.obj["metadata"].get("generation", 0)
        return readiness(done.obj).done and not (generation and done.obj.get("status"))
    except CommandError:
        return False


def _wait(client: Client, done: Done, deadline: float, scene: _Scene) -> None:
    item = done.item
    query = {"fieldSelector": f"metadata.name={item.name}"}
    now = State("", False)
    for found in watching.follow(client, item.resource, item.namespace, query, deadline):
        if not found:
            raise CommandError(f"{_name(done)} was deleted while it was waited for")
        whole = {"apiVersion": item.resource.api_version, "kind": item.resource.kind, **found[0]}
        now = readiness(whole)
        scene.tell(done, whole, now)
        if now.done:
            return
    why = now.text.removeprefix("Waiting for ").rstrip(".")
    raise CommandError(
        f"timed out waiting for the condition on {item.resource.plural}/{item.name}: {why}. See "
        f"`mk8s why {item.resource.singular}/{item.name}`"
    )


def _name(done: Done) -> str:
    return printing.name_of(done.item.resource, done.obj)


class _Scene:
    """What a terminal shows: a line for each object that is not up, and its pods that are not."""

    def __init__(self, client: Client, waited: Sequence[Done], progress: Progress) -> None:
        self._progress = progress
        self._waited = {_name(done): (done.obj, State("", False)) for done in waited}
        self._pods: dict[str, list[Object]] = {}
        self._another = client.another
        self._changed = threading.Event()
        self._over = False

    def tell(self, done: Done, obj: Object, now: State) -> None:
        """Show that an object has come so far."""
        self._waited[_name(done)] = (obj, now)
        self._changed.set()

    def leave(self, done: Done) -> None:
        """Show an object no more."""
        self._waited.pop(_name(done), None)
        self._changed.set()

    @contextlib.contextmanager
    def drawn(self) -> Iterator[None]:
        """Draw for the length of the block, where somebody watches."""
        if not self._progress.live:
            yield
            return
        places = {obj["metadata"].get("namespace", "") for obj, _ in self._waited.values()}
        for namespace in sorted(places - {""})[:_NAMESPACES_SHOWN]:
            threading.Thread(target=self._watch, args=(namespace,), daemon=True).start()
        drawing = threading.Thread(target=self._draw, daemon=True)
        drawing.start()
        try:
            yield
        finally:
            self._over = True
            self._changed.set()
            drawing.join(_TICK_SECONDS * 4)

    def _watch(self, namespace: str) -> None:
        # of a namespace whose pods may not be read nothing is shown; the wait itself goes on
        with contextlib.suppress(CommandError):
            end = time.monotonic() + 3600
            for found in watching.follow(self._another(), PODS, namespace, {}, end):
                if self._over:
                    return
                self._pods[namespace] = found
                self._changed.set()

    def _draw(self) -> None:
        pulls = Pulls(self._another())
        pulling = False
        while not self._over:
            # bytes change without an event: they are asked for, while something is being pulled
            self._changed.wait(_TICK_SECONDS if pulling else None)
            self._changed.clear()
            coming = list(self._coming())
            told = pulls.of(coming)
            pulling = any(not pod.get("status", {}).get("podIP") for pod in coming) or bool(told)
            if not self._over:
                self._progress.show(list(self._lines(coming, told)))

    def _coming(self) -> Iterator[Object]:
        for pods in list(self._pods.values()):
            yield from (
                pod
                for pod in pods
                if not podwaiting.is_ready(pod) and podwaiting.phase(pod) not in podwaiting.ENDED
            )

    def _lines(self, coming: list[Object], told: dict[str, str]) -> Iterator[str]:
        for name, (obj, now) in list(self._waited.items()):
            pods = [pod for pod in coming if owns(obj, pod)]
            count = f" {bar(now.ready, now.wanted, 10)} {now.ready} of {now.wanted}"
            yield harmless(f"{name}{count if now.wanted > 1 else ''}")
            for pod in pods[:_PODS_SHOWN]:
                own = pod["metadata"]["name"]
                said = told.get(own) or podwaiting.state(pod)
                yield harmless(f"  pod/{own}: {said}").replace("\n", " ")
            if len(pods) > _PODS_SHOWN:
                yield f"  and {len(pods) - _PODS_SHOWN} more"

"""Waiting for pods: a watch with a deadline, and on a terminal what the pod is doing meanwhile."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from minikube8s.api.resources import PODS
from minikube8s.cli.awaiting import watching
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session

Object = dict[str, Any]

ENDED = {"Succeeded", "Failed"}
_TICK_SECONDS = 0.5


def until(
    session: Session,
    namespace: str,
    query: Mapping[str, str],
    done: Callable[[Object], bool],
    seconds: float,
    seen: Callable[[Object], None] = lambda pod: None,
) -> Object | None:
    """The first pod that ``query`` selects and that is ``done``; None when time runs out.

    ``seen`` gets every state. Raises ApiFailure, and CommandError for a pod that is deleted.
    """
    deadline = time.monotonic() + seconds
    name = ""
    for pods in watching.follow(session.client, PODS, namespace, dict(query), deadline):
        if name and not pods:
            raise CommandError(f'pod "{name}" was deleted')
        for pod in pods:
            name = pod["metadata"]["name"]
            seen(pod)
            if done(pod):
                return pod
    return None


def until_it_runs(
    session: Session, namespace: str, name: str, started: Callable[[Object], bool], seconds: float
) -> Object:
    """The pod, once it has ``started`` or is over; shows on a terminal how it comes up.

    Raises CommandError when that takes longer than ``seconds``, and says what it waits for.
    """
    last: list[Object] = []

    def done(pod: Object) -> bool:
        return phase(pod) in ENDED or started(pod)

    with _shown(session, last):
        query = {"fieldSelector": f"metadata.name={name}"}
        found = until(session, namespace, query, done, seconds, last.append)
    if found is None:
        why = f": {state(last[-1])}" if last else ""
        raise CommandError(
            f"timed out waiting for the condition: after {seconds:g} s pod/{name} does not run"
            f"{why}. See `mk8s why pod/{name}`."
        )
    return found


def is_ready(pod: Object) -> bool:
    """Whether the pod runs and is ready."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    ready = any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)
    return phase(pod) == "Running" and ready


def phase(pod: Object) -> str:
    """The pod's phase, "" before it has one."""
    return str((pod.get("status") or {}).get("phase") or "")


def state(pod: Object) -> str:
    """What the pod waits for, in a few words."""
    status = pod.get("status") or {}
    for field in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"):
        for one in status.get(field) or ():
            waiting = (one.get("state") or {}).get("waiting")
            if waiting and waiting.get("reason") != "PodInitializing":
                message = f" ({waiting['message']})" if waiting.get("message") else ""
                return f"{one['name']} is waiting: {waiting.get('reason', 'unknown')}{message}"
    for one in status.get("conditions") or ():
        if one.get("type") == "PodScheduled" and one.get("status") != "True":
            return f"not scheduled: {one.get('message') or one.get('reason') or 'no node yet'}"
    if not (pod.get("spec") or {}).get("nodeName"):
        return "waiting for a node"
    if is_ready(pod):
        return "waiting for the container"
    return "not ready" if phase(pod) == "Running" else phase(pod) or "Pending"


@contextlib.contextmanager
def _shown(session: Session, last: list[Object]) -> Iterator[None]:
    """Draw what the last seen pod is doing, for the length of the block, where somebody watches."""
    from minikube8s.cli.output.progress import watched

    with watched() as progress:
        if not progress.live:
            yield
            return
        over = threading.Event()
        drawing = threading.Thread(target=_draw, args=(session, last, progress, over), daemon=True)
        drawing.start()
        try:
            yield
        finally:
            over.set()
            drawing.join(_TICK_SECONDS)


def _draw(session: Session, last: list[Object], progress: Any, over: threading.Event) -> None:
    from minikube8s.cli.containers.pulls import Pulls
    from minikube8s.cli.output.escapes import harmless

    started = time.monotonic()
    # a client of its own: the other one is busy with the watch
    pulls = Pulls(session.client.another())
    while not over.wait(_TICK_SECONDS):
        if not last:
            continue
        pod = last[-1]
        name = pod["metadata"]["name"]
        said = pulls.of([pod]).get(name) or state(pod)
        passed = f"{time.monotonic() - started:.0f}s"
        line = harmless(f"pod/{name}: {said} [{passed}]").replace("\n", " ")
        # a terminal that is gone is no reason for the wait to fail
        with contextlib.suppress(OSError, ValueError):
            if not over.is_set():
                progress.show([line])

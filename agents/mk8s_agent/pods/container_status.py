"""A container's part of the pod's status, in Kubernetes' form. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikube8s.api.times import now_rfc3339
from minikube8s.api.views import Container as ContainerView
from mk8s_agent.pods.identity import PodRef
from mk8s_agent.pods.restarts import Policy, restart
from mk8s_agent.pods.values import Observed
from mk8s_agent.runtime.vocabulary import Container, Phase

START_ERROR_EXIT = 128
_LOST = {
    "exitCode": 137,
    "reason": "ContainerStatusUnknown",
    "message": "The container could not be located when the pod was deleted.  "
    "The container used to be Running",
    "startedAt": None,
    "finishedAt": None,
}


def container_status(
    ref: PodRef,
    container: ContainerView,
    policy: Policy,
    observed: Observed,
    now: datetime,
    wait: str,
) -> dict[str, Any]:
    """A v1.ContainerStatus. `wait` is the reason for which it waits if nothing is wrong."""
    attempts = observed.attempts(container.name)
    newest = attempts[0] if attempts else None
    state, last = _states(ref, container, policy, observed, now, wait)
    health = observed.health_of(container)
    status: dict[str, Any] = {
        "name": container.name,
        "image": newest.image if newest else container.image,
        "imageID": f"docker://{newest.image_id}" if newest else "",
        "state": state,
        "lastState": last,
        "ready": health.ready,
        "started": health.started,
        "restartCount": observed.restarts(container.name),
    }
    if newest is not None and newest.phase is not Phase.CREATED:
        status["containerID"] = container_id(newest)
    return status


def container_id(container: Container) -> str:
    """The id with its engine in front, as Kubernetes writes it."""
    return f"docker://{container.id}"


def terminated(dead: Container, message: str = "") -> dict[str, Any]:
    """A v1.ContainerStateTerminated. `message` is what the container left."""
    ended = dead.finished_at or dead.created_at
    state: dict[str, Any] = {
        "exitCode": START_ERROR_EXIT if dead.error else dead.exit_code,
        "reason": _reason(dead),
        "startedAt": now_rfc3339(dead.started_at or ended),
        "finishedAt": now_rfc3339(ended),
        "containerID": container_id(dead),
    }
    if message := dead.error or message:
        state["message"] = message
    return state


def _ended(dead: Container, observed: Observed) -> dict[str, Any]:
    return {"terminated": terminated(dead, observed.messages.get(dead.id, ""))}


def _reason(dead: Container) -> str:
    if dead.error:
        return "StartError"
    if dead.oom_killed:
        return "OOMKilled"
    return "Error" if dead.exit_code else "Completed"


def _states(
    ref: PodRef,
    container: ContainerView,
    policy: Policy,
    observed: Observed,
    now: datetime,
    wait: str,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(state, lastState)."""
    attempts = observed.attempts(container.name)
    newest = attempts[0] if attempts else None
    if newest is None or newest.phase is Phase.CREATED:
        waiting = _trouble(container, observed) or {"reason": wait}
        if not attempts and container.name in observed.begun:
            return {"waiting": waiting}, {"terminated": _LOST}
        return {"waiting": waiting}, _last(attempts, observed)
    if newest.id in observed.starting and newest.phase is Phase.RUNNING:
        return {"waiting": _in_hook(newest, observed, wait)}, _last(attempts, observed)
    if newest.phase is Phase.RUNNING:
        since = now_rfc3339(newest.started_at or newest.created_at)
        return {"running": {"startedAt": since}}, _last(attempts, observed)
    if waiting := _between_attempts(ref, container, policy, observed, now, newest):
        return {"waiting": waiting}, _ended(newest, observed)
    return _ended(newest, observed), _last(attempts[1:], observed)


def _in_hook(starting: Container, observed: Observed, wait: str) -> dict[str, str]:
    """A container counts as running once its postStart hook has ended well."""
    if starting.id in observed.verdicts:
        return {"reason": "PostStartHookError", "message": "PostStartHook failed"}
    return {"reason": wait}


def _between_attempts(
    ref: PodRef,
    container: ContainerView,
    policy: Policy,
    observed: Observed,
    now: datetime,
    dead: Container,
) -> dict[str, str]:
    """Why a container that ended does not run again yet.

    Empty when it never will, or is about to.
    """
    again = restart(policy, dead)
    if again is None:
        return {}
    if trouble := _trouble(container, observed):
        return trouble
    if again.at > now:
        message = (
            f"back-off {go_duration(again.delay.total_seconds())} restarting failed "
            f"container={container.name} pod={ref}"
        )
        return {"reason": "CrashLoopBackOff", "message": message}
    return {"reason": "RunContainerError", "message": dead.error} if dead.error else {}


def _trouble(container: ContainerView, observed: Observed) -> dict[str, str]:
    """Why the next attempt does not come.

    Its configuration, its image; empty when nothing is known.
    """
    if fault := observed.faults.get(container.name):
        return {"reason": fault.reason, "message": fault.message}
    image = observed.images.get(container.name)
    if image is not None and image.reason:
        return {"reason": image.reason, "message": image.message}
    return {}


def _last(earlier: tuple[Container, ...], observed: Observed) -> dict[str, Any]:
    dead = next((one for one in earlier if one.phase is Phase.EXITED), None)
    return _ended(dead, observed) if dead else {}


def go_duration(seconds: float) -> str:
    """Whole seconds as Go prints a duration: `10s`, `1m20s`, `5m0s`."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"

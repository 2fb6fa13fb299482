"""Which container's log a request means, and whether there is one yet. Pure.

Owns Kubernetes' sentences about containers that are not there or have not started.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minikube8s.api import errors

Object = dict[str, Any]

_LISTS = ("containers", "initContainers", "ephemeralContainers")
_STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
_WAITING = {
    "ErrImagePull": "image can't be pulled",
    "ImagePullBackOff": "trying and failing to pull image",
}


def choose(pod: Object, wanted: str) -> str:
    """Return the name of the container meant; empty `wanted` means the only one.

    Raises ApiError BadRequest.
    """
    name, spec = pod["metadata"]["name"], pod.get("spec") or {}
    ordinary, init, ephemeral = (
        [container["name"] for container in spec.get(key) or ()] for key in _LISTS
    )
    if wanted:
        if wanted not in (*ordinary, *init, *ephemeral):
            raise errors.bad_request(f"container {wanted} is not valid for pod {name}")
        return wanted
    if len(ordinary) == 1:
        return str(ordinary[0])
    message = (
        f"a container name must be specified for pod {name}, choose one of: [{' '.join(ordinary)}]"
    )
    if init:
        message += f" or one of the init containers: [{' '.join(init)}]"
    if ephemeral:
        message += f" or one of the ephemeral containers: [{' '.join(ephemeral)}]"
    raise errors.bad_request(message)


def node_of(pod: Object) -> str:
    """Return the node that the pod runs on. Raises ApiError BadRequest while it has none."""
    node = (pod.get("spec") or {}).get("nodeName")
    if not node:
        name = pod["metadata"]["name"]
        raise errors.bad_request(
            f"pod {name} does not have a host assigned: it waits to be scheduled, "
            f"and kubectl describe pod {name} tells why"
        )
    return str(node)


def check_log(pod: Object, container: str, *, previous: bool) -> None:
    """Return when the container has run, so that it has a log. Raises ApiError BadRequest."""
    name = pod["metadata"]["name"]
    status = next((one for one in _statuses(pod) if one.get("name") == container), None)
    if status is None:
        reason = "PodInitializing" if pod["spec"].get("initContainers") else "ContainerCreating"
        raise errors.bad_request(
            f'container "{container}" in pod "{name}" is waiting to start: {reason}'
        )
    ended_before = (status.get("lastState") or {}).get("terminated")
    if previous:
        if not ended_before:
            raise errors.bad_request(
                f'previous terminated container "{container}" in pod "{name}" not found'
            )
        return
    state = status.get("state") or {}
    if state.get("running") or state.get("terminated") or ended_before:
        return
    reason = (state.get("waiting") or {}).get("reason", "")
    why = _WAITING.get(reason, reason)
    waits = f'container "{container}" in pod "{name}" is waiting to start'
    raise errors.bad_request(f"{waits}: {why}" if why else f"{waits} - no logs yet")


def _statuses(pod: Object) -> Iterator[Object]:
    status = pod.get("status") or {}
    for key in _STATUSES:
        yield from status.get(key) or ()

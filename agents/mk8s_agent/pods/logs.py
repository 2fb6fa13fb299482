"""A container's log for the master: which container is meant, and which part of what it wrote."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any

from minikube8s.api.times import parse_time
from mk8s_agent.assignments import Assignments
from mk8s_agent.link.errors import StreamError
from mk8s_agent.pods.identity import CONTAINER, POD_NAME, POD_NAMESPACE, POD_UID, uid_here
from mk8s_agent.pods.lifecycle import policy_of, view_of
from mk8s_agent.pods.node_context import NodeContext
from mk8s_agent.pods.restarts import Policy, restart
from mk8s_agent.pods.values import sort_containers
from mk8s_agent.runtime.errors import ContainerNotFound, EngineUnavailable
from mk8s_agent.runtime.vocabulary import Container, LogOptions, Phase


class PodLogs:
    """Serves logs of the node's pods."""

    def __init__(self, context: NodeContext) -> None:
        self._ctx = context

    async def open(self, options: dict[str, Any]) -> AsyncIterator[bytes]:
        """The log's bytes. `options`: `namespace`, `pod`, `container`, and those of
        v1.PodLogOptions.

        Raises StreamError when there is no such log.
        """
        namespace, pod, container = options["namespace"], options["pod"], options["container"]
        attempts = await self._attempts(namespace, pod, container)
        policy = restart_policy(self._ctx.assignments, namespace, pod, container)
        chosen = choose(attempts, policy, previous=bool(options.get("previous")))
        if chosen is None:
            gone = self._removed(namespace, pod, container)
            if gone:
                why = f"unable to retrieve container logs for {gone}"
            elif options.get("previous"):
                why = f'previous terminated container "{container}" in pod "{pod}" not found'
            else:
                why = (
                    f'container "{container}" in pod "{pod}" is waiting to start: ContainerCreating'
                )
            raise StreamError("BadRequest", why, 400)
        wanted = log_options(options, self._ctx.clock.now())
        return self._read(chosen, wanted, options.get("limitBytes"))

    async def _attempts(self, namespace: str, pod: str, container: str) -> tuple[Container, ...]:
        labels = {
            **self._ctx.owner,
            POD_NAMESPACE: namespace,
            POD_NAME: pod,
            CONTAINER: container,
        }
        if assigned := self._ctx.assignments.pods().get((namespace, pod)):
            labels[POD_UID] = uid_here(assigned.view.metadata)
        try:
            found = await self._ctx.runtime.containers(labels)
        except EngineUnavailable as error:
            raise StreamError("InternalError", str(error), 500) from error
        return sort_containers(found)[1].get(container, ())

    def _removed(self, namespace: str, pod: str, container: str) -> str:
        """The id of the container that ended and was removed, as the pod's status tells it."""
        assigned = self._ctx.assignments.pods().get((namespace, pod))
        if assigned is None or not assigned.view.terminal:
            return ""
        status = assigned.view.status
        every = (*status.container_statuses, *status.init_container_statuses)
        ended = (one.state.terminated for one in every if one.name == container)
        return next((one.container_id for one in ended if one is not None), "")

    async def _read(
        self, container: Container, options: LogOptions, limit: int | None
    ) -> AsyncIterator[bytes]:
        left = limit
        try:
            async with aclosing(self._ctx.runtime.logs(container.id, options)) as chunks:
                async for chunk in chunks:
                    if left is None:
                        yield chunk.data
                        continue
                    yield chunk.data[:left]
                    left -= len(chunk.data)
                    if left <= 0:
                        return
        except ContainerNotFound as error:
            raise StreamError("NotFound", str(error), 404) from error
        except (EngineUnavailable, OSError) as error:
            raise StreamError("InternalError", str(error), 500) from error


def choose(attempts: tuple[Container, ...], policy: Policy, *, previous: bool) -> Container | None:
    """The attempt that is meant, of all that are left, newest first. Pure.

    The present one, or the last one that ended while none runs. Before that: what `lastState` tells
    of. One that could not be started has nothing to say: an earlier one that ran says more.
    """
    begun = [one for one in attempts if one.phase is not Phase.CREATED]
    if previous:
        ended = [one for one in begun if one.phase is Phase.EXITED]
        if ended and ended[0] is attempts[0] and restart(policy, ended[0]) is None:
            ended = ended[1:]
        begun = ended
    return next((one for one in begun if one.started_at is not None), None) or (
        begun[0] if begun else None
    )


def log_options(options: dict[str, Any], now: datetime) -> LogOptions:
    """v1.PodLogOptions as the runtime takes them. Pure."""
    since: datetime | None = None
    if (seconds := options.get("sinceSeconds")) is not None:
        since = now - timedelta(seconds=seconds)
    elif time := options.get("sinceTime"):
        since = parse_time(time)
    return LogOptions(
        follow=bool(options.get("follow")),
        tail=options.get("tailLines"),
        since=since,
        timestamps=bool(options.get("timestamps")),
        stdout=options.get("stream") != "Stderr",
        stderr=options.get("stream") != "Stdout",
    )


def restart_policy(assignments: Assignments, namespace: str, pod: str, container: str) -> Policy:
    """The restart policy of one container of an assigned pod."""
    assigned = assignments.pods().get((namespace, pod))
    found = None if assigned is None else view_of(assigned.view, container)
    if assigned is None or found is None:
        return Policy("Never")
    return policy_of(assigned.view, found)

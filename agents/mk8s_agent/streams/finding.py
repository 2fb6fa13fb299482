"""Which container, or which pod's network, a stream is meant for."""

from __future__ import annotations

from typing import Any

from mk8s_agent.assignments import Assignments
from mk8s_agent.link.errors import StreamError
from mk8s_agent.pods.identity import (
    CONTAINER,
    POD_NAME,
    POD_NAMESPACE,
    POD_UID,
    SANDBOX_NAME,
    uid_here,
)
from mk8s_agent.pods.lifecycle import view_of
from mk8s_agent.runtime.errors import RuntimeFault
from mk8s_agent.runtime.interface import Runtime
from mk8s_agent.runtime.vocabulary import Container, Phase


class Finder:
    """Looks for running containers of this node's pods. `owner`: the labels that all carry."""

    def __init__(self, runtime: Runtime, owner: dict[str, str], assignments: Assignments) -> None:
        self._runtime = runtime
        self._owner = owner
        self._assignments = assignments

    async def container(self, options: dict[str, Any]) -> Container:
        """The running container that `options` name. Raises StreamError NotFound."""
        name = str(options["container"])
        found = await self._running(options, name)
        if found is None:
            raise StreamError("NotFound", f'container not found ("{name}")', 404)
        return found

    async def sandbox(self, options: dict[str, Any]) -> Container:
        """The running pause container of the pod that `options` name. Raises StreamError."""
        found = await self._running(options, SANDBOX_NAME)
        if found is None:
            why = f'pod "{options["pod"]}" in namespace "{options["namespace"]}" is not running'
            raise StreamError("NotFound", why, 404)
        return found

    def uses_host_network(self, options: dict[str, Any]) -> bool:
        """Whether the pod shares the node's network."""
        assigned = self._assignments.pods().get((options["namespace"], options["pod"]))
        return assigned is not None and assigned.view.spec.host_network

    def takes_input_once(self, options: dict[str, Any]) -> bool:
        """Whether the container's input ends with the first client that gives any."""
        assigned = self._assignments.pods().get((options["namespace"], options["pod"]))
        if assigned is None:
            return False
        found = view_of(assigned.view, options["container"])
        return found is not None and found.stdin_once

    async def _running(self, options: dict[str, Any], container: str) -> Container | None:
        namespace, pod = str(options["namespace"]), str(options["pod"])
        labels = {
            **self._owner,
            POD_NAMESPACE: namespace,
            POD_NAME: pod,
            CONTAINER: container,
        }
        # Two pods of one name may be there for a moment: the one that leaves, and its successor.
        if assigned := self._assignments.pods().get((namespace, pod)):
            labels[POD_UID] = uid_here(assigned.view.metadata)
        try:
            found = await self._runtime.containers(labels)
        except RuntimeFault as fault:
            raise StreamError("InternalError", str(fault), 500) from fault
        running = [one for one in found if one.phase is Phase.RUNNING]
        return max(running, key=lambda one: one.created_at, default=None)

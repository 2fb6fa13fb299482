"""postStart and preStop: what a container wants done after its start and before its stop."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from minikube8s.api.views import Container, HTTPGetAction, LifecycleHandler
from mk8s_agent.probes.http_get import HttpFailure, fetch, request_for
from mk8s_agent.probes.values import ProbeError
from mk8s_agent.runtime.errors import RuntimeFault
from mk8s_agent.runtime.sessions import ExecSession, ExecSpec

_HTTP_SECONDS = 60
_AGENT = "kube-lifecycle/1.36"


class HookFailed(Exception):
    """The hook did not do its work; the message says why."""


class Processes(Protocol):
    """What runs commands in containers, see `mk8s_agent.runtime.docker`."""

    def exec(self, container_id: str, spec: ExecSpec) -> AbstractAsyncContextManager[ExecSession]:
        """Run a command in a container."""
        ...


class Hooks:
    """Runs hooks on one node."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes

    async def run(
        self, handler: LifecycleHandler, container: Container, container_id: str, address: str
    ) -> None:
        """Do what the handler says, to its end. `address` is the pod's. Raises HookFailed."""
        if handler.exec is not None:
            await self._execute(container_id, handler.exec.command)
        elif handler.http_get is not None:
            await _get(handler.http_get, container, address)
        elif handler.sleep is not None:
            await asyncio.sleep(handler.sleep.seconds)
        else:
            raise HookFailed("the hook names neither exec, httpGet nor sleep")

    async def _execute(self, container_id: str, command: tuple[str, ...]) -> None:
        try:
            async with self._processes.exec(container_id, ExecSpec(command=command)) as process:
                # Its output is nobody's, but a command whose output is not read would wait.
                async for _ in process.output():
                    pass
                code = await process.exit_code()
        except RuntimeFault as error:
            raise HookFailed(str(error)) from error
        if code != 0:
            raise HookFailed(f"the command {list(command)} exited with {code}")


async def _get(action: HTTPGetAction, container: Container, address: str) -> None:
    """Send the request; any answer will do."""
    try:
        request = request_for(action, container, address, _AGENT)
    except ProbeError as error:
        raise HookFailed(str(error)) from error
    try:
        await fetch(request, _HTTP_SECONDS)
    except HttpFailure as failure:
        raise HookFailed(str(failure)) from failure
    except ProbeError:
        # It has answered; that its words break off is nobody's concern.
        return

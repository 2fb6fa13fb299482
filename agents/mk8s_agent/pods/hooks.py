"""postStart and preStop: what a container wants done after its start and before its stop."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from minikube8s.api.views import Container, HTTPGetAction, LifecycleHandler
from mk8s_agent.runtime.errors import RuntimeFault
from mk8s_agent.runtime.sessions import ExecSession, ExecSpec

_HTTP_SECONDS = 60.0
_HTTP = b"HTTP/"


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
    host, port = action.host or address, _port(action.port, container)
    headers = {"Host": f"{host}:{port}", "User-Agent": "kube-lifecycle/1.36", "Accept": "*/*"}
    headers |= {one.name: one.value for one in action.http_headers}
    lines = [f"GET /{action.path.removeprefix('/')} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    request = "\r\n".join([*lines, "Connection: close", "", ""]).encode()
    try:
        async with asyncio.timeout(_HTTP_SECONDS):
            reader, writer = await asyncio.open_connection(host, port, ssl=_tls(action.scheme))
            try:
                writer.write(request)
                answer = await reader.readexactly(len(_HTTP))
            finally:
                writer.close()
    except TimeoutError:
        raise HookFailed(f"{host}:{port} gave no answer within {_HTTP_SECONDS:g} s") from None
    except (OSError, asyncio.IncompleteReadError) as error:
        raise HookFailed(f"{host}:{port} cannot be asked: {error}") from error
    if answer != _HTTP:
        raise HookFailed(f"{host}:{port} does not speak HTTP")


def _tls(scheme: str) -> ssl.SSLContext | None:
    """Certificates of pods are not checked: nobody has vouched for them."""
    if scheme.upper() != "HTTPS":
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _port(port: int | str, container: Container) -> int:
    """A number, or the name of one of the container's ports. Raises HookFailed."""
    if str(port).isdecimal():
        return int(port)
    for one in container.ports:
        if one.name == port:
            return one.container_port
    raise HookFailed(f"the container has no port named {port}")

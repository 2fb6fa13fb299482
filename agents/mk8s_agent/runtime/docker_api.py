"""Calls of Docker's HTTP API (1.40, that is Docker 19.03, and newer).

Owns the version that both sides know, and what Docker's status codes mean. It knows no path but
that of the version.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from mk8s_agent.httpanswers import Response
from mk8s_agent.runtime import docker_json
from mk8s_agent.runtime.errors import (
    ContainerNotFound,
    EngineUnavailable,
    ImageNotFound,
    InvalidReference,
    NotRunning,
    RuntimeFault,
)
from mk8s_agent.runtime.http import Hijacked, HttpClient

_NEWEST = (1, 47)
_QUICK_SECONDS = 30.0


class Conflict(RuntimeFault):
    """Status 409; every caller knows what it means for its call."""


class DockerApi:
    """Calls of one engine. An error status is raised as its fault."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._version: tuple[int, ...] | None = None

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection on which the engine itself is spoken to. Raises OSError, TimeoutError."""
        return await self._http.connect()

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """The decoded answer to a GET. Raises RuntimeFault."""
        return msgspec.json.decode(await self.whole("GET", path, query))

    async def post(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        seconds: float = _QUICK_SECONDS,
    ) -> bytes:
        """The body of the answer to a POST. Raises RuntimeFault."""
        return await self.whole("POST", path, query, seconds, body)

    async def whole(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        seconds: float = _QUICK_SECONDS,
        body: bytes | None = None,
    ) -> bytes:
        """One call whose whole answer must be there within `seconds`."""
        async with (
            self.call(method, path, query, seconds=seconds, body=body) as response,
            asyncio.timeout(seconds),
        ):
            return await response.body()

    @asynccontextmanager
    async def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        seconds: float = _QUICK_SECONDS,
        body: bytes | None = None,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Response]:
        """One call at the API version that both sides know.

        An error status is raised as its fault.
        """
        async with self._http.request(
            method,
            await self._versioned(path),
            query=query,
            body=body,
            content_type=content_type,
            headers=headers,
            seconds=seconds,
        ) as response:
            if response.status >= 400:
                async with asyncio.timeout(seconds):
                    said = await response.body()
                raise _fault(path, response.status, said)
            yield response

    @asynccontextmanager
    async def hijack(
        self, path: str, query: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> AsyncIterator[Hijacked]:
        """A connection that stops being HTTP. Raises RuntimeFault."""
        async with self._http.upgrade(
            await self._versioned(path), query=query, body=body, seconds=_QUICK_SECONDS
        ) as answer:
            if isinstance(answer, Response):
                raise await _refusal(path, answer)
            yield answer

    async def version(self) -> tuple[int, ...]:
        """The newest version of the API that both sides know. Raises RuntimeFault."""
        if self._version is None:
            self._version = await self._negotiate()
        return self._version

    async def _versioned(self, path: str) -> str:
        return f"/v{'.'.join(map(str, await self.version()))}{path}"

    async def _negotiate(self) -> tuple[int, ...]:
        async with (
            self._http.request("GET", "/version", seconds=_QUICK_SECONDS) as response,
            asyncio.timeout(_QUICK_SECONDS),
        ):
            offered = msgspec.json.decode(await response.body())["ApiVersion"]
        newest = tuple(int(part) for part in offered.split("."))
        return min(newest, _NEWEST)


async def _refusal(path: str, answer: Response) -> RuntimeFault:
    try:
        async with asyncio.timeout(_QUICK_SECONDS):
            return _fault(path, answer.status, await answer.body())
    except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
        return EngineUnavailable(
            f"The container engine refused {path} and did not say why: {error}"
        )


def _fault(path: str, status: int, body: bytes) -> RuntimeFault:
    try:
        message = docker_json.readable(str(msgspec.json.decode(body)["message"]))
    except (msgspec.DecodeError, KeyError, TypeError):
        message = body.decode(errors="replace").strip() or f"the engine answered {status} to {path}"
    lowered = message.lower()
    if status == 404 and "no such container" in lowered:
        return ContainerNotFound(message)
    if status == 404 and "no such image" in lowered:
        return ImageNotFound(message)
    if status == 409 and "is not running" in lowered:
        return NotRunning(message)
    if status == 400 and "invalid reference format" in lowered:
        return InvalidReference(message)
    return Conflict(message) if status == 409 else RuntimeFault(message)

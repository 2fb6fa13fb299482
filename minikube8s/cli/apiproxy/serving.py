"""Serves `mk8s proxy`: each connection carries one request, as it is, to the API and back."""

from __future__ import annotations

import asyncio
import contextlib
import mimetypes
from pathlib import Path

from minikube8s.cli.apiproxy import rules
from minikube8s.cli.apiproxy.rules import Request, Rules
from minikube8s.cli.connection.websocket import opened
from minikube8s.cli.connection.wire import Wire
from minikube8s.cli.errors import CommandError

_END = b"\r\n\r\n"
_HEAD_SECONDS = 30.0
_BLOCK = 64 * 1024
_FORBIDDEN = rules.answer(403, "Forbidden", b"Forbidden\n")
_NOT_FOUND = rules.answer(404, "Not Found", b"404 page not found\n")


class Gateway:
    """One API server behind the rules; files of ``www`` beside it, below its prefix."""

    def __init__(self, wire: Wire, passing: Rules, prefix: str, www: str, www_prefix: str) -> None:
        self._wire = wire
        self._rules = passing
        self._prefix = prefix
        self._www = Path(www).resolve() if www else None
        self._www_prefix = www_prefix

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection; one that is cut off by the end of the program is no failure."""
        gone = (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError)
        with contextlib.closing(writer), contextlib.suppress(*gone):
            try:
                async with asyncio.timeout(_HEAD_SECONDS):
                    head = await reader.readuntil(_END)
                request = rules.parse(head)
            except (TimeoutError, ValueError, asyncio.LimitOverrunError):
                writer.write(rules.answer(400, "Bad Request", b"400 Bad Request\n"))
            else:
                await self._answer(request, reader, writer)
            await writer.drain()

    async def _answer(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        path = rules.below(rules.clean(request.target), self._www_prefix)
        target = rules.below(request.target, self._prefix)
        # the rules are about the API's paths, wherever it is served
        about = request if target is None else request._replace(target=target)
        if not self._rules.pass_on(about):
            writer.write(_FORBIDDEN)
            return
        if self._www is not None and path is not None:
            writer.write(await asyncio.to_thread(_file, self._www, path))
            return
        if target is None:
            writer.write(_NOT_FOUND)
            return
        try:
            await self._carry(request, target, reader, writer)
        except (CommandError, OSError) as error:
            why = str(error) if isinstance(error, CommandError) else self._wire.failure(error)
            writer.write(rules.answer(502, "Bad Gateway", f"{why}\n".encode()))

    async def _carry(
        self,
        request: Request,
        target: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Carry the request and what comes back; ends when either side does."""
        there, sending = await opened(self._wire)
        with contextlib.closing(sending):
            known = self._wire.identity()
            host = f"{self._wire.host}:{self._wire.port}"
            sending.write(rules.passed_on(request, self._wire.base + target, host, known))
            if request.upgrades:
                # what follows is no request only where the server agrees
                head = await there.readuntil(_END)
                writer.write(head)
                if head.split(b" ", 2)[1] != b"101":
                    await _pipe(there, writer)
                    return
            ways = [
                asyncio.create_task(_pipe(there, writer)),
                asyncio.create_task(_pipe(reader, sending)),
            ]
            try:
                done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in done:
                    way.result()
            finally:
                for way in ways:
                    way.cancel()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(_BLOCK):
            writer.write(data)
            await writer.drain()


def _file(root: Path, path: str) -> bytes:
    """A file below the folder, or a list of what is there; links that lead out are not followed."""
    found = (root / path.lstrip("/")).resolve()
    if not found.is_relative_to(root) or not found.exists():
        return _NOT_FOUND
    try:
        if found.is_dir() and not (found / "index.html").is_file():
            names = sorted(f"{one.name}/" if one.is_dir() else one.name for one in found.iterdir())
            return rules.answer(200, "OK", "".join(f"{name}\n" for name in names).encode())
        file = found / "index.html" if found.is_dir() else found
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return rules.answer(200, "OK", file.read_bytes(), kind)
    except OSError:
        return _FORBIDDEN

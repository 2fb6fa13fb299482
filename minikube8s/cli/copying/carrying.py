"""Carries a tar stream between this machine and a container: a thread packs, a talk carries."""

from __future__ import annotations

import os
import shlex
import time
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import click

from minikube8s.cli.containers.conversation import CommandEnded, Files, converse
from minikube8s.cli.copying import packing, places, unpacking
from minikube8s.cli.copying.pipes import Counted, Pipe, Worker
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output.progress import Progress, amount
from minikube8s.cli.session import Session

_NOT_FOUND = {126, 127}
_DRAW_SECONDS = 0.2


class Carrier:
    """Copies to and from one container; ``path`` is that of its pod's exec."""

    def __init__(self, session: Session, path: str, container: str, progress: Progress) -> None:
        self._session = session
        self._path = path
        self._container = container
        self._progress = progress
        self._drawn = 0.0

    def to_pod(self, source: Path, destination: str, *, preserve: bool) -> None:
        """Copy a file or folder into the container. Raises CommandError, OSError."""
        target = PurePosixPath(destination)
        if destination.endswith("/") or self._is_folder(destination):
            target = target / source.absolute().name
        keep = () if preserve else ("--no-same-permissions", "--no-same-owner")
        command = ["tar", *keep, "-xmf", "-", "-C", str(target.parent)]
        with Pipe() as pipe:

            def work(out: BinaryIO) -> None:
                packing.pack(source, target.name, Counted(out, self._tell), _warn)

            packer = Worker(lambda: pipe.write_with(work))
            try:
                self._run(command, stdin=pipe.reading)
            finally:
                pipe.close_reading()
                # what the packer says of a pipe that was closed early is not the reason
                packer.finish(ignore_broken_pipe=True)

    def from_pod(self, source: str, destination: Path, *, preserve: bool, retries: int) -> None:
        """Copy a file or folder out of the container. Raises CommandError, OSError."""
        with Pipe() as pipe:

            def work(archive: BinaryIO) -> None:
                prefix = places.member(source)
                unpacking.unpack(archive, prefix, destination, _warn, keep_modes=preserve)

            unpacker = Worker(lambda: pipe.read_with(work))
            had = 0

            def take(data: bytes) -> None:
                nonlocal had
                _write_all(pipe.writing, data)
                had += len(data)
                self._tell(had)

            try:
                attempt = 0
                while True:
                    try:
                        self._run(_tar(source, had), stdout=take)
                        break
                    except CommandEnded:
                        raise
                    except CommandError as error:
                        attempt += 1
                        if not retries or (0 < retries < attempt):
                            raise
                        click.echo(
                            f"{error} Resuming copy at {had} bytes, retry {attempt}", err=True
                        )
            except BrokenPipeError:
                unpacker.finish()
                raise
            finally:
                pipe.close_writing()
                unpacker.join()
            unpacker.finish()

    def _is_folder(self, path: str) -> bool:
        def nowhere(_: bytes) -> None: ...

        try:
            self._talk(["test", "-d", path], files=Files(0, nowhere, nowhere), stdin=False)
        except CommandEnded:
            return False
        return True

    def _run(self, command: list[str], *, stdin: int | None = None, stdout: Any = None) -> None:
        files = Files()
        if stdin is not None:
            files = files._replace(stdin=stdin)
        if stdout is not None:
            files = files._replace(stdout=stdout)
        try:
            self._talk(command, files=files, stdin=stdin is not None)
        except CommandEnded as ended:
            if ended.code not in _NOT_FOUND:
                raise
            raise CommandError(
                f"container {self._container} has no tar, which cp needs. One file can be copied "
                "without: `mk8s exec POD -- cat FILE > FILE`."
            ) from None

    def _talk(self, command: list[str], *, files: Files, stdin: bool) -> None:
        query = [*(("command", word) for word in command), ("container", self._container)]
        client = self._session.client
        converse(client, self._path, query, stdin=stdin, tty=False, files=files)

    def _tell(self, count: int) -> None:
        now = time.monotonic()
        if self._progress.live and now - self._drawn > _DRAW_SECONDS:
            self._drawn = now
            self._progress.show([f"copying: {amount(count)}"])


def _tar(source: str, had: int) -> list[str]:
    """The command that packs a path, without the bytes that are here already."""
    if not had:
        return ["tar", "cf", "-", source]
    return ["sh", "-c", f"tar cf - {shlex.quote(source)} | tail -c+{had + 1}"]


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _warn(text: str) -> None:
    click.echo(text, err=True)

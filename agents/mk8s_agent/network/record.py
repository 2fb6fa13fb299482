"""What a network namespace was before mk8s, and what of mk8s is in it that can bear no mark.

Owns one file a namespace, which all clusters on a machine share. It lies where it goes with the
next boot, as the settings do, and outlives any cluster's home. The calling thread's network
namespace is the one that is meant.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

from mk8s_agent.network import sysctls

OF_MACHINE = Path("/run/mk8s")
_SO_NETNS_COOKIE = 71


class Setting(TypedDict):
    """A kernel setting that was changed: what it was, and what it was set to."""

    before: str
    set: str


class Content(TypedDict):
    """What is in the file: settings by name, and the clusters that are here with their IPv6."""

    settings: dict[str, Setting]
    clusters: dict[str, list[str]]


class NetworkRecord:
    """The record of this namespace, in a directory.

    A value is written down before its first change, so it is put back as a human or a distribution
    had chosen it, however often agents were killed. Methods may raise NetworkError, OSError.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def enter(self, cluster: str, ranges_ipv6: Sequence[str]) -> None:
        """A cluster is here now; its addresses of IPv6 are known by their ranges alone."""
        with self._changing() as content:
            content["clusters"][cluster] = list(ranges_ipv6)

    def clusters(self) -> dict[str, list[str]]:
        """The clusters that are here, and their ranges of IPv6."""
        return self._load()["clusters"]

    def change(self, settings: Mapping[str, str]) -> None:
        """Set each setting that differs; its value of before is kept."""
        found = {name: sysctls.read(name) for name in settings}
        changes = {
            name: value for name, value in found.items() if value not in (None, settings[name])
        }
        if changes:
            with self._changing() as content:
                for name, value in changes.items():
                    entry = Setting(before=str(value), set=settings[name])
                    content["settings"].setdefault(name, entry)
        for name in changes:
            sysctls.write(name, settings[name])

    def leave(self, cluster: str, *, last: bool) -> None:
        """A cluster has gone. After the `last` one settings are what they were, where nobody has
        changed them since.
        """
        with self._changing() as content:
            content["clusters"].pop(cluster, None)
            if last:
                for name, entry in content["settings"].items():
                    if sysctls.read(name) == entry["set"]:
                        sysctls.write(name, entry["before"])
                content["settings"].clear()

    @contextmanager
    def _changing(self) -> Iterator[Content]:
        """The content, for nobody else meanwhile; what it is in the end is written down."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            content = self._load()
            before = json.dumps(content)
            yield content
            if json.dumps(content) != before:
                self._save(content)
        finally:
            os.close(descriptor)

    def _load(self) -> Content:
        try:
            found = json.loads(self._path().read_text())
            return Content(settings=dict(found["settings"]), clusters=dict(found["clusters"]))
        except (FileNotFoundError, KeyError, TypeError, ValueError):
            return Content(settings={}, clusters={})

    def _save(self, content: Content) -> None:
        path = self._path()
        if not content["settings"] and not content["clusters"]:
            path.unlink(missing_ok=True)
            return
        draft = path.with_suffix(".new")
        with draft.open("w") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)

    def _path(self) -> Path:
        return self._directory / f"network-{_namespace()}.json"


def _namespace() -> str:
    """What tells this network namespace from any other one until the next boot."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            cookie = any_socket.getsockopt(socket.SOL_SOCKET, _SO_NETNS_COOKIE, 8)
        except OSError:  # a kernel before 5.14, whose numbers come again
            return str(Path("/proc/thread-self/ns/net").stat().st_ino)
    return str(int.from_bytes(cookie, sys.byteorder))

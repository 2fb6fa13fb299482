"""The host's resolvers: resolv.conf, and what is behind a local stub of systemd-resolved.

Owns reading these files. They are looked at when somebody needs them: a look costs microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path

import msgspec

RESOLV_CONF = Path("/etc/resolv.conf")
RESOLVED_UPSTREAMS = Path("/run/systemd/resolve/resolv.conf")
_STUBS = ("127.0.0.53", "127.0.0.54")


class Resolver(msgspec.Struct, frozen=True):
    """The lines of a resolv.conf."""

    nameservers: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    def text(self) -> str:
        """The file."""
        lines = [f"nameserver {one}" for one in self.nameservers]
        if self.searches:
            lines.append(f"search {' '.join(self.searches)}")
        if self.options:
            lines.append(f"options {' '.join(self.options)}")
        return "".join(f"{line}\n" for line in lines)


def parse(text: str) -> Resolver:
    """Read a resolv.conf; lines that mean nothing here are left out."""
    nameservers: list[str] = []
    searches: tuple[str, ...] = ()
    options: list[str] = []
    for line in text.splitlines():
        keyword, *values = line.split("#")[0].split(";")[0].split() or [""]
        if keyword == "nameserver":
            nameservers += values[:1]
        elif keyword in ("search", "domain"):
            searches = tuple(one for one in values if one != ".")
        elif keyword == "options":
            options += values
    return Resolver(tuple(nameservers), searches, tuple(options))


def upstreams(nameservers: Iterable[str], left_out: Iterable[str]) -> tuple[str, ...]:
    """The resolvers that may be asked, in order, without those that are ourselves."""
    own = set(left_out)
    found = [one for one in nameservers if _is_address(one) and one not in own]
    return tuple(dict.fromkeys(found))


def _is_address(text: str) -> bool:
    try:
        ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


class HostResolver:
    """The host's resolver as its files say it now; they are read again when they have changed."""

    def __init__(
        self, resolv_conf: Path = RESOLV_CONF, behind_stub: Path = RESOLVED_UPSTREAMS
    ) -> None:
        self._files = (resolv_conf, behind_stub)
        self._seen: tuple[object, ...] | None = None
        self._resolver = Resolver()

    def read(self) -> Resolver:
        """The resolver in force. Where the host asks a stub of its own, the servers behind it."""
        seen = tuple(map(_stamp, self._files))
        if seen != self._seen:
            self._seen = seen
            resolver, behind = (parse(_text(each)) for each in self._files)
            stub = resolver.nameservers and set(resolver.nameservers) <= set(_STUBS)
            self._resolver = behind if stub and behind.nameservers else resolver
        return self._resolver


def _stamp(path: Path) -> object:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""

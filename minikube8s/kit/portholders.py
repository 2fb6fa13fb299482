"""Who listens on a TCP port of this machine, read from /proc. See proc(5)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_LISTENS = "0A"
_PROC = Path("/proc")


def holder(port: int, proc: Path = _PROC) -> str:
    """`nginx (process 812)`; empty when nobody listens there, or when that cannot be seen."""
    sockets = {
        f"socket:[{inode}]"
        for table in ("net/tcp", "net/tcp6")
        for inode in _listening(proc / table, port)
    }
    if not sockets:
        return ""
    for process in proc.iterdir():
        if process.name.isdigit() and _has(process, sockets):
            try:
                name = (process / "comm").read_text().strip()
            except OSError:
                continue
            return f"{name} (process {process.name})"
    return ""


def _listening(table: Path, port: int) -> Iterator[str]:
    """Inodes of the sockets that listen on the port, on whatever address."""
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return
    for line in lines:
        fields = line.split()
        if fields[3] == _LISTENS and int(fields[1].rpartition(":")[2], 16) == port:
            yield fields[9]


def _has(process: Path, sockets: set[str]) -> bool:
    try:
        return any(str(one.readlink()) in sockets for one in (process / "fd").iterdir())
    except OSError:
        return False

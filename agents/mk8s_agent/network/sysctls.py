"""Kernel settings: set what pods rely on, remember what was there, put it back.

Owns `/proc/sys/net` and the record of the node's former settings. Knows no pods. The calling
thread's network namespace is the one whose settings are changed.
"""

import json
import os
from pathlib import Path

from mk8s_agent.network.errors import NetworkError

_ROOT = Path("/proc/sys/net")
_RECORD = "sysctls.json"


def write(name: str, value: str) -> None:
    """Set e.g. `ipv4/ip_forward`; a setting that this kernel does not have is left out.

    IPv6 may be switched off at boot, and then its settings are missing. Raises NetworkError.
    """
    try:
        (_ROOT / name).write_text(value)
    except FileNotFoundError:
        return
    except OSError as error:
        raise NetworkError(
            f"cannot set {_ROOT / name} to {value}: {error.strerror};"
            " the agent needs root and a writable /proc/sys"
        ) from error


def write_for_pod(name: str, value: str) -> None:
    """Set what a pod asks for in its own namespace. Raises NetworkError."""
    try:
        (_ROOT / name).write_text(value)
    except OSError as error:
        raise NetworkError(
            f'sysctl "net.{name.replace("/", ".")}" cannot be set to "{value}": {error.strerror}'
        ) from error


def read(name: str) -> str | None:
    """The setting's value, or None when there is none."""
    try:
        return (_ROOT / name).read_text().strip()
    except FileNotFoundError:
        return None


class SysctlRecord:
    """The node's settings before mk8s changed them, in a file of the state directory.

    A value is written down before the first change and kept over restarts, so `restore` finds
    what a human or a distribution had chosen, however often the agent was killed.
    """

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / _RECORD

    def change(self, settings: dict[str, str]) -> None:
        """Set each setting that differs, its former value recorded first. Raises NetworkError."""
        former = self._load()
        found = {name: read(name) for name in settings}
        changes = {
            name: value for name, value in found.items() if value not in (None, settings[name])
        }
        fresh = {name: str(value) for name, value in changes.items() if name not in former}
        if fresh:
            self._save(former | {n: {"before": v, "set": settings[n]} for n, v in fresh.items()})
        for name in changes:
            write(name, settings[name])

    def restore(self) -> None:
        """Put the former values back where nobody changed them since, and drop the record."""
        for name, entry in self._load().items():
            if read(name) == entry["set"]:
                write(name, entry["before"])
        self._path.unlink(missing_ok=True)

    def _load(self) -> dict[str, dict[str, str]]:
        try:
            loaded: dict[str, dict[str, str]] = json.loads(self._path.read_text())
        except FileNotFoundError:
            return {}
        return loaded

    def _save(self, entries: dict[str, dict[str, str]]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        with draft.open("w") as file:
            json.dump(entries, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)

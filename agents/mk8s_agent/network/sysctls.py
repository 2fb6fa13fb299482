"""Kernel settings: what they are, and set to what pods rely on.

Owns `/proc/sys/net`. Knows no pods. The calling thread's network namespace is the one whose
settings are changed.
"""

from pathlib import Path

from mk8s_agent.network.errors import NetworkError

_ROOT = Path("/proc/sys/net")


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

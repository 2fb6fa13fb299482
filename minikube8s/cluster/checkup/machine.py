"""Owns what `mk8s doctor` reads of this machine, beside the engine and the network."""

from __future__ import annotations

import ctypes
import resource
from collections.abc import Mapping
from pathlib import Path

import msgspec

_STA_UNSYNC = 0x0040
_TIMEX_BYTES = 512
_STATUS = 5 * 8
"""Where `status` stands in struct timex of 64-bit machines: see adjtimex(2)."""
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What was found. Sizes are bytes; None: it could not be seen."""

    cgroups: int = 0
    """The version of control groups; 0 for none."""
    controllers: tuple[str, ...] = ()
    open_files: int = 0
    """The hard limit of a process that is started from here."""
    file_table: int = 0
    """How many files the whole machine may have open."""
    memory: int = 0
    available: int = 0
    swap: int = 0
    clock_kept: bool | None = None
    """Whether the kernel says that its clock follows a better one."""
    proxies: Mapping[str, str] = {}
    selinux: str = ""
    """"enforcing" or "permissive"; empty where it is off."""
    apparmor: bool = False
    kernel: str = ""
    inside: str = ""
    """The container that this is: "docker", …; empty for none."""
    firewalls: tuple[str, ...] = ()
    """Programs that manage a firewall here and are on."""


def read(environment: Mapping[str, str]) -> Machine:
    """Look; changes nothing."""
    version, controllers = _cgroups()
    memory = _numbers("/proc/meminfo")
    return Machine(
        cgroups=version,
        controllers=controllers,
        open_files=resource.getrlimit(resource.RLIMIT_NOFILE)[1],
        file_table=int(_text("/proc/sys/fs/file-max") or 0),
        memory=memory.get("MemTotal", 0),
        available=memory.get("MemAvailable", 0),
        swap=memory.get("SwapTotal", 0),
        clock_kept=_clock_kept(),
        proxies={name: environment[name] for name in _PROXIES if environment.get(name)},
        selinux={"1": "enforcing", "0": "permissive"}.get(_text("/sys/fs/selinux/enforce"), ""),
        apparmor=_text("/sys/module/apparmor/parameters/enabled") == "Y",
        kernel=_text("/proc/version"),
        inside=_inside(environment),
        firewalls=_firewalls(),
    )


def _cgroups() -> tuple[int, tuple[str, ...]]:
    root = "/sys/fs/cgroup"
    if Path(root, "cgroup.controllers").exists():
        return 2, tuple(_text(f"{root}/cgroup.controllers").split())
    mounted = [name for name in ("cpu", "memory", "pids") if Path(root, name).is_dir()]
    return (1, tuple(mounted)) if mounted else (0, ())


def _clock_kept() -> bool | None:
    if ctypes.sizeof(ctypes.c_long) != 8:
        return None
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)
    try:
        if ctypes.CDLL(None, use_errno=True).adjtimex(timex) < 0:
            return None
    except (OSError, AttributeError):
        return None
    status = int.from_bytes(timex.raw[_STATUS : _STATUS + 4], "little")
    return not status & _STA_UNSYNC


def _inside(environment: Mapping[str, str]) -> str:
    if Path("/.dockerenv").exists():
        return "docker"
    if Path("/run/.containerenv").exists():
        return "podman"
    return _text("/run/systemd/container") or environment.get("container", "")


def _firewalls() -> tuple[str, ...]:
    found = []
    if _runs("firewalld"):
        found.append("firewalld")
    if "ENABLED=yes" in _text("/etc/ufw/ufw.conf").splitlines():
        found.append("ufw")
    return tuple(found)


def _runs(program: str) -> bool:
    processes = (one for one in Path("/proc").iterdir() if one.name.isdigit())
    return any(_text(f"{process}/comm") == program for process in processes)


def _numbers(path: str) -> dict[str, int]:
    """Bytes by name, of a file with lines like `MemTotal:  1024 kB`."""
    found = {}
    for line in _text(path).splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if words and words[0].isdigit():
            found[name] = int(words[0]) * (1024 if words[1:] == ["kB"] else 1)
    return found


def _text(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace").strip("\0\n ")
    except OSError:
        return ""

"""Owns what `mk8s doctor` makes of what it has seen: one sentence each, and how bad it is. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from ipaddress import IPv4Network
from typing import Any, NamedTuple

import msgspec

from minikube8s.cluster.checkup import networks
from minikube8s.cluster.checkup.networks import Used

_MIB = 1 << 20
_DISK_FAULT, _DISK_DOUBT = 128 * _MIB, 2048 * _MIB
_OLDEST_ENGINE = (20, 10)
_SLOW_STORAGE = ("vfs", "devicemapper", "aufs")
_INOTIFY = {"max_user_instances": 64, "max_user_watches": 8192}
"""Fewer than this and programs in pods, which share it with the host, soon have none."""
_OPTIONAL = {
    "vxlan": "nodes that share no link cannot reach each other's pods",
    "netem": "`mk8s lab delay` and `mk8s lab loss` do not work",
    "sctp": "Services and pods cannot use SCTP",
}
_MODULES = {"netem": "sch_netem"}


class Mark(Enum):
    """How bad a finding is."""

    FINE = "✓"
    DOUBT = "!"
    FAULT = "✗"


_STATES = {Mark.FINE: "ok", Mark.DOUBT: "warn", Mark.FAULT: "fail"}


class Finding(NamedTuple):
    """One line: a fault keeps a cluster from starting, a doubt spoils something."""

    mark: Mark
    text: str
    check: str = ""
    """What was looked at, a word that stays."""

    def shape(self) -> dict[str, str]:
        """The finding as JSON: `state` is ok, warn or fail."""
        return {"check": self.check, "state": _STATES[self.mark], "message": self.text}


class Examination(msgspec.Struct, frozen=True):
    """What the agent's program found of the kernel and the network (mk8s_agent.examination)."""

    problem: str = ""
    missing: dict[str, str] = {}
    obstacles: list[str] = []
    resolvers: list[str] = []
    names_taken: bool = False
    clusters: list[str] = []


def of_engine(info: Mapping[str, Any]) -> Iterator[Finding]:
    """What the Docker engine says of itself (its API's /info)."""
    version = str(info.get("ServerVersion") or "?")
    storage, driver = info.get("Driver") or "?", info.get("CgroupDriver") or "?"
    shown = f"Docker engine {version}, storage {storage}, cgroups by {driver}"
    foreign = _foreign(info)
    if foreign:
        yield Finding(Mark.FAULT, f"{shown}: {foreign}.")
        return
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers and numbers < _OLDEST_ENGINE:
        yield Finding(Mark.DOUBT, f"{shown}: older than 20.10, the oldest that mk8s is tried with.")
    elif storage in _SLOW_STORAGE:
        why = "this storage copies whole images; overlay2 starts containers much faster"
        yield Finding(Mark.DOUBT, f"{shown}: {why} (`storage-driver` in /etc/docker/daemon.json).")
    elif driver == "none":
        why = "the engine has no cgroups, so containers have no limits; mount /sys/fs/cgroup"
        yield Finding(Mark.DOUBT, f"{shown}: {why}.")
    else:
        yield Finding(Mark.FINE, shown)


def _foreign(info: Mapping[str, Any]) -> str:
    """Why pods of this engine cannot get links and rules on this machine; empty when they can."""
    if "Docker Desktop" in str(info.get("OperatingSystem")):
        return (
            "it is Docker Desktop, whose containers are in a virtual machine; install docker.io, "
            "or name an engine of this machine with DOCKER_HOST"
        )
    if any("rootless" in str(option) for option in info.get("SecurityOptions") or ()):
        return "it is rootless, so its containers are out of reach; start one that root runs"
    return ""


def of_kernel(seen: Examination, release: str) -> Iterator[Finding]:
    """What links and rules the kernel can make."""
    if seen.problem:
        yield Finding(Mark.FAULT, f"The kernel cannot be tried: {seen.problem}.")
        return
    needed = [name for name in seen.missing if name not in _OPTIONAL]
    if needed:
        yield Finding(
            Mark.FAULT,
            f"The kernel {release} lacks {', '.join(needed)}, and Services need that: load it "
            f"(`modprobe {' '.join(needed)}`), or install your distribution's full kernel.",
        )
    else:
        yield Finding(Mark.FINE, f"kernel {release} has veth and what Services need of nftables")
    for name, loss in _OPTIONAL.items():
        if name in seen.missing:
            module = _MODULES.get(name, name)
            hint = f"`modprobe {module}` may help"
            yield Finding(Mark.DOUBT, f"The kernel has no {name}: {loss}; {hint}.")


def of_firewall(seen: Examination) -> Iterator[Finding]:
    """Rules of others that are in pods' way."""
    for sentence in seen.obstacles:
        yield Finding(Mark.DOUBT, f"{sentence[:1].upper()}{sentence[1:]}.")
    if not seen.obstacles and not seen.problem:
        yield Finding(Mark.FINE, "no firewall in the way of pods")


def of_resolvers(seen: Examination, holder: str = "") -> Finding:
    """Whether the cluster's DNS has its port, and whom it asks for other names.

    ``holder`` is the program that listens on that port.
    """
    if seen.names_taken:
        who = holder or "Another program"
        return Finding(
            Mark.DOUBT,
            f"{who} has port 53 on all addresses of this machine, so pods resolve no names: let it"
            " listen on its own addresses only.",
        )
    if seen.resolvers:
        return Finding(Mark.FINE, f"names outside are asked of {', '.join(seen.resolvers)}")
    why = "pods resolve no names outside of the cluster: put a `nameserver` into /etc/resolv.conf"
    return Finding(Mark.DOUBT, f"This machine has no DNS server, so {why}.")


def of_networks(
    wanted: Mapping[str, IPv4Network], taken: Sequence[Used], *, lab: bool
) -> Iterator[Finding]:
    """Clashes, with what to choose instead; without a `lab` those of its network do not matter."""
    found = networks.clashes(wanted, taken)
    for clash in found:
        harmless = clash.harmless or (not lab and networks.LAB in (clash.what, clash.other))
        mark = Mark.DOUBT if harmless else Mark.FAULT
        yield Finding(mark, networks.sentence(clash, wanted, taken))
    if not found:
        shown = ", ".join(f"{what} {network}" for what, network in wanted.items())
        yield Finding(Mark.FINE, f"networks are free: {shown}")


def of_boots(daemons: Mapping[str, bool | None]) -> Iterator[Finding]:
    """Whether systemd starts what runs after a boot, too; None: it has no unit."""
    known = {name: there for name, there in daemons.items() if there is not None}
    lacking = [name for name, there in known.items() if not there]
    if lacking:
        yield Finding(
            Mark.DOUBT,
            f"systemd does not start {', '.join(lacking)} after a boot: `mk8s up` changes that.",
        )
    elif known:
        yield Finding(Mark.FINE, f"systemd starts {', '.join(known)} after a boot")


def of_disk(place: str, free: int) -> Finding:
    """How much room there is, in bytes."""
    shown = f"{free // _MIB} MiB free in {place}"
    if free < _DISK_FAULT:
        return Finding(Mark.FAULT, f"Only {shown}: make room, or name another directory.")
    if free < _DISK_DOUBT:
        return Finding(Mark.DOUBT, f"Only {shown}: pods may soon be evicted; make room.")
    return Finding(Mark.FINE, shown)


def of_inotify(limits: Mapping[str, int]) -> Finding:
    """How many files programs may watch."""
    low = [name for name, least in _INOTIFY.items() if limits.get(name, least) < least]
    if not low:
        return Finding(Mark.FINE, "inotify limits are high enough")
    words = " ".join(f"fs.inotify.{name}={2 * _INOTIFY[name]}" for name in low)
    return Finding(
        Mark.DOUBT,
        f"Programs in pods may watch few files (inotify): raise that with `sysctl -w {words}`.",
    )

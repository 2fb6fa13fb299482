"""Owns what `mk8s doctor` makes of the machine itself: cgroups, limits, memory, clock, … Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network, ip_address, ip_network
from typing import Any

from minikube8s.cluster.checkup.findings import Finding, Mark
from minikube8s.cluster.checkup.machine import Machine

_MIB = 1 << 20
_MEMORY_FAULT, _MEMORY_DOUBT = 128 * _MIB, 512 * _MIB
_OPEN_FILES, _FILE_TABLE = 4096, 65536
_CONTROLLERS = ("cpu", "memory", "pids")


def of_cgroups(machine: Machine, engine: Mapping[str, Any]) -> Finding:
    """Whether containers can be limited, and by which of the engine's limits."""
    if not machine.cgroups:
        why = "mount /sys/fs/cgroup, or start the machine with a kernel that has them"
        return Finding(Mark.FAULT, f"This machine has no control groups: {why}.")
    missing = [name for name in _CONTROLLERS if name not in machine.controllers]
    shown = f"cgroups, version {machine.cgroups}"
    if missing:
        add = "" if "memory" not in missing else " (on some boards: boot with cgroup_enable=memory)"
        return Finding(
            Mark.DOUBT,
            f"The control groups lack {', '.join(missing)}: limits of containers on that do not "
            f"count{add}.",
        )
    if engine and not engine.get("MemoryLimit", True):
        return Finding(
            Mark.DOUBT, f"{shown}, but the engine limits no memory: see `docker info`, Warnings."
        )
    return Finding(Mark.FINE, shown)


def of_open_files(machine: Machine) -> Finding:
    """How many files daemons, and the whole machine, may have open."""
    if 0 <= machine.open_files < _OPEN_FILES:
        return Finding(
            Mark.DOUBT,
            f"A process may open {machine.open_files} files only, and the master has one for each "
            f"connection: raise it with `ulimit -n {_OPEN_FILES}` before `mk8s up`.",
        )
    if 0 < machine.file_table < _FILE_TABLE:
        return Finding(
            Mark.DOUBT,
            f"The machine may open {machine.file_table} files only: raise that with "
            f"`sysctl -w fs.file-max={2 * _FILE_TABLE}`.",
        )
    return Finding(Mark.FINE, "enough files may be opened")


def of_memory(machine: Machine) -> Finding:
    """How much memory is left for pods."""
    shown = f"{machine.available // _MIB} MiB of {machine.memory // _MIB} MiB memory available"
    if machine.available < _MEMORY_FAULT:
        return Finding(Mark.FAULT, f"Only {shown}: end other programs, or give the machine more.")
    if machine.available < _MEMORY_DOUBT:
        return Finding(Mark.DOUBT, f"Only {shown}: pods may soon be evicted.")
    return Finding(Mark.FINE, shown)


def of_swap(machine: Machine, engine: Mapping[str, Any]) -> Finding:
    """Whether containers could grow into swap beyond their limits."""
    if not machine.swap:
        return Finding(Mark.FINE, "no swap")
    shown = f"{machine.swap // _MIB} MiB swap"
    if engine and not engine.get("SwapLimit", True):
        return Finding(
            Mark.DOUBT,
            f"{shown}, and the engine cannot keep containers out of it, so they outgrow their "
            "memory limits: `swapoff -a`, or boot with swapaccount=1.",
        )
    return Finding(Mark.FINE, f"{shown}, which containers with a memory limit stay out of")


def of_clock(machine: Machine, *, others: bool) -> Finding:
    """Whether the clock is kept right; it matters where ``others`` are nodes of the cluster."""
    if machine.clock_kept is None:
        return Finding(Mark.FINE, "the kernel does not say whether its clock is kept")
    if machine.clock_kept:
        return Finding(Mark.FINE, "the clock is kept by a time service")
    if not others:
        return Finding(Mark.FINE, "no time service keeps the clock; one machine needs none")
    return Finding(
        Mark.DOUBT,
        "No time service keeps this clock, and certificates and tokens of other machines depend on"
        " it: `timedatectl set-ntp true`, or install chrony.",
    )


def of_security(machine: Machine, engine: Mapping[str, Any]) -> Finding:
    """What SELinux and AppArmor mean for pods."""
    options = " ".join(map(str, engine.get("SecurityOptions") or ()))
    if machine.selinux == "enforcing" and "selinux" not in options:
        return Finding(
            Mark.DOUBT,
            "SELinux is enforcing, and the engine labels no containers, so volumes of hostPath may "
            'be refused: set `"selinux-enabled": true` in /etc/docker/daemon.json.',
        )
    if machine.apparmor and engine and "apparmor" not in options:
        return Finding(
            Mark.DOUBT,
            "AppArmor is on, but the engine does not use it, so pods' AppArmor profiles do not "
            "count: install the package apparmor, then restart the engine.",
        )
    found = [f"SELinux {machine.selinux}"] if machine.selinux else []
    found += ["AppArmor"] if machine.apparmor else []
    return Finding(Mark.FINE, f"security: {' and '.join(found) or 'no SELinux, no AppArmor'}")


def of_surroundings(machine: Machine) -> Finding:
    """Whether this is a machine at all."""
    kernel = machine.kernel.lower()
    if "microsoft" in kernel and "wsl2" not in kernel:
        return Finding(
            Mark.FAULT,
            "This is WSL 1, which has no Linux kernel: `wsl --set-version DISTRIBUTION 2`.",
        )
    if "wsl2" in kernel:
        return Finding(
            Mark.DOUBT,
            "This is WSL 2: Windows reaches NodePorts on localhost only while its forwarding of "
            "localhost is on, and after a sleep the clock may be behind (`hwclock -s`).",
        )
    if machine.inside:
        return Finding(
            Mark.DOUBT,
            f"This is a container ({machine.inside}): the engine has to run in it, too, or pods "
            "get links in another machine's network.",
        )
    return Finding(Mark.FINE, "a machine of its own, neither WSL nor a container")


def of_firewalls(machine: Machine, pods: str) -> Iterator[Finding]:
    """What managed firewalls have to be told, so that ``pods`` reach the node."""
    network = pods.partition(",")[0]
    if "firewalld" in machine.firewalls:
        yield Finding(
            Mark.DOUBT,
            "firewalld is on, and its reloads may shut pods out: `firewall-cmd --permanent "
            f"--zone=trusted --add-source={network}; firewall-cmd --reload`.",
        )
    if "ufw" in machine.firewalls:
        yield Finding(
            Mark.DOUBT,
            f"ufw is on and may shut pods out: `ufw allow from {network}; ufw default allow "
            "routed`.",
        )


def of_proxies(
    machine: Machine, engine: Mapping[str, Any], api: str, networks: Sequence[IPv4Network]
) -> Iterator[Finding]:
    """Proxies in the environment and in the engine; ``api`` is the API server's address."""
    given = {name.upper(): value for name, value in machine.proxies.items()}
    proxy = given.get("HTTPS_PROXY") or given.get("HTTP_PROXY")
    if not proxy:
        yield Finding(Mark.FINE, "no proxy in the environment")
    else:
        spared = [part.strip() for part in given.get("NO_PROXY", "").split(",")]
        wanted = [] if _is_loopback(api) else [api]
        wanted += [str(network) for network in networks]
        missing = [one for one in wanted if not _is_spared(one, spared)]
        if missing:
            whole = ",".join([*filter(None, spared), *missing])
            yield Finding(
                Mark.DOUBT,
                "Programs here ask a proxy for addresses of the cluster, too: "
                f"`export NO_PROXY={whole}`.",
            )
        else:
            yield Finding(Mark.FINE, "the proxy is not asked for addresses of the cluster")
    if proxy and engine and not (engine.get("HttpsProxy") or engine.get("HttpProxy")):
        yield Finding(
            Mark.DOUBT,
            "The environment has a proxy and the Docker engine none, so it may not reach "
            "registries: give it one (`systemctl edit docker`: Environment=HTTPS_PROXY=…).",
        )


def _is_spared(wanted: str, spared: Sequence[str]) -> bool:
    if "*" in spared or wanted in spared:
        return True
    network = ip_network(wanted)
    for one in spared:
        try:
            other = ip_network(one)
        except ValueError:
            continue
        if other.version == network.version and network.subnet_of(other):  # type: ignore[arg-type]
            return True
    return False


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"

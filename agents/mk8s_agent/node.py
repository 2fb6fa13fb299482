"""What this machine is and how it is: the Node's status.

Owns the reading of the machine's facts, once, and the translation of its state into conditions.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from minikube8s import __version__
from minikube8s.api.times import now_rfc3339
from mk8s_agent.runtime.interface import EngineInfo

KUBERNETES_VERSION = "v1.36.0"
MAX_PODS = 110
_CAP_SYS_RESOURCE = 24
_ELSEWHERE = ("192.0.2.1", 9)
"""Documentation's own network: nothing is sent, the kernel only chooses the way."""
_PRESSURES = {
    "MemoryPressure": (
        "False",
        "KubeletHasSufficientMemory",
        "kubelet has sufficient memory available",
    ),
    "DiskPressure": ("False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
}
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Facts that stay while the agent runs.

    Sizes in bytes; `may_protect`: processes may be kept from the OOM killer.
    """

    name: str
    address: str
    cpus: int
    memory: int
    storage: int
    kernel: str
    os_image: str
    architecture: str
    machine_id: str
    system_uuid: str
    boot_id: str
    may_protect: bool


@dataclass(slots=True)
class NodeState:
    """How the node is.

    `engine` is what it last said of itself, `trouble` why no pod can start (by what is troubled).
    """

    machine: Machine
    engine: EngineInfo | None = None
    trouble: dict[str, str] = field(default_factory=dict)
    _transitions: dict[str, tuple[str, str]] = field(default_factory=dict)

    def status(self, now: datetime) -> dict[str, Any]:
        """The v1.NodeStatus."""
        machine = self.machine
        engine = self.engine.version if self.engine else "unknown"
        resources = {
            "cpu": str(machine.cpus),
            "memory": f"{machine.memory // 1024}Ki",
            "ephemeral-storage": f"{machine.storage // 1024}Ki",
            "pods": str(MAX_PODS),
        }
        return {
            "capacity": resources,
            "allocatable": resources,
            "conditions": self._conditions(now),
            "addresses": [
                {"type": "InternalIP", "address": machine.address},
                {"type": "Hostname", "address": machine.name},
            ],
            "nodeInfo": {
                "machineID": machine.machine_id,
                "systemUUID": machine.system_uuid,
                "bootID": machine.boot_id,
                "kernelVersion": machine.kernel,
                "osImage": machine.os_image,
                "containerRuntimeVersion": f"docker://{engine}",
                "kubeletVersion": f"{KUBERNETES_VERSION}+mk8s.{__version__}",
                "kubeProxyVersion": "",
                "operatingSystem": "linux",
                "architecture": machine.architecture,
            },
        }

    def _conditions(self, now: datetime) -> list[dict[str, str]]:
        stamp = now_rfc3339(now)
        trouble = "; ".join(self.trouble[part] for part in sorted(self.trouble))
        ready = ("False", "KubeletNotReady", trouble)
        if not trouble:
            ready = ("True", "KubeletReady", "kubelet is posting ready status")
        verdicts = {**_PRESSURES, "Ready": ready}
        conditions = []
        for type, (status, reason, message) in verdicts.items():
            was, since = self._transitions.get(type, ("", stamp))
            if was != status:
                since = stamp
            self._transitions[type] = (status, since)
            conditions.append(
                {
                    "type": type,
                    "status": status,
                    "lastHeartbeatTime": stamp,
                    "lastTransitionTime": since,
                    "reason": reason,
                    "message": message,
                }
            )
        return conditions

    def labels(self) -> Mapping[str, str]:
        """The labels that the node brings."""
        return {
            "kubernetes.io/hostname": self.machine.name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": self.machine.architecture,
            "beta.kubernetes.io/os": "linux",
            "beta.kubernetes.io/arch": self.machine.architecture,
        }


def read_machine(name: str, address: str, state_dir: Path) -> Machine:
    """Look at this machine. `address` empty: the one that the default route leaves from."""
    kernel = os.uname()
    return Machine(
        name=name,
        address=address or default_address(),
        cpus=len(os.sched_getaffinity(0)),
        memory=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        storage=_disk_size(state_dir),
        kernel=kernel.release,
        os_image=_os_image(),
        architecture=_ARCHITECTURES.get(kernel.machine, kernel.machine),
        machine_id=_word("/etc/machine-id"),
        system_uuid=_word("/sys/class/dmi/id/product_uuid") or _word("/etc/machine-id"),
        boot_id=_word("/proc/sys/kernel/random/boot_id"),
        may_protect=_has_capability(_CAP_SYS_RESOURCE),
    )


def default_address() -> str:
    """The address that this machine shows to others; 127.0.0.1 when it is alone."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
        except OSError:
            return "127.0.0.1"
        address: str = probe.getsockname()[0]
        return address


def _disk_size(directory: Path) -> int:
    disk = os.statvfs(directory)
    return disk.f_blocks * disk.f_frsize


def _os_image() -> str:
    for line in _text("/etc/os-release").splitlines():
        key, _, value = line.partition("=")
        if key == "PRETTY_NAME":
            return value.strip().strip('"')
    return "Linux"


def _has_capability(number: int) -> bool:
    for line in _text("/proc/self/status").splitlines():
        if line.startswith("CapBnd:"):
            return bool(int(line.split()[1], 16) >> number & 1)
    return False


def _word(path: str) -> str:
    return _text(path).strip()


def _text(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""

"""The Node's status: what the machine offers, how it is, and what it has.

Pure, but that it remembers when its conditions changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from minikube8s import __version__
from minikube8s.api.times import now_rfc3339
from mk8s_agent.node.capacity import allocatable, capacity
from mk8s_agent.node.conditions import network_verdict, pressure_verdicts
from mk8s_agent.node.machine import Machine
from mk8s_agent.node.settings import KubeletSettings
from mk8s_agent.runtime.vocabulary import EngineInfo

KUBERNETES_VERSION = "v1.36.0"


@dataclass(slots=True)
class NodeState:
    """How the node is.

    `engine` is what it last said of itself, `trouble` why no pod can start (by what is troubled),
    `pressures` the types of the conditions that say what runs short, `images` a v1.ContainerImage
    each; `ending`: the machine is about to be shut down;
    `cut_off`: there are other nodes and none can be reached, None as long as all could be.
    """

    machine: Machine
    settings: KubeletSettings = field(default_factory=KubeletSettings)
    engine: EngineInfo | None = None
    trouble: dict[str, str] = field(default_factory=dict)
    pressures: frozenset[str] = frozenset()
    images: list[dict[str, Any]] = field(default_factory=list)
    ending: bool = False
    cut_off: bool | None = None
    _transitions: dict[str, tuple[str, str]] = field(default_factory=dict)

    def status(self, now: datetime) -> dict[str, Any]:
        """The v1.NodeStatus; the master adds when it heard it."""
        machine = self.machine
        engine = self.engine.version if self.engine else "unknown"
        return {
            "capacity": capacity(machine, self.settings),
            "allocatable": allocatable(machine, self.settings),
            "conditions": self._conditions(now),
            "addresses": [
                *({"type": "InternalIP", "address": one} for one in machine.addresses),
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
            "images": self.images,
        }

    def _conditions(self, now: datetime) -> list[dict[str, str]]:
        stamp = now_rfc3339(now)
        trouble = "; ".join(self.trouble[part] for part in sorted(self.trouble))
        ready = ("False", "KubeletNotReady", trouble)
        if not trouble:
            ready = ("True", "KubeletReady", "kubelet is posting ready status")
        verdicts = {
            **network_verdict(self.cut_off),
            **pressure_verdicts(self.pressures),
            "Ready": ready,
        }
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

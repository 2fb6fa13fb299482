"""One hollow node: what the link needs of an agent, without a machine behind it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from minikube8s.kit.clock import SystemClock
from mk8s_agent.assignments import CLUSTER, Assignments, Key, NodeRoute
from mk8s_agent.hollow.config import HollowConfig, HollowNode
from mk8s_agent.hollow.pods import HollowPods
from mk8s_agent.link.asking import Asking
from mk8s_agent.link.channel import Channel, secured
from mk8s_agent.link.dialogue import Dialogue
from mk8s_agent.link.dialogue import Handler as DialogueHandler
from mk8s_agent.link.errors import StreamError
from mk8s_agent.link.reporter import Reporter
from mk8s_agent.link.session import NodeHello
from mk8s_agent.link.tunnels import Handler
from mk8s_agent.node.machine import Machine
from mk8s_agent.node.settings import KubeletSettings, configz
from mk8s_agent.node.status import NodeState
from mk8s_agent.runtime.fake import FakeRuntime

_ZONE = "topology.kubernetes.io/zone"
_REGION = "topology.kubernetes.io/region"
_HELD = ("pods",)
"""What a hollow node keeps of what it is told: nothing here serves Services or mounts Secrets."""
_CLOCK = SystemClock()


class _Assignments(Assignments):
    """What the master wants of a node that has no network."""

    def set_routes(self, routes: Iterable[NodeRoute]) -> None:
        """Nothing is sent from here; a thousand nodes with a thousand routes are a million."""


class HollowAgent:
    """Looks to the link, and so to the master, like an agent."""

    def __init__(self, config: HollowConfig, node: HollowNode) -> None:
        self.assignments: Assignments = _Assignments(_HELD)
        self.reporter = Reporter(_CLOCK)
        self.asking = Asking()
        self._config = config
        self._zone = node.zone
        self._certificate = node.certificate
        self._state = NodeState(
            _machine(config, node), KubeletSettings(max_pods=config.max_pods, eviction_hard={})
        )
        self._pods = HollowPods(
            self.assignments, self.reporter, FakeRuntime(), node.address, config.start_seconds
        )
        self.assignments.subscribe(self._changed)

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """The streams that a hollow node can serve."""
        return {"configz": self._configz, "logs": self._nothing_runs, "pulls": self._no_pulls}

    @property
    def dialogues(self) -> Mapping[str, DialogueHandler]:
        """Streams in both directions: there is nobody to talk to."""
        return dict.fromkeys(("exec", "attach", "port-forward", "connect"), self._nobody)

    def hello(self) -> NodeHello:
        """The node as it is now."""
        labels = {**self._state.labels(), _ZONE: self._zone, _REGION: "simulated"}
        return NodeHello(self._state.status(_CLOCK.now()), labels)

    def dial(self) -> Channel:
        """A new channel to the master, with this node's certificate."""
        config = self._config
        return secured(
            config.master, config.ca.encode(), config.key.encode(), self._certificate.encode()
        )

    def _changed(self, resource: str, key: Key) -> None:
        if resource == "pods":
            self._pods.changed(key)
        elif resource == CLUSTER and (cluster := self.assignments.cluster) is not None:
            self._pods.set_range(cluster.pod_cidr)

    async def _no_pulls(self, _: dict[str, Any]) -> AsyncIterator[bytes]:
        return _once(b'{"pulls":[]}')

    async def _configz(self, _: dict[str, Any]) -> AsyncIterator[bytes]:
        return _once(configz(self._state.settings))

    async def _nothing_runs(self, _: dict[str, Any]) -> AsyncIterator[bytes]:
        raise _hollow()

    async def _nobody(self, _options: dict[str, Any], _dialogue: Dialogue) -> dict[str, Any]:
        raise _hollow()


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _hollow() -> StreamError:
    return StreamError(
        "BadRequest", "the pod is on a hollow node of a simulated cluster: no process runs", 400
    )


def _machine(config: HollowConfig, node: HollowNode) -> Machine:
    kernel = os.uname()
    return Machine(
        name=node.name,
        address=node.address,
        cpus=config.cpus,
        memory=config.memory,
        storage=config.storage,
        kernel=kernel.release,
        os_image="Hollow node",
        architecture={"x86_64": "amd64", "aarch64": "arm64"}.get(kernel.machine, kernel.machine),
        machine_id=node.name,
        system_uuid=node.name,
        boot_id=node.name,
        may_protect=False,
    )

"""An API server with a scheduler and with nodes that are played; `controllers` adds the rest.

Pods run as soon as they are on a node, say the same two lines, echo what they are told, and are
gone as soon as they are deleted.
"""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from minikube8s.api.errors import ApiError
from minikube8s.api.meta import now_rfc3339
from minikube8s.api.resources import NODES, PODS
from minikube8s.kit.clock import SystemClock
from minikube8s.kit.tasks import Supervisor
from minikube8s.registry import DeleteOptions, Registry, bootstrap
from minikube8s.registry.events import EventRecorder
from minikube8s.scheduler import Scheduler
from minikube8s.store.entry import Entry
from tests.api.apiserver import ApiServer
from tests.support.dialogues import EchoStreams

Object = dict[str, Any]
NODE = "node1"


class PlayedCluster(ApiServer):
    """The server under test, where pods run."""

    def __init__(self, directory: Path, **config: Any) -> None:
        super().__init__(directory, **config)
        EchoStreams(self.pod_streams)

    async def _start(self) -> None:
        await super()._start()
        await bootstrap.ensure(self.registry)
        clock = SystemClock()
        self._binding_recorder = EventRecorder(self.registry, "default-scheduler")
        self._scheduler = Scheduler(
            self.registry.writing_as("kube-scheduler"), self._binding_recorder, clock
        )
        node = PlayedKubelets(self.registry.writing_as("kubelet"))
        await node.register(NODE)
        self._tasks = Supervisor("played")
        for part in (self._scheduler, node):
            self._tasks.spawn(type(part).__name__, part.run)

    async def _stop(self) -> None:
        await self._tasks.close()
        await self._scheduler.close()
        await self._binding_recorder.close()
        await super()._stop()


class PlayedKubelets:
    """The kubelets of all nodes that pods name."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def register(self, name: str) -> None:
        """Add a node that takes pods."""
        await self._registry.create(NODES, None, {"metadata": {"name": name}})
        size = {"cpu": "64", "memory": "64Gi", "pods": "1000"}

        def report(node: Object) -> Object:
            ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
            node["status"] = {"capacity": size, "allocatable": size, "conditions": [ready]}
            return node

        await self._registry.update(NODES, None, name, report, "status")

    async def run(self) -> None:
        """Play until cancelled."""
        with closing(self._registry.watch(PODS)) as watch:
            async for event in watch:
                if event.type != "DELETED" and event.entry.object["spec"].get("nodeName"):
                    with suppress(ApiError):
                        await self._look(event.entry)

    async def _look(self, entry: Entry) -> None:
        pod = entry.object
        if pod["metadata"].get("deletionTimestamp"):
            now = DeleteOptions(grace_period_seconds=0)
            await self._registry.delete(PODS, entry.namespace, entry.name, now)
        elif pod["status"].get("phase") == "Pending":
            await self._registry.update(PODS, entry.namespace, entry.name, self._ran, "status")

    def _ran(self, pod: Object) -> Object:
        now = now_rfc3339(self._registry.clock.now())
        conditions = [
            {"type": kind, "status": "True", "lastTransitionTime": now}
            for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
        ]
        containers = [
            {
                "name": container["name"],
                "image": container["image"],
                "imageID": "sha256:0",
                "containerID": "docker://0",
                "ready": True,
                "started": True,
                "restartCount": 0,
                "state": {"running": {"startedAt": now}},
            }
            for container in pod["spec"]["containers"]
        ]
        return {
            **pod,
            "status": {
                **pod["status"],
                "phase": "Running",
                "startTime": now,
                "podIP": "10.0.0.1",
                "podIPs": [{"ip": "10.0.0.1"}],
                "conditions": conditions,
                "containerStatuses": containers,
            },
        }

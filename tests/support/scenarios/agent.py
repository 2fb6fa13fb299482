"""A node that is played: its machine, its containers, and its agent's session with the master.

Containers take a second to start and a second to stop, and are there whether the master knows of
it or not. A pod's annotations say more:

    played/ends: "0 after 5s"     its containers end with this code after that time
    played/ready: "false"         it never becomes ready
    played/stops: "40s"           it takes that long to stop, if its grace period lets it
"""

from __future__ import annotations

import asyncio
from contextlib import closing, suppress
from typing import Any

import msgspec

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import PODS
from minikube8s.api.times import now_rfc3339
from minikube8s.kit.clock import Clock
from minikube8s.nodes.refusal import Refusal
from minikube8s.nodes.register import Introduction
from minikube8s.rpc import agent_pb2
from tests.support.scenarios.master import Master
from tests.support.scenarios.times import seconds

Json = dict[str, Any]

STARTING = STOPPING = 1.0
REDIAL = 1.0
HEARTBEAT = 10.0


class Containers:
    """The containers of one pod on a node."""

    def __init__(self, pod: Json, ip: str) -> None:
        self.pod = pod
        self.ip = ip
        self.started = ""
        self.ended: int | None = None
        self.stopping = False
        self.task: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        return f"{self.pod['metadata']['namespace']}/{self.pod['metadata']['name']}"

    def wish(self, what: str, default: str = "") -> str:
        return str((self.pod["metadata"].get("annotations") or {}).get(f"played/{what}", default))


class Agent:
    """One machine. `status` is its v1.NodeStatus."""

    def __init__(self, name: str, number: int, clock: Clock, status: Json, labels: Json) -> None:
        self.name = name
        self.connected = True
        self.powered = True
        self.containers: dict[str, Containers] = {}
        self._number = number
        self._clock = clock
        self._status = status
        self._labels = labels
        self._ips = 1
        self._boots = 1
        self._session: asyncio.Task[None] | None = None
        self._master: Master | None = None

    def dial(self, master: Master | None) -> None:
        """Begin a session with the master, if the network lets the agent, and end any other."""
        if self._session is not None:
            self._session.cancel()
            self._session = None
        self._master = None
        if master is not None and self.connected and self.powered:
            self._session = asyncio.create_task(self._serve(master))

    def power_off(self) -> None:
        """Lose the machine with everything that runs on it."""
        self.powered = False
        for one in self.containers.values():
            if one.task is not None:
                one.task.cancel()
        self.containers.clear()
        self.dial(None)

    def power_on(self) -> None:
        """Start the machine; nothing runs on it yet."""
        self.powered = True
        self._boots += 1

    async def _serve(self, master: Master) -> None:
        while True:
            try:
                await self._introduce(master)
                self._master = master
                await asyncio.gather(self._beat(master), self._follow(master))
            except (ApiError, Refusal):
                self._master = None
            await self._clock.sleep(REDIAL)

    async def _introduce(self, master: Master) -> None:
        status = {**self._status, "nodeInfo": {"bootID": str(self._boots)}}
        hello = Introduction(self.name, status, self._labels, ())
        await master.registration.introduce(hello)
        master.lifecycle.heard(self.name)

    async def _beat(self, master: Master) -> None:
        while True:
            await self._clock.sleep(HEARTBEAT)
            await master.registration.heartbeat(self.name)
            master.lifecycle.heard(self.name)

    async def _follow(self, master: Master) -> None:
        with closing(master.registry.watch(PODS)) as watch:
            mine = [one.object for one in master.registry.list(PODS) if self._is_mine(one.object)]
            known = {pod["metadata"]["uid"] for pod in mine}
            for uid in self.containers.keys() - known:
                self._stop(uid, 0)
            for pod in mine:
                if (one := self.containers.get(pod["metadata"]["uid"])) is not None:
                    await self._tell(one)
                self._look(pod)
            async for event in watch:
                pod = event.entry.object
                if event.type == "DELETED":
                    self._stop(pod["metadata"]["uid"], 0)
                elif self._is_mine(pod):
                    self._look(pod)

    def _is_mine(self, pod: Json) -> bool:
        return bool(pod["spec"].get("nodeName") == self.name)

    def _look(self, pod: Json) -> None:
        metadata = pod["metadata"]
        uid, known = metadata["uid"], self.containers.get(metadata["uid"])
        ended = pod["status"].get("phase") in ("Failed", "Succeeded")
        if metadata.get("deletionTimestamp"):
            if known is None:
                self.containers[uid] = known = Containers(pod, "")
            self._stop(uid, metadata.get("deletionGracePeriodSeconds", 0))
        elif known is None and not ended:
            self._ips += 1
            one = self.containers[uid] = Containers(pod, f"10.244.{self._number}.{self._ips}")
            one.task = asyncio.create_task(self._run(one))
        elif ended and known is not None and known.ended is None:
            self._stop(uid, 0)

    async def _run(self, one: Containers) -> None:
        await self._clock.sleep(STARTING)
        one.started = now_rfc3339(self._clock.now())
        await self._tell(one)
        code, _, after = one.wish("ends").partition(" after ")
        if code:
            await self._clock.sleep(seconds(after))
            one.ended = int(code)
            await self._tell(one)

    def _stop(self, uid: str, grace: float) -> None:
        one = self.containers.get(uid)
        if one is None or one.stopping:
            return
        one.stopping = True
        if one.task is not None:
            one.task.cancel()
        took = min(seconds(one.wish("stops", f"{STOPPING:g}s")), grace)
        one.task = asyncio.create_task(self._end(uid, one, took))

    async def _end(self, uid: str, one: Containers, took: float) -> None:
        await self._clock.sleep(took if one.started and one.ended is None else 0)
        del self.containers[uid]
        metadata = one.pod["metadata"]
        gone = agent_pb2.PodGone(namespace=metadata["namespace"], name=metadata["name"], uid=uid)
        await self._say(agent_pb2.Up(pod_gone=gone))

    async def _tell(self, one: Containers) -> None:
        if one.started and not one.stopping:
            metadata = one.pod["metadata"]
            status = agent_pb2.PodStatus(
                namespace=metadata["namespace"],
                name=metadata["name"],
                uid=metadata["uid"],
                status_json=msgspec.json.encode(pod_status(one)),
            )
            await self._say(agent_pb2.Up(pod_status=status))

    async def _say(self, report: Any) -> None:
        """Report to the master if it can be reached; all is told again in the next session."""
        if self._master is not None:
            with suppress(ApiError, Refusal):
                await self._master.reports(self.name).write(report)


def pod_status(one: Containers) -> Json:
    """Return the v1.PodStatus of containers that were started."""
    ended = one.ended is not None
    ready = not ended and one.wish("ready", "true") == "true"
    phase = "Running" if not ended else "Failed" if one.ended else "Succeeded"
    state: Json = {"running": {"startedAt": one.started}}
    if ended:
        reason = "Error" if one.ended else "Completed"
        state = {"terminated": {"exitCode": one.ended, "reason": reason}}
    conditions = {"Initialized": True, "ContainersReady": ready, "Ready": ready}
    return {
        "phase": phase,
        "startTime": one.started,
        "podIP": one.ip,
        "podIPs": [{"ip": one.ip}],
        "conditions": [{"type": kind, "status": str(holds)} for kind, holds in conditions.items()],
        "containerStatuses": [
            {
                "name": container["name"],
                "image": container["image"],
                "imageID": "",
                "ready": ready,
                "started": not ended,
                "restartCount": 0,
                "state": state,
            }
            for container in one.pod["spec"]["containers"]
        ],
    }

"""The pods of one hollow node: they start after a while, run until they have to go, are told of.

Owns a task for each pod that starts or ends; one that runs costs nothing. What a status says is
computed by the ordinary `pods/status`. A hollow node's engine ends with its process: what ran then
is found in the statuses that the API has, and goes on.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

from minikube8s.api.views import Pod
from mk8s_agent.assignments import Assignments, Key
from mk8s_agent.hollow import containers
from mk8s_agent.link.reporter import Reporter
from mk8s_agent.pods.conditions import previous_of
from mk8s_agent.pods.identity import PodRef
from mk8s_agent.pods.lifecycle import grace_of, is_sidecar
from mk8s_agent.pods.status import pod_status
from mk8s_agent.runtime.fake import FakeRuntime
from mk8s_agent.runtime.vocabulary import Container, ContainerSpec, Phase

log = logging.getLogger(__name__)

RUN_SECONDS = 5.0
"""After so long the containers of a pod that is not to run for ever have done their work."""


class _Resident:
    """One pod that this node has taken on: its containers, and what is being done with it."""

    __slots__ = ("address", "containers", "ending", "generation", "ref", "work")

    def __init__(self, ref: PodRef) -> None:
        self.ref = ref
        self.containers: list[str] = []
        self.address = ""
        self.ending = False
        self.generation = 0
        self.work: asyncio.Task[None] | None = None


class HollowPods:
    """Makes the node's pods what its assignments say.

    `start_seconds` is what a pod takes from its assignment until its containers run.
    """

    def __init__(
        self,
        assignments: Assignments,
        reporter: Reporter,
        runtime: FakeRuntime,
        address: str,
        start_seconds: float,
    ) -> None:
        self._assignments = assignments
        self._reporter = reporter
        self._runtime = runtime
        self._node_ips = (address,)
        self._start_seconds = start_seconds
        self._residents: dict[Key, _Resident] = {}
        self._addresses: list[str] = []
        self._used: set[str] = set()
        runtime.add_image(containers.PAUSE)

    def set_range(self, cidr: str) -> None:
        """Take over which addresses are the node's pods'; the first is the node's own."""
        self._addresses = [str(one) for one in ipaddress.IPv4Network(cidr)][2:-1]

    def changed(self, key: Key) -> None:
        """Look at a pod that came, changed or went."""
        assigned = self._assignments.pods().get(key)
        pod = assigned.view if assigned is not None else None
        resident = self._residents.get(key)
        if resident is not None and (pod is None or resident.ref.uid != pod.metadata.uid):
            # it was removed without waiting for this node
            self._do(resident, self._end(resident, 0.0))
            resident = None
        if pod is None:
            return
        if resident is None:
            if pod.terminal and not pod.metadata.deletion_timestamp:
                return
            resident = self._residents[key] = _Resident(PodRef(*key, pod.metadata.uid))
            self._take_on(resident, pod)
        self._look(resident, pod)

    def _take_on(self, resident: _Resident, pod: Pod) -> None:
        left = containers.left_of(resident.ref, pod)
        for one in left:
            self._runtime.adopt(one)
            resident.containers.append(one.id)
        if left:
            resident.address = pod.status.pod_ip
            self._used.add(resident.address)
            self._tell(resident, pod)
            self._do(resident, self._work(resident, pod))
        elif not pod.metadata.deletion_timestamp:
            self._do(resident, self._start(resident, pod))

    def _look(self, resident: _Resident, pod: Pod) -> None:
        if pod.metadata.deletion_timestamp:
            if not resident.ending:
                resident.ending = True
                seconds = pod.metadata.deletion_grace_period_seconds
                grace = grace_of(pod).total_seconds() if seconds is None else float(seconds)
                self._do(resident, self._end(resident, min(grace, self._start_seconds)))
        elif resident.containers and (
            pod.spec.readiness_gates or resident.generation != pod.metadata.generation
        ):
            self._tell(resident, pod)

    def _do(self, resident: _Resident, work: Coroutine[Any, Any, None]) -> None:
        """Do this with the pod, and nothing of what was being done."""
        if resident.work is not None:
            resident.work.cancel()
        resident.work = asyncio.get_running_loop().create_task(work)

    async def _start(self, resident: _Resident, pod: Pod) -> None:
        await asyncio.sleep(self._start_seconds)
        ref = resident.ref
        resident.address = self._free_address()
        made = [await self._run(containers.sandbox_spec(ref, resident.address))]
        for one in (*pod.spec.init_containers, *pod.spec.containers):
            self._runtime.add_image(one.image)
            made.append(await self._run(containers.container_spec(ref, one, made[0])))
            if one in pod.spec.init_containers and not is_sidecar(one):
                self._runtime.exit(made[-1])
        resident.containers = made
        self._runtime.calls.clear()
        self._tell(resident, pod)
        await self._work(resident, pod)

    async def _work(self, resident: _Resident, pod: Pod) -> None:
        """End a pod's containers with success when it is not to run for ever."""
        if pod.spec.restart_policy == "Always":
            return
        await asyncio.sleep(RUN_SECONDS)
        for one in self._seen(resident):
            if one.phase is Phase.RUNNING:
                self._runtime.exit(one.id)
        assigned = self._assignments.pods().get((resident.ref.namespace, resident.ref.name))
        self._tell(resident, assigned.view if assigned is not None else pod)

    async def _end(self, resident: _Resident, seconds: float) -> None:
        await asyncio.sleep(seconds)
        for one in resident.containers:
            await self._runtime.remove(one)
        self._runtime.calls.clear()
        self._used.discard(resident.address)
        ref = resident.ref
        if self._residents.get((ref.namespace, ref.name)) is resident:
            del self._residents[ref.namespace, ref.name]
        self._reporter.pod_gone(ref.namespace, ref.name, ref.uid)

    async def _run(self, spec: ContainerSpec) -> str:
        made = await self._runtime.create(spec)
        await self._runtime.start(made)
        return made

    def _seen(self, resident: _Resident) -> list[Container]:
        return [self._runtime.seen(one) for one in resident.containers]

    def _free_address(self) -> str:
        found = next((one for one in self._addresses if one not in self._used), "")
        self._used.add(found)
        return found

    def _tell(self, resident: _Resident, pod: Pod) -> None:
        resident.generation = pod.metadata.generation
        found = self._seen(resident)
        before = previous_of(pod)
        status = pod_status(
            pod, containers.observed(found), self._node_ips, before, None, None, datetime.now(UTC)
        )
        ref = resident.ref
        self._reporter.pod_status(ref.namespace, ref.name, ref.uid, status)

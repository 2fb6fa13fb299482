"""All pods of the node: who has a worker, and who tells it what.

Owns the workers. A pod's worker is found by its uid: a pod that goes away and its successor of the
same name are two pods.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Iterator, Mapping
from datetime import timedelta

from minikube8s.api.views import Pod
from minikube8s.kit.backoff import Backoff
from minikube8s.kit.tasks import Supervisor
from mk8s_agent.pods.identity import POD_UID, Labels, PodRef, is_of_a_pod, mirrored, ref_of
from mk8s_agent.pods.listening import Listening
from mk8s_agent.pods.node_context import NodeContext, recorder
from mk8s_agent.pods.refusing import refusal
from mk8s_agent.pods.residents import Gate, Resident
from mk8s_agent.pods.worker import PodWorker
from mk8s_agent.runtime.vocabulary import RuntimeEvent

log = logging.getLogger(__name__)

_WORKER_RETRY = Backoff(initial=1.0, maximum=60.0)


class Pods:
    """Runs the pods that the master assigned to this node and its static ones; removes all others.

    `engine_state` is called with True once the engine answers and with False when it stops to;
    `gate` says which new pods the node takes.
    """

    def __init__(
        self,
        context: NodeContext,
        engine_state: Callable[[bool], None],
        gate: Gate,
    ) -> None:
        self._ctx = context
        self._gate = gate
        self._listening = Listening(
            context.runtime,
            context.owner,
            context.clock,
            self._look_at_everything,
            self._container_changed,
            engine_state,
        )
        self._supervisor = Supervisor("pods")
        self._workers: dict[str, PodWorker] = {}
        self._strangers: dict[str, list[Labels]] = {}
        self._static: Mapping[str, Pod] = {}
        self._static_known = False
        self._looked = False
        self._unsearched = False

    async def run(self) -> None:
        """Work until cancelled; pods keep running then. Begins anew when it runs again."""
        self._supervisor = Supervisor("pods")
        self._workers.clear()
        self._looked = False
        unsubscribe = self._ctx.assignments.subscribe(self._assignment_changed)
        self._supervisor.spawn("resync", self._listening.resync)
        try:
            await self._listening.run()
        finally:
            unsubscribe()
            await self._supervisor.close()
            await self._ctx.images.close()

    def set_static(self, pods: Mapping[str, Pod], *, complete: bool = True) -> None:
        """These pods, by uid, run here whatever the master wants.

        Until they were `complete` once, whom nobody wants may be one of them, and stays.
        """
        self._static = pods
        self._static_known |= complete
        self._reconcile()

    def doom(
        self, uid: str, reason: str, message: str, grace: timedelta, *, disrupts: bool = False
    ) -> None:
        """Let a pod fail: its containers get `grace` to end, its object stays.

        `reason` and `message` become the pod's; an event about it is the caller's. `disrupts`: it
        is not the pod's own doing.
        """
        if worker := self._workers.get(uid):
            worker.doom(reason, message, grace, disrupts=disrupts)

    def residents(self) -> list[Resident]:
        """The pods that are to run on: neither ended nor about to."""
        return [one for one, worker in self._everybody() if not worker.leaving]

    def is_ending(self) -> bool:
        """Whether containers of a pod that its node lets fail still run."""
        return any(worker.is_ending for worker in self._workers.values())

    def spare_containers(self) -> list[str]:
        """The ids of dead containers that are kept only for their logs."""
        return [one for worker in self._workers.values() for one in worker.spare_containers()]

    def link_lost(self, address: str) -> None:
        """The link of the pod with that address is gone; empty: it may be any pod's."""
        for uid, worker in self._workers.items():
            if not address or self._ctx.addresses.of(uid) == address:
                worker.link_lost()

    def look_again(self) -> None:
        """Have every pod looked at: something that all of them tell has changed."""
        for worker in self._workers.values():
            worker.look_again()

    async def _look_at_everything(self) -> None:
        found: dict[str, list[Labels]] = {}
        for _, labels in await self._ctx.runtime.listed(self._ctx.owner):
            if is_of_a_pod(labels):
                found.setdefault(labels[POD_UID], []).append(labels)
        self._strangers = {uid: all for uid, all in found.items() if uid not in self._workers}
        self._looked = self._unsearched = True
        self.look_again()
        self._reconcile()

    def _assignment_changed(self, resource: str, key: tuple[str, str]) -> None:
        """Something the master wants is different now."""
        if resource == "pods":
            self._reconcile()
        elif resource in ("configmaps", "secrets"):
            for worker in self._workers.values():
                if worker.namespace == key[0]:
                    worker.configuration_changed(resource, key[1])
        elif resource in ("persistentvolumeclaims", "persistentvolumes"):
            for worker in self._workers.values():
                if worker.namespace == key[0] or not key[0]:
                    worker.storage_changed()

    def _container_changed(self, event: RuntimeEvent) -> None:
        if worker := self._workers.get(event.labels.get(POD_UID, "")):
            worker.notice(event)
        elif event.action == "create" and is_of_a_pod(event.labels):
            # The engine has carried out late what its caller had given up, and the pod is gone.
            self._strangers.setdefault(event.labels[POD_UID], []).append(event.labels)
            self._reconcile()

    def _reconcile(self) -> None:
        """Give every pod that shall run here its worker, and take leave of the others.

        What the master has not told counts only once it has told everything.
        """
        if not self._looked:
            return
        self._reconcile_static()
        if self._ctx.assignments.synced.is_set():
            self._reconcile_assigned()

    def _reconcile_static(self) -> None:
        names = {(one.metadata.namespace, one.metadata.name) for one in self._static.values()}
        for uid, found in list(self._strangers.items()):
            ref = ref_of(found[0])
            if uid not in self._static and (ref.namespace, ref.name) in names:
                self._hire(ref, static=True).abandon()
        ending: set[tuple[str, str]] = set()
        for uid, known in self._workers.items():
            if known.static and uid not in self._static:
                known.retire()
                ending.add((known.ref.namespace, known.ref.name))
        for uid, pod in self._static.items():
            ref = PodRef(pod.metadata.namespace, pod.metadata.name, uid)
            if (ref.namespace, ref.name) in ending:
                continue
            worker = self._workers.get(uid)
            if worker is None:
                worker = self._hire(ref, static=True)
                self._admit(worker, Resident(uid, b"", pod, worker.containers))
            worker.want(pod)

    def _reconcile_assigned(self) -> None:
        wanted = set(self._static)
        for (namespace, name), assigned in self._ctx.assignments.pods().items():
            pod = assigned.view
            if shown := mirrored(pod.metadata):
                missing = shown not in self._static and shown not in self._workers
                if missing and self._static_known:
                    self._ctx.reporter.pod_gone(namespace, name, shown)
                continue
            uid = pod.metadata.uid
            wanted.add(uid)
            worker = self._workers.get(uid)
            if worker is None:
                worker = self._hire(PodRef(namespace, name, uid))
                self._admit(worker, Resident(uid, assigned.raw, pod, worker.containers))
            worker.want(pod)
        for uid, worker in self._workers.items():
            if uid not in wanted and not worker.static:
                worker.abandon()
        if self._static_known:
            self._remove_unwanted(wanted)

    def _remove_unwanted(self, wanted: Container[str]) -> None:
        """Remove what is there of all pods but these."""
        for uid, found in list(self._strangers.items()):
            if uid not in wanted:
                log.info("pod %s is not wanted any more: removing it", ref_of(found[0]))
                self._hire(ref_of(found[0])).abandon()
        if self._unsearched:
            self._unsearched = False
            self._supervisor.spawn("leftovers", self._remove_leftovers, restart=False)

    async def _remove_leftovers(self) -> None:
        """Remove the files of pods that ended while no agent was there, once each look."""
        for uid in self._ctx.volumes.pods():
            if uid in self._workers or uid in self._static:
                continue
            log.info("pod %s has left files behind: removing them", uid)
            try:
                await self._ctx.volumes.remove(uid)
                self._ctx.last_words.remove_all(uid)
                self._ctx.files.remove(uid)
            except OSError as error:
                log.warning("the files of pod %s stay behind: %s", uid, error)

    def _admit(self, worker: PodWorker, newcomer: Resident) -> None:
        """Let the pod in or not, unless it was let in before: then it has a start time."""
        pod = newcomer.pod
        if worker.adopted or pod.status.start_time or pod.metadata.deletion_timestamp:
            return
        refused = refusal(pod, apparmor=self._ctx.facts.apparmor)
        if refused is None and not worker.static:
            others = [
                one
                for one, other in self._everybody()
                if not one.pod.terminal and (other.still_runs or not other.leaving)
            ]
            refused = self._gate.refusal(newcomer, others)
        if refused is not None:
            log.warning("pod %s is not taken: %s", worker.ref, refused.message)
            recorder(self._ctx.reporter, pod)("Warning", refused.reason, refused.message)
            worker.refuse(refused.reason, f"Pod was rejected: {refused.message}")

    def _everybody(self) -> Iterator[tuple[Resident, PodWorker]]:
        """All pods that the master knows and that have a worker; static ones by their mirrors."""
        for assigned in self._ctx.assignments.pods().values():
            pod = assigned.view
            uid = mirrored(pod.metadata) or pod.metadata.uid
            if worker := self._workers.get(uid):
                yield Resident(uid, assigned.raw, pod, worker.containers), worker

    def _hire(self, ref: PodRef, *, static: bool = False) -> PodWorker:
        found = self._strangers.pop(ref.uid, [])
        worker = PodWorker(ref, self._ctx, found, static=static)
        self._workers[ref.uid] = worker
        self._supervisor.spawn(str(ref), lambda: self._employ(worker), restart=False)
        return worker

    async def _employ(self, worker: PodWorker) -> None:
        """Let the worker work; one that fails in a way that was not foreseen begins again."""
        failures = 0
        while True:
            try:
                await worker.run()
            except Exception:
                log.exception("the worker of pod %s failed; it begins again", worker.ref)
                await self._ctx.clock.sleep(_WORKER_RETRY.delay(failures))
                failures += 1
                worker.look_again()
            else:
                self._workers.pop(worker.ref.uid, None)
                if worker.static:
                    # Another pod of its name may wait for its end.
                    self._reconcile()
                return

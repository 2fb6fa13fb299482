"""Reports of one agent on their way into the registry.

Owns their order: reports about one thing are written one after the other and only the newest of
those that wait; reports about different things are written side by side, so that the store can
commit them together. Owns the acknowledgements too. Knows nothing of what a report means.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from minikube8s.api.errors import ApiError
from minikube8s.kit.backoff import Backoff
from minikube8s.rpc import agent_pb2

log = logging.getLogger(__name__)

RETRY = Backoff(initial=0.1, maximum=10.0)


@dataclass(slots=True)
class _Job:
    report: agent_pb2.Up
    sequences: list[int]


class Inbox:
    """Coalesces, writes, retries and acknowledges the reports of one session.

    `write` may raise ApiError when the write could not be made; it is tried again
    until it succeeds or a newer report takes its place. A report that must not be made again is not
    an error of `write`. `acknowledge` gets the sequence up to which all is done.
    """

    def __init__(
        self,
        write: Callable[[agent_pb2.Up], Awaitable[None]],
        acknowledge: Callable[[int], None],
        limit: int,
        parallel: int,
    ) -> None:
        self._write = write
        self._acknowledge = acknowledge
        self._limit = limit
        self._slots = asyncio.Semaphore(parallel)
        self._waiting: dict[Hashable, _Job] = {}
        self._tasks: dict[Hashable, asyncio.Task[None]] = {}
        self._room = asyncio.Event()
        self._open: dict[int, None] = {}
        self._newest = 0

    async def put(self, report: agent_pb2.Up) -> None:
        """Take a report over; waits while too many are on their way, and the agent with it."""
        while len(self._tasks) >= self._limit:
            self._room.clear()
            await self._room.wait()
        self._newest = max(self._newest, report.sequence)
        self._open[report.sequence] = None
        key = _subject(report)
        job = _Job(report, [report.sequence])
        before = self._waiting.get(key)
        if before is not None:
            job.sequences += before.sequences
            if before.report.HasField("pod_gone"):
                job.report = before.report  # nothing comes after the end of a pod
        self._waiting[key] = job
        if key not in self._tasks:
            task = asyncio.create_task(self._drain(key), name=f"nodes/write {key}")
            self._tasks[key] = task

    async def close(self) -> None:
        """Stop writing; what was not acknowledged comes again with the agent's next session."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _drain(self, key: Hashable) -> None:
        failures = 0
        try:
            while (job := self._waiting.pop(key, None)) is not None:
                try:
                    async with self._slots:
                        await self._write(job.report)
                except ApiError as error:
                    if not failures:
                        log.warning("a report on %s was not written yet: %s", key, error)
                    self._again(key, job)
                    await asyncio.sleep(RETRY.delay(failures))
                    failures += 1
                    continue
                failures = 0
                self._done(job.sequences)
        finally:
            del self._tasks[key]
            self._room.set()

    def _again(self, key: Hashable, job: _Job) -> None:
        newer = self._waiting.setdefault(key, job)
        if newer is not job:
            newer.sequences += job.sequences

    def _done(self, sequences: list[int]) -> None:
        for sequence in sequences:
            self._open.pop(sequence, None)
        oldest_open = next(iter(self._open), self._newest + 1)
        self._acknowledge(oldest_open - 1)


def _subject(report: agent_pb2.Up) -> Hashable:
    """What a report is about; a newer report about the same supersedes it."""
    kind: str = report.WhichOneof("message")
    match kind:
        case "pod_status":
            pod = report.pod_status
            return "pod", pod.namespace, pod.name, pod.uid
        case "pod_gone":
            gone = report.pod_gone
            return "pod", gone.namespace, gone.name, gone.uid
        case "volume_removed":
            return kind, report.volume_removed.uid
        case "event" | "mirror_pod":
            return kind, report.sequence
        case _:
            return kind

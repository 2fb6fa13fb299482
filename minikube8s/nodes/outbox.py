"""What one agent still has to be told, and how it becomes messages.

Owns the bound: an object that changes again before it is sent takes no more room, and an agent that
leaves more than `limit` objects unsent is overdue. Never waits for anybody.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping

from minikube8s.nodes.references import ObjectKey
from minikube8s.rpc import agent_pb2
from minikube8s.store.entry import Entry

PART_BYTES = 1024 * 1024
"""A message is closed when its objects reach this size."""
MAX_REQUESTS = 256
"""Refusals and stream requests that may wait; more means that the agent does not read."""


class Outbox:
    """Pending messages of one session, the newest state of each object only.

    `overdue` is called when the agent lags too far behind: its session has to end.
    """

    def __init__(self, limit: int, overdue: Callable[[], None]) -> None:
        self.pending = asyncio.Event()
        self._limit = limit
        self._overdue = overdue
        self._objects: dict[ObjectKey, Entry | None] = {}
        self._requests: list[agent_pb2.Down] = []
        self._routes: Callable[[], agent_pb2.Routes] | None = None
        self._acknowledged = 0
        self._complete: list[Entry] | None = None

    def complete(self, entries: list[Entry]) -> None:
        """Have everything sent anew; what waited is part of it."""
        self._objects.clear()
        self._complete = entries
        self.pending.set()

    def upsert(self, key: ObjectKey, entry: Entry, *, at_once: bool = True) -> None:
        """Have the object's newest state sent; not `at_once`: with what comes next, or `hurry`."""
        self._change(key, entry, at_once)

    def remove(self, key: ObjectKey, *, at_once: bool = True) -> None:
        """Have the agent told that the object is gone, or not needed any more."""
        self._change(key, None, at_once)

    def hurry(self) -> None:
        """Have sent what was not to be sent at once."""
        if self._objects:
            self.pending.set()

    def routes(self, routes: Callable[[], agent_pb2.Routes]) -> None:
        """Have the routes to other nodes sent; they are asked for when it is their turn."""
        self._routes = routes
        self.pending.set()

    def acknowledge(self, sequence: int) -> None:
        """Have everything up to `sequence` acknowledged."""
        self._acknowledged = max(self._acknowledged, sequence)
        self.pending.set()

    def request(self, message: agent_pb2.Down) -> None:
        """Have a message sent that no later one makes superfluous."""
        self._requests.append(message)
        self.pending.set()
        if len(self._requests) > MAX_REQUESTS:
            self._overdue()

    def take(self) -> Iterator[agent_pb2.Down]:
        """Yield the messages for all that is pending now; what comes meanwhile stays pending."""
        self.pending.clear()
        complete, self._complete = self._complete, None
        objects, self._objects = self._objects, {}
        requests, self._requests = self._requests, []
        routes, self._routes = self._routes, None
        sequence, self._acknowledged = self._acknowledged, 0
        if complete is not None:
            yield from complete_sync(complete)
        if objects:
            yield from delta_sync(objects)
        if routes is not None:
            yield agent_pb2.Down(routes=routes())
        yield from requests
        if sequence:
            yield agent_pb2.Down(ack=agent_pb2.Ack(sequence=sequence))

    def _change(self, key: ObjectKey, entry: Entry | None, at_once: bool) -> None:
        # Moved to the end: what a pod names is put before the pod, also when it waited already.
        self._objects.pop(key, None)
        self._objects[key] = entry
        if at_once:
            self.pending.set()
        if len(self._objects) > self._limit:
            self._overdue()


def complete_sync(entries: Iterable[Entry]) -> Iterator[agent_pb2.Down]:
    """The parts of a complete sync, at least one."""
    sync = agent_pb2.Sync(complete=True)
    size = 0
    for entry in entries:
        if size >= PART_BYTES:
            yield agent_pb2.Down(sync=sync)
            sync, size = agent_pb2.Sync(complete=True, revision=sync.revision), 0
        _add(sync, object_key(entry), entry)
        size += len(entry.value)
    sync.last_part = True
    yield agent_pb2.Down(sync=sync)


def delta_sync(objects: Mapping[ObjectKey, Entry | None]) -> Iterator[agent_pb2.Down]:
    """The messages of a delta: all removals with the first."""
    sync = agent_pb2.Sync()
    size = 0
    for key, entry in objects.items():
        if entry is None:
            sync.removals.add(resource=key.resource, namespace=key.namespace, name=key.name)
    for key, entry in objects.items():
        if entry is None:
            continue
        if size >= PART_BYTES:
            yield agent_pb2.Down(sync=sync)
            sync, size = agent_pb2.Sync(), 0
        _add(sync, key, entry)
        size += len(entry.value)
    yield agent_pb2.Down(sync=sync)


def object_key(entry: Entry) -> ObjectKey:
    """An entry's key as agents know it: the plural without the group."""
    prefix = entry.key.partition("/")[0]
    return ObjectKey(prefix.partition(".")[0], entry.namespace, entry.name)


def _add(sync: agent_pb2.Sync, key: ObjectKey, entry: Entry) -> None:
    sync.upserts.add(
        resource=key.resource,
        namespace=key.namespace,
        name=key.name,
        revision=entry.revision,
        object_json=entry.value,
    )
    sync.revision = max(sync.revision, entry.revision)

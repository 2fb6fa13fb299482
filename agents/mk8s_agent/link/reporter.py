"""What the agent has to tell the master: the newest status of everything, until it is told.

Owns the order and the memory of reports; does no I/O. Bounds: one status and one "gone" a pod,
one "removed" a volume, one node status, MAX_EVENTS events (the oldest that wait are dropped),
MAX_IN_FLIGHT messages that the master has not acknowledged.
"""

import asyncio
import logging
from typing import Any, NamedTuple

import msgspec

from minikube8s.kit.clock import Clock, SystemClock
from minikube8s.rpc import agent_pb2

log = logging.getLogger(__name__)

MAX_EVENTS = 256
MAX_IN_FLIGHT = 1024
_LASTING = ("gone", "volume", "event", "mirror")
"""What is told again after a reconnect though nothing new happened."""


class _Item(NamedTuple):
    kind: str
    id: str | int


class _Sent(NamedTuple):
    item: _Item
    report: agent_pb2.Up


class Reporter:
    """A queue in which a newer report takes the place of the older one about the same thing.

    Reports are made at any time, with or without a master. A session takes them in order
    (`take`), the master acknowledges them in order (`acknowledged`); `restart` begins again with
    everything the new session has to hear.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self.pending = asyncio.Event()
        """Set while `take` has something to give."""
        self._sequence = 0
        self._queue: dict[_Item, agent_pb2.Up] = {}
        self._sent: dict[int, _Sent] = {}
        self._statuses: dict[str, agent_pb2.Up] = {}
        self._node: agent_pb2.Up | None = None
        self._events_made = 0

    def pod_status(self, namespace: str, name: str, uid: str, status: dict[str, Any]) -> None:
        """Report a v1.PodStatus; told again after every reconnect until `pod_gone`."""
        report = agent_pb2.Up(
            pod_status=agent_pb2.PodStatus(
                namespace=namespace, name=name, uid=uid, status_json=msgspec.json.encode(status)
            )
        )
        if self._statuses.get(uid) != report:
            self._statuses[uid] = report
            self._enqueue(_Item("status", uid), report)

    def pod_gone(self, namespace: str, name: str, uid: str) -> None:
        """Report that nothing of the pod is left here; its statuses are forgotten."""
        self._statuses.pop(uid, None)
        self._queue.pop(_Item("status", uid), None)
        report = agent_pb2.Up(pod_gone=agent_pb2.PodGone(namespace=namespace, name=name, uid=uid))
        self._enqueue(_Item("gone", uid), report)

    def volume_removed(self, name: str, uid: str) -> None:
        """Report that the directory of a volume, which was given back, is removed."""
        report = agent_pb2.Up(volume_removed=agent_pb2.VolumeRemoved(name=name, uid=uid))
        self._enqueue(_Item("volume", uid), report)

    def repeat_status(self, uid: str) -> None:
        """Tell a pod's newest status again: the object that it is for was made just now."""
        if uid in self._statuses:
            self._enqueue(_Item("status", uid), self._statuses[uid])

    def mirror(self, uid: str, pod: dict[str, Any]) -> None:
        """Report a static pod that the API shall show; `uid` is the one that it has here."""
        report = agent_pb2.Up(mirror_pod=agent_pb2.MirrorPod(pod_json=msgspec.json.encode(pod)))
        self._enqueue(_Item("mirror", uid), report)

    def node_status(self, status: dict[str, Any]) -> None:
        """Report a v1.NodeStatus; a new session begins with the newest one in its Hello."""
        report = agent_pb2.Up(
            node_status=agent_pb2.NodeStatus(status_json=msgspec.json.encode(status))
        )
        if report != self._node:
            self._node = report
            self._enqueue(_Item("node", 0), report)

    def event(self, involved: dict[str, Any], type: str, reason: str, message: str) -> None:
        """Report an event about `involved`, a v1.ObjectReference; `type` is Normal or Warning."""
        self._make_room_for_event()
        self._events_made += 1
        report = agent_pb2.Up(
            event=agent_pb2.Event(
                involved_json=msgspec.json.encode(involved),
                type=type,
                reason=reason,
                message=message,
                time=round(self._clock.now().timestamp() * 1_000_000),
            )
        )
        self._enqueue(_Item("event", self._events_made), report)

    @property
    def settled(self) -> bool:
        """Whether the master has acknowledged everything that was reported."""
        return not self._queue and not self._sent

    def restart(self) -> None:
        """Begin a session: all that was not acknowledged, and the newest status of every pod."""
        unheard = {sent.item: sent.report for sent in self._sent.values()}
        known = {_Item("status", uid): report for uid, report in self._statuses.items()}
        lasting = {item: up for item, up in unheard.items() if item.kind in _LASTING}
        waiting = {item: up for item, up in self._queue.items() if item.kind != "node"}
        self._sent.clear()
        self._sequence = 0
        self._node = None  # Hello tells how the node is now; any later report is news
        self._queue = {**lasting, **known, **waiting}
        self._signal()

    def take(self) -> agent_pb2.Up | None:
        """The next message, with its sequence; None when `pending` is not set."""
        if not self.pending.is_set():
            return None
        item = next(iter(self._queue))
        report = self._queue.pop(item)
        message = self.numbered(report)
        self._sent[message.sequence] = _Sent(item, report)
        self._signal()
        return message

    def numbered(self, report: agent_pb2.Up) -> agent_pb2.Up:
        """A copy of `report` with the session's next sequence."""
        self._sequence += 1
        message = agent_pb2.Up()
        message.CopyFrom(report)
        message.sequence = self._sequence
        return message

    def acknowledged(self, sequence: int) -> None:
        """Forget what the master has written down: everything up to `sequence`."""
        for number in [number for number in self._sent if number <= sequence]:
            del self._sent[number]
        self._signal()

    def _make_room_for_event(self) -> None:
        waiting = [item for item in self._queue if item.kind == "event"]
        unheard = sum(sent.item.kind == "event" for sent in self._sent.values())
        if waiting and len(waiting) + unheard >= MAX_EVENTS:
            log.warning("more than %d events wait for the master: the oldest goes", MAX_EVENTS)
            del self._queue[waiting[0]]

    def _enqueue(self, item: _Item, report: agent_pb2.Up) -> None:
        self._queue[item] = report
        self._signal()

    def _signal(self) -> None:
        if self._queue and len(self._sent) < MAX_IN_FLIGHT:
            self.pending.set()
        else:
            self.pending.clear()

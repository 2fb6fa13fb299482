"""The Node objects: which there are, and how their pods are reached from the others.

Owns the routes; tells outboxes when they or their own Node change. Knows nothing of sessions
beyond that.
"""

from collections.abc import Callable, Iterable, Mapping

from minikube8s.api.resources import NODES
from minikube8s.api.views import Node
from minikube8s.kit.clock import Clock
from minikube8s.kit.tasks import Supervisor
from minikube8s.nodes.following import Follower
from minikube8s.nodes.outbox import Outbox, object_key
from minikube8s.nodes.pacing import Pace
from minikube8s.registry import Registry
from minikube8s.rpc import agent_pb2
from minikube8s.store.entry import Entry


class Roster:
    """Follows Nodes. `added` and `deleted` hear of each, those that exist at the start included."""

    def __init__(
        self,
        registry: Registry,
        clock: Clock,
        outboxes: Mapping[str, Outbox],
        added: Callable[[str], None],
        deleted: Callable[[str], None],
    ) -> None:
        self._outboxes = outboxes
        self._added = added
        self._deleted = deleted
        self._routes: dict[str, agent_pb2.NodeRoute | None] = {}
        self._sorted: list[tuple[str, agent_pb2.NodeRoute]] | None = None
        self._pace = Pace(clock, outboxes, self._tell)
        self._follower = Follower(registry, NODES, self._replace, self._apply)

    def start(self, tasks: Supervisor) -> None:
        """Read what exists, and follow it in tasks of `tasks`."""
        self._follower.begin()
        tasks.spawn("follow nodes", self._follower.run)
        tasks.spawn("tell routes", self._pace.run)

    def fill(self, node: str, outbox: Outbox) -> None:
        """Have `outbox` send the routes to the other nodes, as they are by then."""
        outbox.routes(lambda: self._others(node))

    def _others(self, node: str) -> agent_pb2.Routes:
        if self._sorted is None:
            self._sorted = [(name, one) for name, one in sorted(self._routes.items()) if one]
        return agent_pb2.Routes(nodes=[route for name, route in self._sorted if name != node])

    def _replace(self, entries: Iterable[Entry]) -> None:
        current = {entry.name: entry for entry in entries}
        for gone in self._routes.keys() - current.keys():
            self._remove(gone)
        for entry in current.values():
            self._apply(entry, deleted=False)

    def _apply(self, entry: Entry, deleted: bool) -> None:
        if deleted:
            self._remove(entry.name)
            return
        known = entry.name in self._routes
        before, route = self._routes.get(entry.name), _route(entry)
        self._routes[entry.name] = route
        if not known:
            self._added(entry.name)
        if before != route:
            self._broadcast()
        if (outbox := self._outboxes.get(entry.name)) is not None:
            # What people say of the node, its labels and taints, decides which pods it takes.
            outbox.upsert(object_key(entry), entry)

    def _remove(self, name: str) -> None:
        if self._routes.pop(name, None) is not None:
            self._broadcast()
        self._deleted(name)

    def _broadcast(self) -> None:
        self._sorted = None
        self._pace.soon()

    def _tell(self) -> None:
        """Tell all agents that routes have changed."""
        for node, outbox in self._outboxes.items():
            self.fill(node, outbox)


def _route(entry: Entry) -> agent_pb2.NodeRoute | None:
    """How the node's pods are reached; None while it has no pod addresses or no address."""
    node = entry.view(Node)
    address = node.address("InternalIP")
    if not node.spec.pod_cidr or not address:
        return None
    return agent_pb2.NodeRoute(
        node=entry.name,
        pod_cidr=node.spec.pod_cidr,
        address=address,
        pod_cidrs=node.spec.pod_cidrs or (node.spec.pod_cidr,),
        addresses=[one.address for one in node.status.addresses if one.type == "InternalIP"],
    )

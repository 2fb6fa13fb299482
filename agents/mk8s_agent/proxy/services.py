"""Services and EndpointSlices as a source of the table's parts."""

import logging
from collections.abc import Callable, Iterable

from minikube8s.api.views import Service
from mk8s_agent.assignments import Assignments, Key
from mk8s_agent.proxy import api_server
from mk8s_agent.proxy.desired import HealthCheck, ServicePort, health_check, service_ports
from mk8s_agent.proxy.endpoints import Node, node_of
from mk8s_agent.proxy.fixed import TableConfig
from mk8s_agent.proxy.parts import Part
from mk8s_agent.proxy.protocols import can_lead
from mk8s_agent.proxy.rules import PortPart
from mk8s_agent.proxy.service_events import Events, warn
from mk8s_agent.slices import Slices

log = logging.getLogger(__name__)

KIND = "service"


class Services:
    """What the table says of each Service; a change costs what one Service does."""

    def __init__(
        self,
        config: TableConfig,
        master: str,
        assignments: Assignments,
        changed: Callable[[str, Key], None],
        events: Events | None = None,
    ) -> None:
        self._config = config
        self._master = master
        self._assignments = assignments
        self._changed = changed
        self._events = events
        self._slices = Slices(assignments, lambda service: changed(KIND, service))
        self._node = Node(config.node)
        self._told_of_sctp: set[Key] = set()

    def notice(self, resource: str, key: Key) -> None:
        """An assigned object changed."""
        if resource == "services":
            self._changed(KIND, key)
        elif resource == "endpointslices":
            self._slices.changed(key)
        elif resource == "nodes" and self._node_changed():
            for service in self._assignments.services():
                self._changed(KIND, service)

    def known(self) -> list[Key]:
        """All Services."""
        self._node_changed()
        self._slices.take_all()
        return list(self._assignments.services())

    def parts(self, key: Key) -> dict[str, Part]:
        """A part for each port of the Service and each family of addresses."""
        service = self._assignments.services().get(key)
        if service is None:
            self._told_of_sctp.discard(key)
        if service is None or self._answered_here(service.view):
            return {}
        ports: Iterable[ServicePort] = list(
            service_ports(service.view, self._slices.of(key), self._node)
        )
        if not all(can_lead(port.protocol) for port in ports):
            ports = [port for port in ports if can_lead(port.protocol)]
            self._tell_of_sctp(key)
        if key == api_server.SERVICE:
            ports = api_server.api_ports(ports, self._master, self._config.cluster_cidr)
        return {
            f"{port.key.port}/{6 if port.ipv6 else 4}": PortPart(port, self._config.cluster_cidr)
            for port in ports
        }

    def health_check(self, key: Key) -> HealthCheck | None:
        """What load balancers are told of the Service; None: nothing."""
        service = self._assignments.services().get(key)
        if service is None:
            return None
        return health_check(service.view, self._slices.of(key), self._node)

    def no_health_check(self, key: Key, port: int, why: str) -> None:
        """Tell that load balancers cannot be told anything."""
        node, name = self._config.node, "/".join(key)
        message = f'node {node} failed to start healthcheck "{name}" on port {port}: {why}'
        log.warning("%s", message)
        if service := self._assignments.services().get(key):
            warn(self._events, service.view, "FailedToStartServiceHealthcheck", message)

    def refused(self, key: Key, why: str) -> None:
        """Tell that the kernel does not take the Service's rules."""
        self._warn_of_rules(key, f"does not serve it: {why}")

    def _warn_of_rules(self, key: Key, what: str) -> None:
        if service := self._assignments.services().get(key):
            message = f"node {self._config.node} {what}"
            warn(self._events, service.view, "FailedToProgramRules", message)

    def _tell_of_sctp(self, key: Key) -> None:
        if key not in self._told_of_sctp:
            self._told_of_sctp.add(key)
            self._warn_of_rules(key, "cannot serve ports of SCTP: its kernel does not track it")

    def _node_changed(self) -> bool:
        """Take over the node's place and addresses; whether they are others than before."""
        assigned = self._assignments.node(self._config.node)
        node = node_of(self._config.node, assigned.view if assigned else None)
        changed, self._node = node != self._node, node
        return changed

    def _answered_here(self, service: Service) -> bool:
        """Whether it is the cluster's DNS, which the agent itself answers on every node."""
        cluster = self._assignments.cluster
        return cluster is not None and service.spec.cluster_ip == cluster.cluster_dns != ""

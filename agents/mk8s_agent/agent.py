"""The agent: puts its parts together, and has each hear of what concerns it.

Owns the composition, and what follows for the parts from what one of them notices.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from minikube8s.kit import notice, readiness
from minikube8s.kit.clock import Clock, SystemClock
from minikube8s.kit.tasks import Supervisor
from mk8s_agent.assignments import CLUSTER, ROUTES, Assignments, ClusterInfo, Key
from mk8s_agent.config import AgentConfig
from mk8s_agent.dns import ClusterDns
from mk8s_agent.dns.sockets import sockets_of
from mk8s_agent.link import renewal
from mk8s_agent.link.asking import Asking
from mk8s_agent.link.channel import dial
from mk8s_agent.link.client import Link, NodeHello
from mk8s_agent.link.dialogue import Handler as DialogueHandler
from mk8s_agent.link.renewal import Renewal
from mk8s_agent.link.reporter import Reporter
from mk8s_agent.link.tokens import Tokens
from mk8s_agent.link.tunnels import Handler
from mk8s_agent.network.announcer import Announcer
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.network.pods import PodNetwork
from mk8s_agent.network.routes import Peer
from mk8s_agent.network.routing import Routing
from mk8s_agent.node.capacity import allocatable
from mk8s_agent.node.engine import Engine
from mk8s_agent.node.evictions import Evictions
from mk8s_agent.node.garbage import ImageCollector
from mk8s_agent.node.gate import Gate
from mk8s_agent.node.keeper import NodeKeeper
from mk8s_agent.node.machine import read_machine
from mk8s_agent.node.networking import Networking
from mk8s_agent.node.pulled import PulledImages
from mk8s_agent.node.room import Room
from mk8s_agent.node.settings import configz
from mk8s_agent.node.shutdown import end_pods
from mk8s_agent.node.status import NodeState
from mk8s_agent.node.whereabouts import Address, Whereabouts
from mk8s_agent.pods.files import PodFiles, SeccompProfiles
from mk8s_agent.pods.health import command_of
from mk8s_agent.pods.hooks import Hooks
from mk8s_agent.pods.identity import owner_labels
from mk8s_agent.pods.images import Images
from mk8s_agent.pods.logs import PodLogs
from mk8s_agent.pods.manager import Pods
from mk8s_agent.pods.messages import LastWords
from mk8s_agent.pods.node_context import Addresses, NodeContext, NodeFacts
from mk8s_agent.pods.sandbox import Sandboxes
from mk8s_agent.policy.enforcing import PolicyEnforcer
from mk8s_agent.probes.prober import Prober
from mk8s_agent.proxy import ServiceProxy
from mk8s_agent.proxy.announced import Announced
from mk8s_agent.proxy.fixed import families_of
from mk8s_agent.runtime.docker import DockerRuntime
from mk8s_agent.static.directory import Directory
from mk8s_agent.static.keeper import StaticPods
from mk8s_agent.stats.collector import Stats
from mk8s_agent.streams import offered
from mk8s_agent.streams.finding import Finder
from mk8s_agent.streams.forwarding import Forwarding
from mk8s_agent.streams.talking import Talking
from mk8s_agent.volumes import Volumes
from mk8s_agent.volumes.mounting import KernelMounter
from mk8s_agent.volumes.reclaiming import Reclaimer

log = logging.getLogger(__name__)

_NETWORK = "network"
_ADDRESS = "address"
_LAST_WORDS = 5.0
"""Seconds that the master gets to take over how the pods ended; it may be gone already."""
_MOMENT = 0.1
_SETTLING = 0.5
"""Seconds in which a network that changes is looked at once."""


class Agent:
    """One node's agent.

    `machine_network` is the machine's own network namespace, where the node has another.
    Raises NftablesMissing, ValueError (docker_host) when it cannot work here.
    """

    def __init__(
        self,
        config: AgentConfig,
        runtime: DockerRuntime | None = None,
        *,
        machine_network: Path | None = None,
    ) -> None:
        self._config = config
        self._clock: Clock = SystemClock()
        self._runtime = runtime or DockerRuntime(config.docker_host)
        self._assignments = Assignments()
        self._reporter = Reporter(self._clock)
        self._asking = Asking()
        self._network = PodNetwork(config)
        self._proxy = ServiceProxy(config, self._assignments, self._reporter)
        self._dns = ClusterDns(
            config, self._assignments, self._dns_trouble, sockets_of(machine_network)
        )
        self._policies = PolicyEnforcer(
            config.node,
            families_of(config.cluster_cidr),
            self._assignments,
            self._proxy.keeper,
            self._reporter.event,
        )
        self._addresses = Addresses()
        state_dir = Path(config.state_dir)
        both = ":" in config.cluster_cidr
        self._whereabouts = Whereabouts(
            config.node_ip, config.master, ipv6=both, moved=self._moved, missing=self._misplaced
        )
        machine = read_machine(config.node, self._whereabouts.now, state_dir)
        node = NodeState(machine, config.kubelet)
        self._node = NodeKeeper(node, self._runtime, self._reporter, self._clock, state_dir)
        self._announcer = Announcer(self._network)
        self._announced = Announced(config.node, self._assignments, self._announcer.set_addresses)
        self._stirred = asyncio.Event()
        self._routing = Routing(self._network, self._node.unreachable, self._stirred.set)
        self._networking = Networking(
            self._network,
            self._assignments,
            partial(self._node.trouble, _NETWORK),
            self._network_ready,
            self._clock,
        )
        record = PulledImages(config.pulled_file, self._clock)
        owner = owner_labels(config.cluster, config.node)
        self._sandboxes = Sandboxes(
            self._runtime,
            config.pause_image,
            owner,
            may_protect=machine.may_protect,
            node_namespace=config.network_namespace,
        )
        self._engine = Engine(
            self._runtime, self._node, self._sandboxes.prepare, self._network.repair
        )
        node.trouble[_NETWORK] = "container runtime network not ready: it is being set up"
        images = Images(self._runtime, self._clock, record.note)
        self._facts = NodeFacts(
            name=machine.name,
            address=machine.address,
            address_ipv6=machine.address_ipv6,
            allocatable=allocatable(machine, config.kubelet),
            memory=machine.memory,
            may_protect=machine.may_protect,
            apparmor=machine.apparmor,
        )
        context = NodeContext(
            runtime=self._runtime,
            network=self._network,
            host_ports=self._proxy,
            policies=self._policies,
            reporter=self._reporter,
            assignments=self._assignments,
            clock=self._clock,
            facts=self._facts,
            owner=owner,
            images=images,
            sandboxes=self._sandboxes,
            addresses=self._addresses,
            files=PodFiles(config.pods_dir),
            hooks=Hooks(self._runtime),
            tokens=Tokens(self._asking),
            volumes=Volumes(config.pods_dir, config.memory_dir, KernelMounter()),
            prober=Prober(self._runtime, self._clock, command_of, random.random),
            seccomp=SeccompProfiles(Path(config.state_dir) / "seccomp"),
            last_words=LastWords(config.pods_dir, self._runtime),
        )
        self._reclaimer = Reclaimer(
            config.volumes_dir,
            lambda: (one.view for one in self._assignments.volumes().values()),
            self._reporter,
        )
        self._pods = Pods(context, self._engine_changed, Gate(node, self._assignments))
        self._static = StaticPods(
            Directory(config.manifests_dir),
            config.node,
            self._assignments,
            self._reporter,
            self._clock,
            lambda pods, complete: self._pods.set_static(pods, complete=complete),
        )
        self._images = ImageCollector(
            self._runtime, record, config.kubelet, self._clock, self._node.event
        )
        self._room = Room(
            self._pods,
            Evictions(
                self._pods,
                self._runtime,
                self._clock,
                self._reporter,
                config.pods_dir,
                config.kubelet.eviction_max_pod_grace_period,
            ),
            self._runtime,
            self._clock,
            self._node.event,
            self._images.remove_unused,
        )
        finder = Finder(self._runtime, owner, self._assignments)
        self._handlers = offered.handlers(
            PodLogs(context),
            Stats(machine.name, self._runtime, owner, self._clock, self._node.disks),
            partial(configz, config.kubelet),
            images.pulling,
        )
        self._dialogues = offered.dialogues(
            Talking(self._runtime, finder), Forwarding(finder, self._runtime.connect)
        )
        self._link = Link(
            config.node,
            config.master,
            partial(dial, config),
            prepare=self._whereabouts.look,
            refused=self._refused,
            ended=self._certificate_ended,
        )
        files = renewal.Files(Path(config.cert), Path(config.key), Path(config.request))
        self._renewal = Renewal(files, self._asking, self._clock, random.Random())
        self._tasks = Supervisor("agent")

    @property
    def assignments(self) -> Assignments:
        """What the master wants of this node."""
        return self._assignments

    @property
    def reporter(self) -> Reporter:
        """What the master is told."""
        return self._reporter

    @property
    def asking(self) -> Asking:
        """Who asks the master while a session is up."""
        return self._asking

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """What serves streams to the master, by kind."""
        return self._handlers

    @property
    def dialogues(self) -> Mapping[str, DialogueHandler]:
        """What serves streams in both directions, by kind."""
        return self._dialogues

    def hello(self) -> NodeHello:
        """The node as it is now."""
        node = self._node.state
        return NodeHello(
            node.status(self._clock.now()),
            node.labels(),
            self._config.roles,
            volumes_dir=str(self._config.volumes_dir),
        )

    async def run(self) -> None:
        """Work until cancelled. Pods, rules and links stay: the next agent finds them."""
        self._assignments.subscribe(self._assignment_changed)
        # Before anything else: containers of static pods must not be taken for nobody's.
        self._static.read()
        self._tasks.spawn("static", self._static.run)
        self._tasks.spawn("pods", self._pods.run)
        self._tasks.spawn("link", partial(self._link.run, self))
        if self._config.request:
            self._tasks.spawn("certificate", self._renewal.run)
        self._tasks.spawn("whereabouts", self._keep_address)
        self._tasks.spawn("volumes", self._reclaimer.run)
        self._tasks.spawn("network", self._networking.run)
        self._tasks.spawn("firewall", self._network.watch_firewall)
        self._tasks.spawn("links", lambda: self._network.follow_links(self._pods.link_lost))
        self._tasks.spawn("routes", self._routing.run)
        self._tasks.spawn("announced", self._announced.run)
        self._tasks.spawn("announcer", self._announcer.run)
        self._tasks.spawn("proxy", self._keep_table)
        self._tasks.spawn("dns", self._dns.run)
        self._tasks.spawn("node", lambda: self._node.run(self._room, self._images))
        self._tasks.spawn("images", self._node.follow_images)
        try:
            await asyncio.Event().wait()
        finally:
            await self._tasks.close()
            await self._proxy.close()
            await self._network.close()

    async def shut_down(self) -> None:
        """End the pods in order, because the machine is about to; the master hears of it."""
        self._node.end()
        await end_pods(self._pods, self._config.kubelet, self._clock)
        until = self._clock.monotonic() + _LAST_WORDS
        while not self._reporter.settled and self._clock.monotonic() < until:
            await self._clock.sleep(_MOMENT)

    def _assignment_changed(self, resource: str, key: Key) -> None:
        if resource == "persistentvolumes":
            self._reclaimer.changed(key[1])
        if resource == "nodes" and (own := self._assignments.node(self._config.node)):
            self._node.takes_pods(not own.view.spec.unschedulable)
        if resource == ROUTES:
            self._routing.set_peers([Peer(*one) for one in self._assignments.routes or ()])
        if resource == CLUSTER:
            # From here on the Node says what this agent says of it, and no earlier one.
            notice.leave(Path(self._config.state_dir), "")
            readiness.tell()
            self._networking.again()

    def _refused(self, why: str) -> None:
        """The master does not take this agent, and will not before somebody changes something."""
        notice.leave(Path(self._config.state_dir), why)
        readiness.tell(why)

    def _certificate_ended(self) -> str:
        """What to do where this node's certificate has ended; "" where others renew it."""
        return self._renewal.ended() if self._config.request else ""

    def _moved(self, address: Address) -> None:
        """Others reach this node by another address now."""
        self._node.moved(address)
        self._facts.address, self._facts.address_ipv6 = address
        self._pods.look_again()
        self._link.again()

    def _misplaced(self, why: str) -> None:
        """The address that this node was given is not the machine's; empty: it is."""
        if why or _ADDRESS in self._node.state.trouble:
            self._node.trouble(_ADDRESS, why)

    async def _keep_address(self) -> None:
        """Look where this node is when links, addresses or routes have changed."""
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            await self._whereabouts.look()
            await self._clock.sleep(_SETTLING)

    async def _keep_table(self) -> None:
        """Serve Services and enforce policies, also for pods that an earlier agent connected."""
        await self._assignments.synced.wait()
        cluster = self._assignments.cluster
        if cluster is not None:
            try:
                self._policies.adopt(await self._network.plugged(), cluster.pod_cidrs)
            except NetworkError as error:
                log.warning("pods are known to policies by what the API says of them: %s", error)
        await self._proxy.run()

    def _network_ready(self, cluster: ClusterInfo) -> None:
        self._addresses.set_ranges(*cluster.pod_cidrs[:2])
        self._routing.again()
        self._dns.serve(cluster.cluster_dns)

    def _dns_trouble(self, what: str) -> None:
        """Tell people what keeps names from being resolved on this node."""
        log.error("%s", what)
        self._node.event("Warning", "DNSTrouble", what)

    def _engine_changed(self, answers: bool) -> None:
        if answers:
            self._tasks.spawn("engine", self._engine.meet, restart=False)
        else:
            self._engine.lost()

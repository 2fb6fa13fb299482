"""The network part of an agent as a process of its own in a namespace, told what to do in lines.

So several nodes can be tested side by side, and killed. Pods are namespaces with a server in them.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mk8s_agent.network.announcer import Announcer
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.network.pods import PodNetwork
from mk8s_agent.network.routes import Overlay, Peer
from mk8s_agent.network.routing import Routing

from tests.support.netlab import Space, empty_space, end, inside, run, server_space

SERVICE_CIDR = "10.96.0.0/12,fd00:10:96::/112"


@dataclass(frozen=True)
class Config:
    state_dir: Path
    cluster: str = "test"
    cluster_cidr: str = "10.244.0.0/16,fd00:10:244::/56"
    service_cidr: str = SERVICE_CIDR
    lab_cidr: str = ""

    @property
    def record_dir(self) -> Path:
        return self.state_dir


@dataclass
class Node:
    """One node: its namespace, its address and the range of its pods."""

    name: str
    space: Space
    address: str
    subnet: str
    state_dir: Path
    pods: list[Space] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None
    both: bool = False

    def start(self) -> None:
        """Start the agent's network part in the node's namespace."""
        self.process = subprocess.Popen(
            ["nsenter", f"--net=/proc/{self.space.pid}/ns/net", sys.executable, "-m",
             "tests.support.netnode", str(self.state_dir)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ask(self, do: str, *arguments: object) -> Any:
        """Have the agent do something; its answer, or NetworkError."""
        process = self.process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([do, *arguments]) + "\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        if "error" in answer:
            raise NetworkError(answer["error"])
        return answer["done"]

    @property
    def subnet_ipv6(self) -> str:
        """The range of its pods in clusters of both families."""
        return f"fd00:10:244:{self.subnet.split('.')[2]}::/64"

    def setup(self, mode: str = "auto", *, both: bool = False) -> None:
        """Become a node; with `both` in a cluster of both families."""
        self.both = both
        self.ask("setup", self.subnet, mode, self.subnet_ipv6 if both else "")

    @property
    def subnets(self) -> list[str]:
        """All ranges of its pods."""
        return [self.subnet, self.subnet_ipv6] if self.both else [self.subnet]

    def knows(self, others: Iterable[Node]) -> None:
        """Hear which other nodes there are."""
        peers = [[one.name, one.subnets, [one.address]] for one in others if one is not self]
        self.ask("peers", peers)

    def announces(self, *addresses: str) -> None:
        """Hear which addresses of Services the node shall announce."""
        self.ask("announces", addresses)

    def unreachable(self) -> list[str]:
        """What the agent says of nodes that it cannot reach."""
        told: list[str] = self.ask("unreachable")
        return told

    def pod(self, number: int) -> Space:
        """A pod with that address of the node's range, which serves on port 80."""
        address = self.pod_address(number)
        space = server_space(f"{self.name}-{number}")
        self.pods.append(space)
        self.ask("plug", space.pid, address, f"default/{self.name}-{number}")
        return space

    def pod_address(self, number: int) -> str:
        """The address of the pod with that number."""
        return f"{self.subnet.rsplit('.', 1)[0]}.{number}"

    def run(self, command: str) -> str:
        """Run a command line on the node."""
        with inside(self.space):
            return run(command)

    def kill(self) -> None:
        """End the agent as kill -9 does."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def close(self) -> None:
        """End the agent and its pods."""
        self.kill()
        for space in self.pods:
            end(space)


@contextmanager
def shared_link(state: Path, count: int = 3) -> Iterator[list[Node]]:
    """Nodes 192.0.2.11, .12, … on one bridge; their pods in 10.244.1.0/24, 10.244.2.0/24, …"""
    with ExitStack() as stack:
        switch = stack.enter_context(empty_space())
        with inside(switch):
            run("ip link add br0 type bridge")
            run("ip link set br0 up")
        nodes = []
        for number in range(1, count + 1):
            space = stack.enter_context(empty_space())
            with inside(switch):
                run(f"ip link add port{number} type veth peer name uplink netns {space.pid}")
                run(f"ip link set port{number} master br0 up")
            nodes.append(_node(number, space, f"192.0.2.{10 + number}", state))
            stack.callback(nodes[-1].close)
        for node in nodes:
            node.start()
        yield nodes


@contextmanager
def routed_links(state: Path) -> Iterator[list[Node]]:
    """Two nodes on links of their own, 198.51.100.11 and 203.0.113.12, with a router between."""
    with ExitStack() as stack:
        router = stack.enter_context(empty_space())
        nodes = []
        for number, network in ((1, "198.51.100"), (2, "203.0.113")):
            space = stack.enter_context(empty_space())
            with inside(router):
                run("sysctl -qw net.ipv4.ip_forward=1")
                run(f"ip link add port{number} type veth peer name uplink netns {space.pid}")
                run(f"ip addr add {network}.1/24 dev port{number}")
                run(f"ip link set port{number} up")
            nodes.append(_node(number, space, f"{network}.{10 + number}", state))
            with inside(space):
                run(f"ip route add default via {network}.1")
            stack.callback(nodes[-1].close)
        for node in nodes:
            node.start()
        yield nodes


def join_up(nodes: list[Node], mode: str = "auto", *, both: bool = False) -> None:
    """Make all of them nodes of one cluster."""
    for node in nodes:
        node.setup(mode, both=both)
    for node in nodes:
        node.knows(nodes)


def _node(number: int, space: Space, address: str, state: Path) -> Node:
    with inside(space):
        run("ip link set lo up")
        # its own addresses of IPv6 come some time after the link: states could not be compared
        run("sysctl -qw net.ipv6.conf.uplink.disable_ipv6=1")
        run("ip link set uplink up")
        run(f"ip addr add {address}/24 dev uplink")
    directory = state / f"node{number}"
    directory.mkdir()
    return Node(f"node{number}", space, address, f"10.244.{number}.0/24", directory)


class _Agent:
    """What answers the lines."""

    def __init__(self, state_dir: Path) -> None:
        self._network = PodNetwork(Config(state_dir))
        self._told: tuple[str, ...] = ()
        self._routing = Routing(self._network, self._tell, lambda: None)
        self._announcer = Announcer(self._network)
        self._tasks = [asyncio.create_task(one.run()) for one in (self._routing, self._announcer)]

    def _tell(self, sentences: tuple[str, ...], cut_off: bool) -> None:
        self._told = sentences

    async def setup(self, subnet: str, mode: str, subnet_ipv6: str) -> None:
        await self._network.setup(subnet, Overlay(mode), "", subnet_ipv6)
        self._routing.again()

    async def peers(self, peers: list[Any]) -> None:
        self._routing.set_peers([Peer(name, tuple(s), tuple(a)) for name, s, a in peers])

    async def announces(self, addresses: list[str]) -> None:
        self._announcer.set_addresses(set(addresses))

    async def plug(self, pid: int, address: str, name: str) -> None:
        await self._network.plug(pid, address, name)

    async def unreachable(self) -> tuple[str, ...]:
        return self._told

    async def remove(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self._network.teardown()


async def _serve(state_dir: Path) -> None:
    agent = _Agent(state_dir)
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    while line := await reader.readline():
        do, *arguments = json.loads(line)
        try:
            answer = {"done": await getattr(agent, do)(*arguments)}
        except NetworkError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))

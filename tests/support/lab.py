"""A cluster of several nodes on this machine, and a client beside them on the lab's bridge."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from pathlib import Path
from typing import Any

from tests.support.cluster import Cluster
from tests.support.engine import PrivateEngine
from tests.support.netlab import Space, empty_space, exchange, inside, inside_file, run

NODES = ("node1", "node2", "node3")
"""The nodes of the shared lab; node1 is the machine itself."""
SUBNET = "192.168.127.0/24"
CLIENT_ADDRESS = "192.168.127.254"


Place = str | Space | Path
"""Where something is asked from: a node by its name, a namespace by its process or its file."""


class Lab:
    """The lab; `client` is a network namespace outside of the cluster, on the nodes' own network.

    It knows no pods and no Services: only what is on the link, the nodes and announced addresses.
    """

    def __init__(self, cluster: Cluster, client: Space) -> None:
        self.cluster = cluster
        self.client = client

    def address(self, node: str) -> str:
        """A node's InternalIP."""
        number = int(node.removeprefix("node"))
        return f"{SUBNET.rpartition('.')[0]}.{number}"

    def namespace(self, node: str) -> Path | None:
        """The file of a node's network namespace; None for the first one, which is the test's."""
        name = self.cluster.settings["MK8S_NAME"]
        return None if node == NODES[0] else Path(f"/run/netns/{name}-{node}")

    @contextmanager
    def on(self, place: Place) -> Iterator[None]:
        """Be in the network of a node, a namespace or a pod; nothing may be awaited."""
        if isinstance(place, Space):
            with inside(place):
                yield
            return
        if isinstance(place, Path):
            with inside_file(place):
                yield
            return
        path = self.namespace(place)
        with nullcontext() if path is None else inside_file(path):
            yield

    def run(self, place: Place, *command: str, seconds: float = 30) -> str:
        """What a command prints in the network of a node or a namespace; fails when it fails."""
        with self.on(place):
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=seconds
            )
        assert done.returncode == 0, f"{command} in {place}: {done.stderr}"
        return done.stdout

    def ask(
        self, place: Place, address: str, port: int, say: str = "", seconds: float = 3.0
    ) -> str:
        """Connect by TCP, say something, and return all that comes; raises what the socket does."""
        with self.on(place), socket.create_connection((address, port), seconds) as connection:
            connection.settimeout(seconds)
            connection.sendall(say.encode())
            pieces = iter(lambda: connection.recv(65536), b"")
            return b"".join(pieces).decode()

    def ask_udp(self, place: Place, address: str, port: int, seconds: float = 3.0) -> str:
        """Send a packet from a socket of its own and return the answer; raises what it does."""
        with self.on(place), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
            return exchange(channel, address, port, seconds)

    def pod(self, name: str, namespace: str = "default") -> Path:
        """The network of a running pod, to be asked from without a command in it."""
        labels = {"io.kubernetes.pod.name": name, "io.kubernetes.pod.namespace": namespace}
        for found in self.cluster.engine.containers(**labels):
            _, body = self.cluster.engine.api("GET", f"/containers/{found['Id']}/json")
            if pid := json.loads(body)["State"]["Pid"]:
                return Path(f"/proc/{pid}/ns/net")
        raise AssertionError(f"pod {name} has no container that runs")

    def fetch(self, place: Place, address: str, port: int = 80, path: str = "/") -> str:
        """A page by HTTP, its headers with it."""
        return self.ask(place, address, port, f"GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")

    def in_pod(self, pod: str, *command: str, namespace: str = "default") -> str:
        """What a command prints in a pod; fails when it fails."""
        return self.cluster.kubectl("exec", "-n", namespace, pod, "--", *command).ok()

    def apply(self, *objects: dict[str, Any]) -> None:
        """Apply manifests, see `tests.support.manifests`."""
        from tests.support import manifests

        self.cluster.kubectl("apply", "-f", "-", input=manifests.text(*objects)).ok()


def pinned(obj: dict[str, Any], node: str) -> dict[str, Any]:
    """A Pod, or what has a template of pods, whose pods run on that node alone."""
    made = deepcopy(obj)
    spec = made["spec"]["template"]["spec"] if "template" in made["spec"] else made["spec"]
    spec["nodeSelector"] = {"kubernetes.io/hostname": node}
    return made


@contextmanager
def running_lab(home: Path, engine: PrivateEngine) -> Iterator[Lab]:
    """A lab of `NODES`, up for the length of the block, beside the tests' other clusters."""
    cluster = Cluster.beside(9, home, engine).with_settings(
        MK8S_NAME="lab", MK8S_LAB_CIDR=SUBNET, MK8S_NODES=str(len(NODES)), MK8S_NODE_GRACE="10"
    )
    cluster.mk8s("up").ok()
    try:
        with on_bridge("lab-lab", f"{CLIENT_ADDRESS}/24") as client:
            yield Lab(cluster, client)
    finally:
        cluster.mk8s("down", "--purge")


@contextmanager
def on_bridge(bridge: str, interface: str) -> Iterator[Space]:
    """A network namespace with a link to a bridge, and that address."""
    link = f"cl{os.getpid() % 100000}-{interface.partition('/')[0].rpartition('.')[2]}"
    with empty_space() as space:
        run(f"ip link add {link} type veth peer name eth0 netns {space.pid}")
        # a node of two families would change, for good, how the link learns from routers
        Path(f"/proc/sys/net/ipv6/conf/{link}/accept_ra").write_text("0")
        run(f"ip link set {link} addrgenmode none master {bridge} up")
        with inside(space):
            run("ip link set lo up")
            run(f"ip addr add {interface} dev eth0")
            run("ip link set eth0 up")
        yield space

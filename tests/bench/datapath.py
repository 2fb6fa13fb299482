"""What Services cost the packets: throughput and connections, beside the same without a Service.

Both of a pair are measured in turns, because the machine's speed changes from second to second.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.proxied import (
    SERVER_POD,
    ProxiedNode,
    crowd,
    endpoint_slice,
    proxied_node,
    service,
    start,
)
from tests.bench.report import Row, middle, spread, told
from tests.support.netlab import NODE_ADDRESS, NetLab, Space, eventually, inside, net_lab, run

FEW, MANY = 10, 1000
TURNS = 8
SECONDS = 1
CONNECTIONS = 200
IPERF = 5201
NODE_PORT, NODE_PORT_IPERF = 30080, 30081
ADDRESS, ADDRESS_IPERF = "10.96.8.1", "10.96.8.2"


@dataclass
class Pair:
    """What was measured in turns: through the Service, and directly."""

    through: list[float]
    direct: list[float]

    @property
    def ratio(self) -> float:
        """The middle of the turns' own ratios: what slows down a turn slows down both halves."""
        return middle([one / other for one, other in zip(self.through, self.direct, strict=True)])


def datapath() -> list[Row]:
    """Throughput and connections from a pod and from outside, with few and with many Services."""
    few, many = _with_services(FEW), _with_services(MANY)
    return [
        _row("ClusterIP, throughput", few["ClusterIP"], "Gbit/s", 0.95),
        _row(f"  with {MANY} Services", many["ClusterIP"], "Gbit/s", 0.95),
        _row("NodePort from outside, throughput", few["NodePort"], "Gbit/s", 0.9),
        _row(f"  with {MANY} Services", many["NodePort"], "Gbit/s", 0.9),
        _row("ClusterIP, connections", few["ClusterIP, new"], "/s", None),
        _row(f"  with {MANY} Services", many["ClusterIP, new"], "/s", None),
        _row("NodePort from outside, connections", few["NodePort, new"], "/s", None),
        _row(f"  with {MANY} Services", many["NodePort, new"], "/s", None),
    ]


def _row(measure: str, pair: Pair, unit: str, limit: float | None) -> Row:
    direct = middle(pair.direct)
    return Row(measure, pair.ratio * direct, unit, limit, direct, "direct", of_ratio=True,
               at_least=True)  # fmt: skip


def _with_services(count: int) -> dict[str, Pair]:
    with net_lab() as lab, tempfile.TemporaryDirectory() as state:
        return asyncio.run(_measured(lab, Path(state), count))


async def _measured(lab: NetLab, state: Path, count: int) -> dict[str, Pair]:
    async with proxied_node(lab, state) as node, _served(node, count):
        # what has ended holds its port for two minutes otherwise, and both ways want the same ones
        run("sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_time_wait=1")
        inner, outer = node.client, lab.client
        pairs = {
            "ClusterIP": _turns(
                lambda: _throughput(inner, ADDRESS_IPERF, IPERF),
                lambda: _throughput(inner, SERVER_POD, IPERF),
            ),
            "NodePort": _turns(
                lambda: _throughput(outer, NODE_ADDRESS, NODE_PORT_IPERF),
                lambda: _throughput(outer, SERVER_POD, IPERF),
            ),
            "ClusterIP, new": _turns(
                lambda: _connections(inner, ADDRESS, 80),
                lambda: _connections(inner, SERVER_POD, 80),
            ),
            "NodePort, new": _turns(
                lambda: _connections(outer, NODE_ADDRESS, NODE_PORT),
                lambda: _connections(outer, SERVER_POD, 80),
            ),
        }
    for name, pair in pairs.items():
        unit = "/s" if "new" in name else "Gbit/s"
        told(
            f"{name} with {count} Services: {spread(pair.through, unit)}; direct"
            f" {spread(pair.direct, unit)}; ratio {pair.ratio:.2f},"
            f" of the best {max(pair.through) / max(pair.direct):.2f}"
        )
    return pairs


@asynccontextmanager
async def _served(node: ProxiedNode, count: int) -> AsyncIterator[None]:
    """The server's pod behind two Services, among others."""
    ports = {"port": 80, "nodePort": NODE_PORT}, {"port": IPERF, "nodePort": NODE_PORT_IPERF}
    node.assignments.replace(
        [
            *crowd(count),
            service("web", ADDRESS, type="NodePort", port=ports[0]),
            endpoint_slice("web", [SERVER_POD]),
            service("iperf", ADDRESS_IPERF, type="NodePort", port=ports[1]),
            endpoint_slice("iperf", [SERVER_POD], IPERF),
        ],
        1,
    )
    server = start(node.server, "iperf3", "--server", "--port", str(IPERF))
    try:
        await eventually(lambda: _answers(node.lab.client, NODE_PORT), 60)
        yield
    finally:
        server.kill()
        server.communicate()


def _turns(through: Callable[[], float], direct: Callable[[], float]) -> Pair:
    """Each first every other time; the first turn warms up."""
    pair = Pair([], [])
    for turn in range(TURNS + 1):
        for measure, figures in sorted(
            ((through, pair.through), (direct, pair.direct)),
            key=lambda one: (one[0] is direct) == bool(turn % 2),
        ):
            figures.append(measure())
    return Pair(pair.through[1:], pair.direct[1:])


def _throughput(source: Space, address: str, port: int) -> float:
    """Bits a second that one connection brought to the server."""
    command = ["iperf3", "--json", "--client", address, "--port", str(port), "--time", str(SECONDS)]
    with inside(source):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr
    received: float = json.loads(done.stdout)["end"]["sum_received"]["bits_per_second"]
    return received


def _connections(source: Space, address: str, port: int) -> float:
    """Connections a second, one after the other, each with an answer."""
    with inside(source):
        began = time.perf_counter()
        for _ in range(CONNECTIONS):
            with socket.create_connection((address, port), 5) as connection:
                assert connection.recv(64)
        return CONNECTIONS / (time.perf_counter() - began)


def _answers(source: Space, port: int) -> bool:
    try:
        with inside(source):
            socket.create_connection((NODE_ADDRESS, port), 0.5).close()
    except OSError:
        return False
    return True

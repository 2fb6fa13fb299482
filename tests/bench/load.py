"""How many requests the API answers, where its time goes, and what ten thousand pods cost.

The client shares the machine with the server: the figures are what both together reach. The
server's own cost is told beside them.
"""

from __future__ import annotations

import math
import selectors
import time
from collections.abc import Iterator

from tests.bench import processes, shares
from tests.bench.apiclient import MAPS, MERGE, PODS, Connection, request
from tests.bench.objects import configmap, waiting_pod
from tests.bench.report import Row, told
from tests.support.cluster import Cluster

CLIENTS = 8
OBJECTS = 500
PLENTY = 10_000
SECONDS = 3.0


def load(cluster: Cluster) -> list[Row]:
    """Eight clients that each ask again as soon as they are answered."""
    connections = [Connection(cluster.home) for _ in range(CLIENTS)]
    admin, master = connections[0], processes.daemons(cluster)["master"]
    for number in range(OBJECTS):
        admin.call("POST", MAPS, configmap(f"map-{number:03}"))
    gets = [request("GET", f"{MAPS}/map-{number:03}") for number in range(OBJECTS)]
    maps = (request("POST", MAPS, configmap(f"new-{n}")) for n in range(1 << 30))
    pods = (request("POST", PODS, waiting_pod(f"new-{n:06}")) for n in range(1 << 30))
    rows = _run(connections, master, "GET of one ConfigMap", 10_000, _cycle(gets))
    rows += _run(connections, master, "create of ConfigMaps", 3_000, maps)
    rows += _run(connections, master, "merge patch of ConfigMaps", 2_500, _patches())
    admin.call("DELETE", f"{MAPS}?labelSelector=app%3Dbench")
    rows += _run(connections, master, "create of Pods", 1_500, pods)
    for name in _names(admin, PODS)[OBJECTS:]:
        admin.call("DELETE", f"{PODS}/{name}")
    lists = _cycle([request("GET", PODS)])
    rows += _run(connections, master, f"list of {OBJECTS} Pods", 500, lists)
    admin.call("DELETE", PODS)
    for connection in connections:
        connection.close()
    return rows


def capacity(cluster: Cluster) -> list[Row]:
    """What the master holds with ten thousand pods."""
    connections = [Connection(cluster.home) for _ in range(CLIENTS)]
    master = processes.daemons(cluster)["master"]
    before = processes.memory(master).resident
    names = (f"many-{number:05}" for number in range(PLENTY))
    _drive(connections, (request("POST", PODS, waiting_pod(name)) for name in names), math.inf)
    after = processes.memory(master).resident
    connections[0].call("DELETE", PODS)
    for connection in connections:
        connection.close()
    told(f"{PLENTY} pods: {(after - before) / PLENTY / 1024:.1f} KiB each")
    return [Row(f"master with {PLENTY} pods", after, "MiB", 150e6)]


def _run(
    connections: list[Connection],
    master: int,
    name: str,
    wanted: float,
    requests: Iterator[bytes],
) -> list[Row]:
    """Measure the rate and the slowest of a hundred, then sample where the time goes."""
    before = processes.processor(master)
    times, passed = _drive(connections, requests)
    cost = (processes.processor(master) - before) / len(times)
    with shares.sampled(master, SECONDS - 1) as counts:
        _drive(connections, requests)
    told(f"{name}: {cost * 1e6:.0f} us of the server's processor each; {shares.told(counts)}")
    late = sorted(times)[int(len(times) * 0.99)]
    title = f"{CLIENTS} clients, {name}"
    return [
        Row(title, len(times) / passed, "/s", wanted, at_least=True),
        Row(f"{title}, 99 of 100", late, "ms", 0.005 if name.startswith("GET") else None),
    ]


def _drive(
    connections: list[Connection], requests: Iterator[bytes], seconds: float = SECONDS
) -> tuple[list[float], float]:
    """Keep one request under way on each connection until the time or the requests are over.

    Return how long each took, and how long all.
    """
    times: list[float] = []
    sent: dict[Connection, float] = {}

    def send(connection: Connection) -> None:
        following = next(requests, None)
        if following is not None:
            sent[connection] = time.perf_counter()
            connection.send(following)

    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            send(connection)
        start = time.perf_counter()
        while sent:
            for key, _ in selector.select(30):
                status, body = key.data.answer()
                now = time.perf_counter()
                assert status < 400, body.decode(errors="replace")
                times.append(now - sent.pop(key.data))
                if now - start < seconds:
                    send(key.data)
        return times, time.perf_counter() - start


def _cycle(requests: list[bytes]) -> Iterator[bytes]:
    while True:
        yield from requests


def _patches() -> Iterator[bytes]:
    number = 0
    while True:
        number += 1
        change = {"data": {"key-0": str(number)}}
        yield request("PATCH", f"{MAPS}/map-{number % OBJECTS:03}", change, MERGE)


def _names(connection: Connection, path: str) -> list[str]:
    return [item["metadata"]["name"] for item in connection.call("GET", path)["items"]]

"""How many requests the API answers, and how soon events reach many watchers.

The client shares the machine with the server: the figures are what both together reach. The
server's own cost is told beside them.
"""

from __future__ import annotations

import selectors
import threading
import time
from collections.abc import Iterator

from tests.bench import processes
from tests.bench.apiclient import Connection, request
from tests.bench.objects import configmap
from tests.bench.report import Row, middle, told
from tests.support.cluster import Cluster

CLIENTS = 8
OBJECTS = 500
SECONDS = 3.0
WATCHERS = 100
EVENTS = 60
MAPS = "/api/v1/namespaces/default/configmaps"
MERGE = "application/merge-patch+json"


def load(cluster: Cluster) -> list[Row]:
    """Eight clients that each ask again as soon as they are answered."""
    connections = [Connection(cluster.home) for _ in range(CLIENTS)]
    master = processes.daemons(cluster)["master"]
    for number in range(OBJECTS):
        connections[0].call("POST", MAPS, configmap(f"map-{number:03}"))
    gets = [request("GET", f"{MAPS}/map-{number:03}") for number in range(OBJECTS)]
    runs = (
        ("GET", 10_000, _cycle(gets)),
        ("POST", 3_000, (request("POST", MAPS, configmap(f"new-{n}")) for n in range(1 << 30))),
        ("PATCH", 2_500, _patches()),
        (f"LIST of {OBJECTS}", 500, _cycle([request("GET", f"{MAPS}?labelSelector=app%3Dbench")])),
    )
    rows = []
    for name, wanted, requests in runs:
        if name.startswith("LIST"):
            _remove(connections[0], "new-")
        before = processes.processor(master)
        count, passed = _drive(connections, requests)
        cost = (processes.processor(master) - before) / count
        told(f"{name}: {cost * 1e6:.0f} us of the server's processor a request")
        rows.append(
            Row(f"API, {CLIENTS} clients, {name}", count / passed, "/s", wanted, at_least=True)
        )
    _remove(connections[0], "map-")
    for connection in connections:
        connection.close()
    return rows


def _drive(connections: list[Connection], requests: Iterator[bytes]) -> tuple[int, float]:
    """Keep one request under way on each connection; how many were answered, in what time."""
    count = 0
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send(next(requests))
        start = time.perf_counter()
        while time.perf_counter() - start < SECONDS:
            for key, _ in selector.select(1):
                status, body = key.data.answer()
                assert status < 400, body.decode(errors="replace")
                count += 1
                key.data.send(next(requests))
        passed = time.perf_counter() - start
        for connection in connections:
            connection.answer()
    return count, passed


def watchers(cluster: Cluster) -> list[Row]:
    """One write a time, seen by a hundred watchers of the same kind."""
    writer = Connection(cluster.home)
    writer.call("POST", MAPS, configmap("watched"))
    revision = writer.call("GET", f"{MAPS}?limit=1")["metadata"]["resourceVersion"]
    watching = [Connection(cluster.home) for _ in range(WATCHERS)]
    delays: list[float] = []
    sent = [0.0]
    arrived = threading.Semaphore(0)
    stop = threading.Event()

    def read() -> None:
        with selectors.DefaultSelector() as selector:
            for connection in watching:
                selector.register(connection.socket, selectors.EVENT_READ, connection)
            while not stop.is_set():
                for key, _ in selector.select(0.2):
                    data = key.data.lines()
                    if b'"MODIFIED"' in data:
                        delays.append(time.perf_counter() - sent[0])
                        arrived.release()

    for connection in watching:
        connection.send(request("GET", f"{MAPS}?watch=1&resourceVersion={revision}"))
    reader = threading.Thread(target=read)
    reader.start()
    for number in range(EVENTS):
        sent[0] = time.perf_counter()
        writer.call("PATCH", f"{MAPS}/watched", {"data": {"turn": str(number)}}, MERGE)
        for _ in watching:
            assert arrived.acquire(timeout=30), "an event did not arrive"
        time.sleep(0.02)
    stop.set()
    reader.join()
    writer.call("DELETE", f"{MAPS}/watched")
    for connection in (writer, *watching):
        connection.close()
    late = sorted(delays)[int(len(delays) * 0.99)]
    return [
        Row(f"write to event, {WATCHERS} watchers, median", middle(delays), "ms", 0.003),
        Row(f"write to event, {WATCHERS} watchers, 99 of 100", late, "ms", 0.006),
    ]


def _cycle(requests: list[bytes]) -> Iterator[bytes]:
    while True:
        yield from requests


def _patches() -> Iterator[bytes]:
    number = 0
    while True:
        number += 1
        change = {"data": {"key-0": str(number)}}
        yield request("PATCH", f"{MAPS}/map-{number % OBJECTS:03}", change, MERGE)


def _remove(connection: Connection, prefix: str) -> None:
    for item in connection.call("GET", MAPS)["items"]:
        if item["metadata"]["name"].startswith(prefix):
            connection.call("DELETE", f"{MAPS}/{item['metadata']['name']}")

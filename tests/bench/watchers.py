"""How soon a write reaches those who watch."""

from __future__ import annotations

import selectors
import threading
import time

from tests.bench.apiclient import MAPS, MERGE, Connection, request
from tests.bench.objects import configmap
from tests.bench.report import Row, middle, spread, told
from tests.support.cluster import Cluster

FEW, MANY = 100, 1_000
EVENTS = 60


def watchers(cluster: Cluster) -> list[Row]:
    """One write a time, seen by a hundred and by a thousand watchers of the same kind."""
    few, many = _delays(cluster, FEW), _delays(cluster, MANY)
    late = sorted(moment for event in few for moment in event)
    last = [max(event) for event in many]
    told(f"last of {MANY} watchers {spread(last)}")
    return [
        Row(f"write to event, {FEW} watchers, median", middle(late), "ms", 0.003),
        Row(f"write to event, {FEW} watchers, 99 of 100", late[int(len(late) * 0.99)], "ms", 0.006),
        Row(f"write to event, last of {MANY} watchers", middle(last), "ms", 0.1),
    ]


def _delays(cluster: Cluster, count: int) -> list[list[float]]:
    """Of each of EVENTS writes: after how many seconds each watcher saw it."""
    writer = Connection(cluster.home)
    writer.call("POST", MAPS, configmap("watched"))
    revision = writer.call("GET", f"{MAPS}?limit=1")["metadata"]["resourceVersion"]
    watching = [Connection(cluster.home) for _ in range(count)]
    delays: list[list[float]] = []
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
                        delays[-1].append(time.perf_counter() - sent[0])
                        arrived.release()

    for connection in watching:
        connection.send(request("GET", f"{MAPS}?watch=1&resourceVersion={revision}"))
    reader = threading.Thread(target=read)
    reader.start()
    for number in range(EVENTS):
        delays.append([])
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
    return delays

"""One pod from create to Running and from delete to gone, beside the same containers without mk8s.

What is compared is measured in turns, so that a slow moment of the machine hits all of it.
"""

from __future__ import annotations

import time

from tests.bench.apiclient import PODS, Connection, Watch, is_gone, is_running
from tests.bench.engineevents import Events
from tests.bench.objects import COMMAND, IMAGE, pod
from tests.bench.report import Row, middle, spread, told
from tests.support.cluster import Cluster

PAUSE = "mk8s/pause:1.1"
TURNS = 17
GRACE = 2
"""Seconds; the least that a container gets between its signal and its end."""


def pods(cluster: Cluster) -> list[Row]:
    """A pod from create to Running and from delete to gone, beside the same two containers."""
    connection = Connection(cluster.home)
    ours, ends, ended, typed, removed, called = ([] for _ in range(6))
    with Watch(cluster.home, PODS) as watch, Events(cluster) as events:
        for turn in range(TURNS):
            name = f"bench-{turn}"
            start = time.perf_counter()
            connection.call("POST", PODS, pod(name))
            ours.append(watch.until(is_running(name), start))
            grace = 0 if turn % 4 else GRACE
            start = time.perf_counter()
            connection.call("DELETE", f"{PODS}/{name}?gracePeriodSeconds={grace}")
            passed = watch.until(is_gone(name), start)
            if grace:
                ends.append(passed)
            else:
                # The API forgets such a pod at once; its containers are what takes time.
                last = max(events.time_of("destroy", name, one) for one in ("main", "POD"))
                ended.append(last - start)
            run, gone = _plain_typed(cluster, f"plain-{turn}")
            typed.append(run)
            removed.append(gone)
            called.append(_plain_called(cluster, f"called-{turn}"))
    connection.close()
    # the first of each pays for what is loaded once
    running, typed, called = ours[1:], typed[1:], called[1:]
    told(f"create to Running {spread(running)}")
    told(f"delete to gone {spread(ends)}, at once {spread(ended)}")
    told(f"docker run pair {spread(typed)}; the same by the engine's API {spread(called)}")
    told(f"docker rm -f of the pair {spread(removed)}")
    return [
        Row("pod create to Running", middle(running), "ms", 0.75, middle(typed), "docker run pair",
            of_ratio=True),
        Row("  the same, engine's API", middle(running), "ms", None, middle(called), "engine API"),
        Row("  the same, least of each", min(running), "ms", 0.75, min(typed), "docker run pair",
            of_ratio=True),
        Row("pod delete (grace 0) to all removed", middle(ended), "ms", 1.1, middle(removed),
            "docker rm -f", of_ratio=True),
        Row("  the same, least of each", min(ended), "ms", 1.1, min(removed), "docker rm -f",
            of_ratio=True),
        Row(f"pod delete (grace {GRACE}) to gone", middle(ends), "s", 1.3, GRACE, "grace",
            of_ratio=True),
    ]  # fmt: skip


def _plain_typed(cluster: Cluster, name: str) -> tuple[float, float]:
    """Seconds to run the pair, and to remove it."""
    run = cluster.engine.run
    start = time.perf_counter()
    run("run", "-d", "--name", name, "--network", "none", PAUSE)
    run("run", "-d", "--name", f"{name}-app", "--network", f"container:{name}", IMAGE, *COMMAND)
    made = time.perf_counter()
    run("rm", "-f", f"{name}-app", name)
    return made - start, time.perf_counter() - made


def _plain_called(cluster: Cluster, name: str) -> float:
    start = time.perf_counter()
    alone = {"Image": PAUSE, "HostConfig": {"NetworkMode": "none"}}
    _engine(cluster, "POST", f"/containers/create?name={name}", alone)
    _engine(cluster, "POST", f"/containers/{name}/start")
    joined = {
        "Image": IMAGE,
        "Cmd": list(COMMAND),
        "HostConfig": {"NetworkMode": f"container:{name}"},
    }
    _engine(cluster, "POST", f"/containers/create?name={name}-app", joined)
    _engine(cluster, "POST", f"/containers/{name}-app/start")
    passed = time.perf_counter() - start
    for one in (f"{name}-app", name):
        _engine(cluster, "DELETE", f"/containers/{one}?force=1")
    return passed


def _engine(cluster: Cluster, method: str, path: str, body: object = None) -> None:
    status, content = cluster.engine.api(method, path, body)
    assert status < 300, f"{method} {path}: {content.decode()}"

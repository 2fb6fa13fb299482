"""One pod from create to Running and from delete to gone, beside the same containers without mk8s.

What is compared is measured in turns, so that a slow moment of the machine hits all of it.
"""

from __future__ import annotations

import time

from tests.bench.apiclient import PODS, Connection, Watch, is_gone, is_running
from tests.bench.objects import COMMAND, IMAGE, pod
from tests.bench.report import Row, middle, spread, told
from tests.support.cluster import Cluster

PAUSE = "mk8s/pause:1.0"
TURNS = 13


def pods(cluster: Cluster) -> list[Row]:
    """A pod from create to Running and from delete to gone, beside the same two containers."""
    connection = Connection(cluster.home)
    ours, ends, typed, called = ([] for _ in range(4))
    with Watch(cluster.home, PODS) as watch:
        for turn in range(TURNS):
            name = f"bench-{turn}"
            start = time.perf_counter()
            connection.call("POST", PODS, pod(name))
            ours.append(watch.until(is_running(name), start))
            start = time.perf_counter()
            connection.call("DELETE", f"{PODS}/{name}?gracePeriodSeconds=1")
            ends.append(watch.until(is_gone(name), start))
            typed.append(_plain_typed(cluster, f"plain-{turn}"))
            called.append(_plain_called(cluster, f"called-{turn}"))
    connection.close()
    # the first of each pays for what is loaded once
    running, typed, called = ours[1:], typed[1:], called[1:]
    told(f"create to Running {spread(running)}; delete to gone {spread(ends)}")
    told(f"docker run pair {spread(typed)}; the same by the engine's API {spread(called)}")
    return [
        Row("pod create to Running", middle(running), "ms", 1.2, middle(typed), "docker run pair",
            of_ratio=True),
        Row("  the same, engine's API", middle(running), "ms", None, middle(called), "engine API"),
        Row("  the same, least of each", min(running), "ms", None, min(typed), "docker run pair"),
        Row("pod delete (grace 1) to gone", middle(ends), "s", 1.3, 1.0, "grace"),
    ]  # fmt: skip


def _plain_typed(cluster: Cluster, name: str) -> float:
    run = cluster.engine.run
    start = time.perf_counter()
    run("run", "-d", "--name", name, PAUSE)
    run("run", "-d", "--name", f"{name}-app", "--network", f"container:{name}", IMAGE, *COMMAND)
    passed = time.perf_counter() - start
    run("rm", "-f", f"{name}-app", name)
    return passed


def _plain_called(cluster: Cluster, name: str) -> float:
    start = time.perf_counter()
    _engine(cluster, "POST", f"/containers/create?name={name}", {"Image": PAUSE})
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

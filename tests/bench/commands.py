"""How long the user waits for a command, beside kubectl and beside Python's own start."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial

from tests.bench.objects import configmap, waiting_pod
from tests.bench.report import Row, middle, spread, told
from tests.support.cluster import Cluster, Result

TURNS = 15
MANY_PODS = 500
MANY_OBJECTS = 100
_NAMESPACE = "bench-commands"


def commands(cluster: Cluster) -> list[Row]:
    """The help, tables, and files of many objects; both clients in turns."""
    cluster.kubectl("create", "namespace", _NAMESPACE).ok()
    try:
        start = _times(partial(cluster.run, [sys.executable, "-c", "pass"]), TURNS)
        usage = _times(partial(cluster.mk8s, "--help"), TURNS)
        told(f"mk8s --help {spread(usage)}; python -c pass {spread(start)}")
        few = _both(cluster, "get pods", TURNS, "get", "pods", "-n", _NAMESPACE)
        pods = [waiting_pod(f"waiting-{number:03}") for number in range(MANY_PODS)]
        cluster.kubectl("create", "-n", _NAMESPACE, "-f", "-", input=_listed(pods)).ok()
        many = _both(cluster, f"get {MANY_PODS} pods", TURNS, "get", "pods", "-n", _NAMESPACE)
        return [
            Row("mk8s --help", middle(usage), "ms", 0.08, middle(start), "python -c pass"),
            Row("mk8s get pods", middle(few[0]), "ms", 0.15, middle(few[1]), "kubectl"),
            Row(f"the same, {MANY_PODS}", middle(many[0]), "ms", 0.25, middle(many[1]), "kubectl"),
            *_applied(cluster),
        ]
    finally:
        cluster.kubectl("delete", "namespace", _NAMESPACE, "--wait=false").ok()


def _applied(cluster: Cluster) -> list[Row]:
    """Objects that are new, then the same ones, of which none has changed."""
    taken: dict[str, dict[str, list[float]]] = {"new": {}, "unchanged": {}}
    for turn in range(3):
        for client in ("mk8s", "kubectl"):
            maps = [configmap(f"{client}-{turn}-{number:03}") for number in range(MANY_OBJECTS)]
            for state, times in taken.items():
                apply = partial(cluster.client(client), "apply", "-n", _NAMESPACE, "-f", "-")
                done = apply(input=_listed(maps))
                wanted = "created" if state == "new" else "unchanged"
                assert done.ok().count(wanted) == MANY_OBJECTS, done.out
                times.setdefault(client, []).append(done.seconds)
    rows = []
    for state, times in taken.items():
        told(f"apply, {state}: mk8s {spread(times['mk8s'])}; kubectl {spread(times['kubectl'])}")
        ours, theirs = middle(times["mk8s"]), middle(times["kubectl"])
        title = f"mk8s apply of {MANY_OBJECTS} objects, {state}"
        rows.append(Row(title, ours, "ms", 1.0, theirs, "kubectl"))
    return rows


def _both(
    cluster: Cluster, title: str, turns: int, *arguments: str
) -> tuple[list[float], list[float]]:
    ours, theirs = [], []
    for _ in range(turns):
        ours += _times(partial(cluster.mk8s, *arguments), 1)
        theirs += _times(partial(cluster.kubectl, *arguments), 1)
    told(f"{title}: mk8s {spread(ours)}; kubectl {spread(theirs)}")
    return ours[1:], theirs[1:]


def _times(run: Callable[[], Result], turns: int) -> list[float]:
    found = []
    for _ in range(turns):
        done = run()
        done.ok()
        found.append(done.seconds)
    return found


def _listed(objects: list[dict[str, object]]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})

"""Makes what a cluster shows the same each time: what chance or the clock chose is replaced. Pure.

Names and addresses get stand-ins in the order in which they are met, rows are sorted by them again,
and columns fit them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from minikube8s.cli.output import tables
from minikube8s.cli.tutoring.world import World

Object = dict[str, Any]

_SUFFIXES = [
    f"{first}{rest}" for first in "2456789bcdfghjklmnpqrstvwxz" for rest in ("hqlw", "m9zt", "xk9p")
]
_CLUSTER_ADDRESSES = [f"10.{n}.{228 - n}.{48 + n % 7}" for n in range(99, 112)]
_NODE_PORTS = [str(port) for port in range(32453, 30000, -391)]
_POD = re.compile(r"(?<=replicaset-nginx-)[a-z0-9]{5}\b|(?<=-[a-z0-9]{10}-)[a-z0-9]{5}\b")
_CLOCK = (
    (re.compile(r"\[\d\d/\w{3}/\d{4}:[\d:]{8} [+-]\d{4}\]"), "[18/Jan/2022:09:30:00 +0000]"),
    (re.compile(r"curl/[\d.]+"), "curl/8.5.0"),
)
_AGE = "12s"


class Steady:
    """Remembers what stands for what, from one text to the next."""

    def __init__(self) -> None:
        self._pods = _StandIns(_SUFFIXES)
        self._addresses = _StandIns([f"10.244.0.{n}" for n in range(2, 250)])
        self._holders: dict[str, str] = {}
        """Which pod (uid) has an address now: pods get those of earlier ones again."""
        self._cluster = _StandIns(_CLUSTER_ADDRESSES)
        self._ports = _StandIns(_NODE_PORTS)

    def learn(self, world: World) -> World:
        """Give what is new in the world its stand-ins; returns it in the stand-ins' order."""
        pods = tuple(sorted(world.pods, key=lambda pod: self.line(pod["metadata"]["name"])))
        for pod in pods:
            if address := pod["status"].get("podIP"):
                self._holders[address] = pod["metadata"]["uid"]
                self._addresses(pod["metadata"]["uid"])
        services = tuple(s for s in world.services if s["metadata"]["name"] != "kubernetes")
        return world._replace(pods=pods, services=services)

    def drawn(self, world: World) -> World:
        """The world with the stand-ins in place of what they stand for."""
        return World(*(tuple(map(self._object, objects)) for objects in self.learn(world)))

    def line(self, text: str) -> str:
        """The text with every stand-in."""
        text = _POD.sub(lambda match: self._pods(match[0]), text)
        text = re.sub(r"\b10\.244\.0\.(?!1\b)\d+\b", lambda m: self._address(m[0]), text)
        text = re.sub(
            r"\b10\.(?:9[6-9]|10\d|11[01])\.\d+\.\d+\b", lambda m: self._cluster(m[0]), text
        )
        text = re.sub(r"(?<=:)3[0-2]\d{3}\b", lambda m: self._ports(m[0]), text)
        for pattern, standing in _CLOCK:
            text = pattern.sub(standing, text)
        return text

    def output(self, text: str, excerpt: Sequence[str] = ()) -> list[str]:
        """What a command printed: the lines of the excerpt, or all."""
        lines = [self.line(line.rstrip()) for line in text.strip("\n").splitlines()]
        if lines and re.match(r"NAME +[A-Z]", lines[0]):
            lines = _table(lines)
        lines = _sorted(lines)
        if excerpt:
            kept = re.compile("|".join(excerpt))
            lines = [*(line for line in lines if kept.search(line)), "..."]
        return lines

    def conversation(self, text: str, typed: Sequence[str]) -> list[str]:
        """What was seen at a terminal, from the first line that was typed on."""
        lines = [line.rstrip() for line in text.splitlines()]
        first = next(n for n, line in enumerate(lines) if line.endswith(f"# {typed[0]}"))
        said = [line for line in lines[first:] if line and not line.endswith(":/#")]
        return [self.line(line) for line in said]

    def _address(self, real: str) -> str:
        return self._addresses(self._holders.get(real, real))

    def _object(self, obj: Object) -> Object:
        metadata = {**obj["metadata"], "name": self.line(obj["metadata"]["name"])}
        spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
        if status.get("podIP"):
            status["podIP"] = self.line(status["podIP"])
        if spec.get("clusterIP"):
            spec["clusterIP"] = self.line(spec["clusterIP"])
        spec["ports"] = [
            {**port, "nodePort": int(self.line(f":{port['nodePort']}")[1:])}
            if port.get("nodePort") else port
            for port in spec.get("ports") or []
        ]  # fmt: skip
        return {**obj, "metadata": metadata, "spec": spec, "status": status}


class _StandIns:
    """What stands for which of the things of one sort."""

    def __init__(self, all_of_them: Iterable[str]) -> None:
        self._left = iter(all_of_them)
        self._known: dict[str, str] = {}

    def __call__(self, real: str) -> str:
        if real not in self._known:
            self._known[real] = next(self._left)
        return self._known[real]


def _table(lines: Sequence[str]) -> list[str]:
    headers = re.split(r" {2,}", lines[0])
    rows = [re.split(r" {2,}", line) for line in lines[1:]]
    # only one column of these tables is ever empty
    rows = [row if len(row) == len(headers) else [row[0], "", *row[1:]] for row in rows]
    if "AGE" in headers:
        for row in rows:
            row[headers.index("AGE")] = _AGE
    return tables.render(headers, rows).splitlines()


def _sorted(lines: Sequence[str]) -> list[str]:
    """Lines about pods next to each other are sorted: their real names were in another order."""
    done: list[str] = []
    run: list[str] = []
    about: Callable[[str], bool] = lambda line: bool(_POD.search(line))  # noqa: E731
    for line in [*lines, ""]:
        if about(line):
            run.append(line)
            continue
        done += [*sorted(run), line]
        run = []
    return done[:-1]

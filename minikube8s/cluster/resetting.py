"""Owns `mk8s reset`: nothing of mk8s stays on this machine, whatever state that is in.

What there is is found by the marks that it bears (labels of containers, aliases of links, names of
tables, command lines of daemons), so a home that is damaged or gone keeps nothing from going.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from minikube8s.cluster import cleaning, homelock, layout, preparing
from minikube8s.cluster.checkup import examining
from minikube8s.cluster.config import Home
from minikube8s.cluster.engine import Engine
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.labnet import LabCall
from minikube8s.cluster.lifecycle import STOP_SECONDS, Say
from minikube8s.cluster.supervising import strays, systemd, units
from minikube8s.cluster.supervising.strays import Stray

# as mk8s_agent.pods.identity writes them
_CLUSTER, _NODE = "io.mk8s.cluster", "io.mk8s.node"
_CONTAINERS = "The pods' containers"
_ANY_NETWORK = "192.0.2.0/24"
"""A lab without nodes is found by its links' marks, whatever network it had."""
_NO_ENGINE = "unix:///dev/null"
"""Nobody waits once more for an engine that says nothing."""


class Node(NamedTuple):
    """Whose containers are here, or whose links and rules; `node` is "" where nothing tells."""

    cluster: str
    node: str = ""


_NOBODY = Node("-", "-")
"""No cluster can be called so."""


class Leftovers(NamedTuple):
    """What of mk8s is on this machine: `units` by name; `unseen` says where nobody could look, and
    `silent` why not into the engine.
    """

    units: tuple[str, ...]
    homes: tuple[Home, ...]
    daemons: tuple[Stray, ...]
    nodes: tuple[Node, ...]
    unseen: tuple[str, ...] = ()
    silent: str = ""

    def __bool__(self) -> bool:
        return bool(self.units or self.homes or self.daemons or self.nodes)

    def told(self) -> list[str]:
        """What there is, a line each."""
        lines = [f"{systemd.UNITS / name}" for name in self.units]
        lines += [f"{stray.what}, process {stray.pid}, of {stray.home}" for stray in self.daemons]
        lines += [
            f"containers of node {one.node} of cluster {one.cluster}"
            if one.node
            else f"links and rules of cluster {one.cluster}"
            for one in self.nodes
        ]
        return lines + [f"certificates, objects, volumes and logs in {x.path}" for x in self.homes]


def find(home: Home, docker_host: str, only: str = "", silent: str = "") -> Leftovers:
    """Look; changes nothing. With ``only`` what is of the cluster of that name.

    An engine that was found ``silent`` before is not asked again.
    """
    unseen: list[str] = []
    found = [one for one in strays.daemons() if _meant(_cluster_run_by(one), only)]
    installed = [(name, mark) for name, mark in systemd.ours() if _is_meant(name, mark, only)]
    places = [stray.home for stray in found] + [mark.home for _, mark in installed]
    homes = [home, *map(Home, places)]
    kept = {one.path: one for one in homes if _is_home(one) and _meant(cluster_of(one), only)}
    nodes: list[Node] = []
    try:
        nodes += [] if silent else _with_containers(docker_host)
    except ClusterError as error:
        silent = f"{error} Containers of mk8s stay there: run `mk8s reset` again when it answers."
    unseen += filter(None, [silent])
    seen = examining.examine()
    if seen.problem:
        unseen.append(f"Links and rules of mk8s cannot be looked for: {seen.problem}.")
    nodes += [Node(cluster) for cluster in seen.clusters]
    meant = dict.fromkeys(node for node in nodes if _meant(node.cluster, only))
    names = tuple(name for name, _ in installed)
    return Leftovers(names, tuple(kept.values()), tuple(found), tuple(meant), tuple(unseen), silent)


def reset(home: Home, docker_host: str, only: str, say: Say) -> list[str]:
    """Remove everything, and look again; returns what stays, in sentences."""
    stays: list[str] = []
    with homelock.exclusive(home):
        there = find(home, docker_host, only)
        # first of all: systemd would start again what ends
        for name in there.units if systemd.runs() else ():
            systemd.stop(name, systemd.SECONDS)
        if systemd.remove(there.units):
            say(f"{', '.join(there.units)} removed")
        for stray in there.daemons:
            if strays.end(stray, STOP_SECONDS):
                say(f"{stray.what} (process {stray.pid}) stopped")
        for one in there.homes:
            # what this leaves is found by its marks below, or keeps the home from going
            cleaning.remove(_usable(one))
        left = find(home, docker_host, only, there.silent)
        engine = _NO_ENGINE if left.silent else docker_host
        stays += _remove(left.nodes, there.homes, engine)
        if there.nodes or there.homes:
            say("containers, links, routes and rules removed")
        for one in there.homes:
            if why := preparing.wipe_home(one):
                stays.append(why)
            else:
                say(f"state in {one.path} removed")
    rest = find(home, docker_host, only, left.silent)
    # of containers the last look tells
    known = [one for one in stays if not one.startswith(_CONTAINERS)]
    found = [*known, *rest.unseen, *(f"Still there: {line}." for line in rest.told())]
    return list(dict.fromkeys(found))


def cluster_of(home: Home) -> str:
    """The name of a home's cluster, from whichever of its files can be read; "" for none."""
    files = (home.settings, home.joined, layout.agent_config(home), home.master / "master.json")
    return next(filter(None, map(layout.cluster_in, files)), "")


def _cluster_run_by(stray: Stray) -> str:
    return layout.cluster_in(stray.config) or cluster_of(Home(stray.home))


def _is_home(home: Home) -> bool:
    """Whether a directory is a cluster's, also one of which half is gone."""
    marks = (
        home.settings,
        home.joined,
        home.simulation,
        home.lab,
        layout.agent_config(home),
        home.master / "master.json",
        home.pki / "ca.crt",
        # what stays of a home that somebody removed while its pods ran
        home.agent / "memory",
        home.agent / "pods",
    )
    # or what agents wrote while it was removed
    written = home.agent.exists() or home.nodes.exists()
    return any(mark.exists() for mark in marks) or (written and preparing.is_ours(home))


def _meant(cluster: str, only: str) -> bool:
    return not only or cluster == only


def _is_meant(name: str, mark: units.Mark, only: str) -> bool:
    """Whether a unit is of a daemon of the cluster of the name ``only``, or of any for ""."""
    if told := cluster_of(Home(mark.home)):
        return _meant(told, only)
    return not only or name in (units.name(only, "master"), units.name(only, "agent"))


def _with_containers(docker_host: str) -> Iterable[Node]:
    wanted = quote(f'{{"label":["{_CLUSTER}","{_NODE}"]}}')
    found = Engine(docker_host).json(f"/containers/json?all=1&filters={wanted}")
    return [Node(one["Labels"][_CLUSTER], one["Labels"][_NODE]) for one in found]


def _usable(home: Home) -> list[Path]:
    """The agents' configurations in a home that can be read."""
    configs = [layout.agent_config(home, node) for node in ("", *layout.lab_nodes(home))]
    return [config for config in configs if layout.cluster_in(config)]


def _remove(nodes: Iterable[Node], homes: Iterable[Home], docker_host: str) -> list[str]:
    """Remove what is left of these, which no home tells of; returns what stays, in sentences."""
    stays: list[str] = []
    with tempfile.TemporaryDirectory(prefix="mk8s-reset-") as folder:
        place = Home(Path(folder))
        for cluster in sorted({node.cluster for node in nodes}):
            place.lab.write_bytes(
                msgspec.json.encode({"cluster": cluster, "subnet": _ANY_NETWORK, "nodes": []})
            )
            try:
                LabCall(place, "remove").wait()
            except ClusterError as error:
                stays.append(str(error))
        config = layout.agent_config(place)
        config.parent.mkdir()
        # one after the other: an agent's program wants to be the only one of its cluster
        for node in nodes:
            config.write_bytes(_configuration(node, config.parent, docker_host))
            stays += cleaning.remove([config])
        # what pods of agents whose configuration is lost have mounted
        for state in (state for home in homes for state in _lost(home)):
            config.write_bytes(_configuration(_NOBODY, state, docker_host, "none"))
            stays += cleaning.remove([config])
    return stays


def _lost(home: Home) -> Iterator[Path]:
    """The states of agents whose configuration cannot be read."""
    for name in ("", *layout.lab_nodes(home)):
        state = layout.node_home(home, name)
        if state.is_dir() and not layout.cluster_in(layout.agent_config(home, name)):
            yield state


def _configuration(node: Node, state: Path, docker_host: str, namespace: str = "") -> bytes:
    """As much of an agent's configuration as removing takes (its fields: mk8s_agent.config).

    With any ``namespace`` links and rules are not looked for.
    """
    told = {"cluster": node.cluster, "node": node.node, "docker_host": docker_host}
    told["network_namespace"] = namespace
    return msgspec.json.encode(told | {"state_dir": str(state), "ca": "", "cert": "", "key": ""})

"""Owns `up`, `down` and `status`: what order things happen in, and what the user is told.

``up`` may be run at any time: it starts what does not run and leaves alone what does.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from minikube8s.cluster import cleaning, homelock, lab, labnet, layout, preparing
from minikube8s.cluster.checkup import preflight
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.supervising import supervision, unitplan
from minikube8s.cluster.supervising.daemons import Daemon, Starting
from minikube8s.cluster.supervising.supervision import Care, begin, stop
from minikube8s.kit import notice

START_SECONDS = 120.0
"""Machines that boot beside others on few processors are slow; what has ended is told at once."""
STOP_SECONDS = 15.0

Say = Callable[[str], None]
WaitReady = Callable[[Home, list[str], float], None]
"""Waits by the API until nodes are Ready, for so many seconds. Raises ClusterError."""
NodeNames = Callable[[Home], list[str]]
"""Asks the API, which runs, for the names of all nodes."""


@dataclass(frozen=True, slots=True)
class Component:
    """One line of ``mk8s status``: ``since`` in Unix seconds, 0 when it does not run.

    ``notice`` is what the daemon has left for whoever asks, "" when it works as it should. ``care``
    is what systemd does for it, None where it has no unit.
    """

    name: str
    pid: int
    since: float
    log: str
    notice: str = ""
    care: Care | None = None


def up(
    home: Home,
    wanted: Callable[[], Settings],
    wait_ready: WaitReady,
    node_names: NodeNames,
    say: Say,
) -> bool:
    """Start what does not run; return when the nodes are Ready. False when all ran already.

    ``wanted`` is asked for the settings when nobody else can change them any more. Raises
    ClusterError, with nothing left running that this call started, when the cluster cannot start,
    or when it runs with other settings.
    """
    preflight.require_root("up")
    with homelock.exclusive(home):
        if home.is_joined():
            raise ClusterError(
                f"{home.path} is that of a node: this machine has joined a cluster, whose nodes "
                "are added where its master runs."
            )
        if home.is_simulated():
            raise ClusterError(
                f"{home.path} is that of a simulated cluster: start it with `mk8s simulate`, or "
                "choose another directory with --home."
            )
        settings = wanted()
        before = home.load() if home.exists() else None
        master, agents = layout.master(home), layout.agents(home, settings)
        daemons = [master, *agents.values()]
        stopped = _stopped(daemons)
        if before is not None and len(stopped) < len(daemons):
            _refuse_changes(home, before, settings)
        first_lab = settings.lab and not (before and before.lab)
        if first_lab and before is not None and master not in stopped:
            _require_alone(agents, node_names(home))
        if stopped or first_lab:
            preflight.check(
                settings,
                new=before is None,
                ports=master in stopped,
                agent=agents[settings.node_name] in stopped,
                lab=first_lab,
            )
        started = time.monotonic()
        if stopped or settings.lab:
            preparing.prepare(home, settings, before)
            say(f"certificates and configuration in {home.path} ({_since(started)})")
        _stop_outdated(settings, daemons[:2] if first_lab else [], agents, say)
        # not before: a lab that is begun when nothing knows of it has to be begun again
        if before is not None and settings != before:
            home.save(settings)
        stopped = _stopped(daemons)
        cut = [agents[node] for node in labnet.cut_nodes(settings)]
        joined = [node for node, agent in agents.items() if agent not in cut]
        supervision.follow(home, lambda: unitplan.wanted(home, settings))
        starting: list[Starting] = []
        try:
            start(stopped, cut, starting, lambda name: say(f"{name} runs ({_since(started)})"))
            wait_ready(home, joined, START_SECONDS)
        except BaseException:
            for one in starting:
                one.cancel(STOP_SECONDS)
            raise
        supervision.at_boot(home, True)
        if stopped:
            say(f"{_those(joined)} Ready ({_since(started)})")
        return bool(stopped)


def start(
    stopped: Sequence[Daemon], cut: Sequence[Daemon], starting: list[Starting], runs: Say
) -> None:
    """Start daemons, all at once: an agent's first dial comes when the master listens, or again.

    Those of ``cut`` are not waited for: they reach no master. What was begun is in ``starting``,
    also when this raises.
    """
    with uninterrupted():
        starting += map(begin, stopped)
    for one in starting:
        if one.daemon in cut:
            one.leave()
        else:
            one.wait(START_SECONDS)
            runs(one.daemon.name)


def _stop_outdated(
    settings: Settings, changed: list[Daemon], agents: Mapping[str, Daemon], say: Say
) -> None:
    """Stop what runs with settings or in a network that are no more; pods keep running."""
    strays = [
        agents[node.name]
        for node in settings.lab_nodes
        if labnet.is_elsewhere(settings, node.name, agents[node.name])
    ]
    for daemon in (*changed, *strays):
        if stop(daemon, STOP_SECONDS):
            say(f"{daemon.name} stopped, to start it anew")


def _stopped(daemons: list[Daemon]) -> list[Daemon]:
    return [daemon for daemon in daemons if daemon.holder() is None]


def _those(names: list[str]) -> str:
    return f"node {names[0]} is" if len(names) == 1 else f"nodes {', '.join(names)} are"


def _since(started: float) -> str:
    return f"{time.monotonic() - started:.2f} s"


def _refuse_changes(home: Home, running: Settings, settings: Settings) -> None:
    """Raise when ``settings`` differ from those that the running daemons have read."""
    growing = {"lab", "lab_nodes"} | (set() if running.lab else {"lab_cidr"})
    for setting in running.__struct_fields__:
        old, new = getattr(running, setting), getattr(settings, setting)
        if old != new and setting not in growing:
            raise ClusterError(
                f"The cluster in {home.path} runs with {setting.replace('_', ' ')} {old or 'unset'}"
                f": stop it with `mk8s down` before you change that to {new or 'unset'}."
            )


def _require_alone(agents: Mapping[str, Daemon], present: list[str]) -> None:
    """Raise where other machines are nodes: they do not reach a lab's, nor the first one in it."""
    others = [name for name in present if name not in agents]
    if others:
        raise ClusterError(
            f"The cluster has nodes on other machines ({', '.join(others)}), which cannot reach "
            f"those of a lab: remove them with `kubectl delete node {' '.join(others)}`, or make "
            "another cluster for the lab with --home."
        )


def down(home: Home, *, purge: bool, say: Say) -> None:
    """Stop the daemons, remove all that they made; with ``purge`` also the cluster's state."""
    preflight.require_root("down")
    if not home.exists():
        if purge:
            supervision.remove(home)
            if home.path.exists():
                preparing.remove_home(home)
        say(f"there is no cluster in {home.path}: nothing to do")
        return
    with homelock.exclusive(home):
        lab_nodes = layout.lab_nodes(home)
        agents = [layout.agent(home, node) for node in ("", *lab_nodes)]
        # the agents first, at once: a master that ends before them would be dialled again
        with ThreadPoolExecutor(len(agents)) as pool:
            for daemon, ran in zip(agents, pool.map(_stop, agents), strict=True):
                if ran:
                    say(f"{daemon.name} stopped")
        if _stop(layout.master(home)):
            say("master stopped")
        supervision.at_boot(home, False)
        # what agents made is found by their configurations, which may be damaged
        with contextlib.suppress(ClusterError):
            layout.write_configuration(home, home.load())
        if cleaning.clean(home, lab_nodes):
            say("containers, links, routes and rules removed")
        if home.lab.exists():
            labnet.LabCall(home, "remove").wait()
            say("the lab's network removed")
        if purge:
            supervision.remove(home)
            preparing.remove_home(home)
            say(f"state in {home.path} removed")


def remove_node(
    home: Home,
    name: str,
    empty: Callable[[str], None],
    forget: Callable[[str], None],
    say: Say,
) -> None:
    """Remove a node of the lab: its agent, its pods' containers, its network, its state.

    ``empty`` moves its pods away first, ``forget`` removes what the API has of it in the end.
    Raises ClusterError, and what these raise; may be run again then.
    """
    preflight.require_root("node remove")
    with homelock.exclusive(home):
        settings = lab.without_node(home.load(), name)
        if layout.master(home).holder() is None:
            raise ClusterError(
                "The cluster does not run, so the Node cannot be deleted: start it with `mk8s up`."
            )
        empty(name)
        _stop(layout.agent(home, name))
        supervision.remove_one(layout.agent(home, name))
        cleaning.clean_node(home, name)
        say(f"containers of {name} removed")
        forget(name)
        home.save(settings)
        layout.write_configuration(home, settings)
        labnet.LabCall(home, "apply").wait()
        preparing.remove_node_home(home, name)
        say(f"{name}, its network and its state are gone")


def _stop(daemon: Daemon) -> bool:
    return stop(daemon, STOP_SECONDS)


def status(home: Home) -> list[Component]:
    """What runs of the cluster in ``home``. Raises ClusterError when there is none."""
    settings = home.load()
    return [component(layout.master(home)), *map(component, layout.agents(home, settings).values())]


def component(daemon: Daemon) -> Component:
    """What a daemon's line says."""
    holder = daemon.holder()
    return Component(
        daemon.name,
        holder.pid if holder else 0,
        holder.since if holder else 0.0,
        str(daemon.log),
        notice.read(daemon.pid_file.parent),
        supervision.care(daemon),
    )


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Ctrl-C takes effect at the end: between a process' start and its record it would be lost."""
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


def refresh(home: Home, say: Say) -> None:
    """Make anew what daemons need and what another address of this machine changes.

    For who has the home, before daemons start without `up`. Raises ClusterError.
    """
    settings = home.load()
    preparing.prepare(home, settings, settings)
    say(f"certificates and configuration in {home.path}")

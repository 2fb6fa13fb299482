"""Owns `mk8s install` and `uninstall`: systemd runs a home's daemons, or no longer does.

Both take daemons over that run, one after the other; pods keep running. Both may be repeated.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from minikube8s.cluster import homelock, labnet, layout, lifecycle
from minikube8s.cluster.checkup import preflight
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.lifecycle import STOP_SECONDS, Say
from minikube8s.cluster.membership import joined
from minikube8s.cluster.supervising import supervision, systemd, unitplan
from minikube8s.cluster.supervising.daemons import Daemon, Starting
from minikube8s.cluster.supervising.supervision import stop


def install(home: Home, say: Say) -> bool:
    """Have systemd run the daemons, also after every boot. False where it does so already.

    Raises ClusterError.
    """
    preflight.require_root("install")
    _require_systemd()
    with homelock.exclusive(home):
        settings = _settings(home)
        daemons = _daemons(home, settings)
        running = [daemon for daemon in daemons if daemon.holder() is not None]
        by_hand = bool(running) and not any(map(_has, running))
        moved: list[Daemon] = []
        try:
            changed = systemd.write(unitplan.wanted(home, settings))
            for name in changed:
                say(f"{systemd.UNITS / name} written")
            # before anything ends: a machine that loses its power now has them after its boot
            missing = [name for name in map(_unit, running) if not systemd.is_enabled(name)]
            systemd.enable(missing)
            moved += [one for one in running if _unit(one) in changed or not _has(one)]
            for daemon in reversed(moved):
                stop(daemon, STOP_SECONDS)
            _start(home, settings, moved, say)
        except BaseException:
            if by_hand:
                supervision.remove(home)
            _start_again(home, settings, moved)
            raise
        for daemon in daemons:
            if daemon not in running:
                say(f"{daemon.name} does not run: `mk8s up` starts it, then and after every boot")
        return bool(changed or moved or missing)


def uninstall(home: Home, say: Say) -> bool:
    """Have systemd run the daemons no longer; what runs goes on. False where it does not.

    Raises ClusterError.
    """
    preflight.require_root("uninstall")
    with homelock.exclusive(home):
        names = systemd.units_of(home.path)
        if not names:
            return False
        settings = _settings(home) if home.used() else None
        daemons = _daemons(home, settings) if settings else []
        running = [daemon for daemon in daemons if daemon.holder() is not None]
        try:
            for daemon in reversed(running):
                stop(daemon, STOP_SECONDS)
            supervision.remove(home)
            for name in names:
                say(f"{systemd.UNITS / name} removed")
            if settings:
                _start(home, settings, running, say)
        except BaseException:
            if settings:
                _start_again(home, settings, running)
            raise
        return True


def _require_systemd() -> None:
    if not systemd.runs():
        raise ClusterError(
            "systemd is not this machine's first process, so there is nothing to install the "
            "daemons into: `mk8s up` starts them without it."
        )


def _settings(home: Home) -> Settings:
    if home.is_simulated():
        raise ClusterError(
            f"The cluster in {home.path} is simulated: it is started with `mk8s simulate` and not "
            "by systemd."
        )
    known = joined.load(home) if home.is_joined() else None
    return joined.settings(known) if known else home.load()


def _daemons(home: Home, settings: Settings) -> list[Daemon]:
    agents = layout.agents(home, settings).values()
    return [*agents] if home.is_joined() else [layout.master(home), *agents]


def _unit(daemon: Daemon) -> str:
    return systemd.unit_of(daemon.pid_file)


def _has(daemon: Daemon) -> bool:
    """Whether it is systemd that runs a daemon that runs, and not who ran `mk8s up`."""
    found = supervision.care(daemon)
    return found is not None and found.runs


def _start(home: Home, settings: Settings, daemons: Sequence[Daemon], say: Say) -> None:
    away = [daemon for daemon in _away(home, settings) if daemon in daemons]
    starting: list[Starting] = []
    try:
        lifecycle.start(daemons, away, starting, lambda name: say(f"{name} runs"))
    except BaseException:
        for one in starting:
            one.cancel(STOP_SECONDS)
        raise
    for daemon in away:
        say(f"{daemon.name} asks for its master, which cannot be reached now")


def _away(home: Home, settings: Settings) -> list[Daemon]:
    """Agents that reach no master, as little as they did before."""
    agents = layout.agents(home, settings)
    if not home.is_joined():
        return [agents[node] for node in labnet.cut_nodes(settings)]
    known = joined.load(home)
    try:
        if known:
            joined.require_agent_port(known)
    except ClusterError:
        return [*agents.values()]
    return []


def _start_again(home: Home, settings: Settings, daemons: Sequence[Daemon]) -> None:
    """Have daemons run, after a failure or Ctrl-C: through systemd where they still have units."""
    with contextlib.suppress(ClusterError):
        # one that has been told to end would not be there to be left alone
        for daemon in reversed(daemons):
            stop(daemon, STOP_SECONDS)
        _start(home, settings, daemons, lambda _: None)

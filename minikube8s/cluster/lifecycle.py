"""Owns `up`, `down` and `status`: what order things happen in, and what the user is told.

``up`` may be run at any time: it starts what does not run and leaves alone what does.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from minikube8s.cluster import kubeconfig, layout, preflight
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.daemons import Daemon, Starting, stop
from minikube8s.cluster.errors import ClusterError

START_SECONDS = 30.0
STOP_SECONDS = 15.0
CLEAN_SECONDS = 120.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Component:
    """One line of ``mk8s status``: ``since`` in Unix seconds, 0 when it does not run."""

    name: str
    pid: int
    since: float
    log: str


def up(home: Home, settings: Settings, wait_ready: Callable[[Home, float], None], say: Say) -> bool:
    """Start what does not run; return when the node is Ready. False when all ran already.

    ``wait_ready`` waits for the node by the API. Raises ClusterError, with nothing left running
    that this call started, when the cluster cannot start, or when it runs with other settings.
    """
    preflight.require_root("up")
    with _exclusive(home):
        master, agent = layout.master(home), layout.agent(home)
        stopped = [daemon for daemon in (master, agent) if daemon.holder() is None]
        if len(stopped) < 2:
            _refuse_changes(home, settings)
        if not stopped:
            wait_ready(home, START_SECONDS)
            return False
        preflight.check(
            settings, new=not home.exists(), ports=master in stopped, agent=agent in stopped
        )
        started = time.monotonic()
        home.save(settings)
        _ensure_certificates(home, settings)
        layout.write_configuration(home, settings)
        kubeconfig.write(home.kubeconfig, kubeconfig.build(home, settings))
        say(f"certificates and configuration in {home.path} ({time.monotonic() - started:.2f} s)")
        starting: list[Starting] = []
        try:
            # both at once: the agent's first dial comes when the master listens, or is repeated
            with _uninterrupted():
                starting += map(Starting, stopped)
            for start in starting:
                start.wait(START_SECONDS)
                say(f"{start.daemon.name} runs ({time.monotonic() - started:.2f} s)")
            wait_ready(home, START_SECONDS)
        except BaseException:
            for start in starting:
                start.cancel(STOP_SECONDS)
            raise
        say(f"node {settings.node_name} is Ready ({time.monotonic() - started:.2f} s)")
        return True


def _refuse_changes(home: Home, settings: Settings) -> None:
    """Raise when ``settings`` differ from those that the running daemons have read."""
    running = home.load()
    for setting in running.__struct_fields__:
        old, new = getattr(running, setting), getattr(settings, setting)
        if old != new:
            raise ClusterError(
                f"The cluster in {home.path} runs with {setting.replace('_', ' ')} {old}: stop it "
                f"with `mk8s down` before you change that to {new}."
            )


def down(home: Home, *, purge: bool, say: Say) -> None:
    """Stop the daemons, remove all that they made; with ``purge`` also the cluster's state."""
    preflight.require_root("down")
    if not home.exists():
        if purge and home.path.exists():
            _remove(home)
        say(f"there is no cluster in {home.path}: nothing to do")
        return
    with _exclusive(home):
        for daemon in (layout.agent(home), layout.master(home)):
            if stop(daemon, STOP_SECONDS):
                say(f"{daemon.name} stopped")
        _clean(home, say)
        if purge:
            _remove(home)
            say(f"state in {home.path} removed")


def status(home: Home) -> list[Component]:
    """What runs of the cluster in ``home``. Raises ClusterError when there is none."""
    home.load()

    def component(daemon: Daemon) -> Component:
        holder = daemon.holder()
        return Component(
            daemon.name,
            holder.pid if holder else 0,
            holder.since if holder else 0.0,
            str(daemon.log),
        )

    return [component(layout.master(home)), component(layout.agent(home))]


def _ensure_certificates(home: Home, settings: Settings) -> None:
    from minikube8s.cluster import trust  # noqa: PLC0415 - slow; `down` and `status` need none

    trust.ensure_certificates(home, settings)


def _clean(home: Home, say: Say) -> None:
    """Let the agent's own program remove containers, rules, links and routes."""
    command = [
        sys.executable, "-m", "mk8s_agent",
        "--config", str(layout.agent_config(home)), "--remove-everything",
    ]  # fmt: skip
    if not layout.agent_config(home).exists():
        return
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=CLEAN_SECONDS, check=False, cwd="/"
        )
    except subprocess.TimeoutExpired:
        raise ClusterError(
            f"Removing the pods took longer than {CLEAN_SECONDS:.0f} s: see whether the Docker "
            "engine answers (`docker ps`), then run `mk8s down` again."
        ) from None
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["it did not say why"]
        raise ClusterError(f"Not everything could be removed: {lines[-1]}")
    say("containers, links, routes and rules removed")


def _remove(home: Home) -> None:
    if home.path.is_symlink() or not _ours(home):
        raise ClusterError(
            f"{home.path} holds files that are not a cluster's, so it was not removed."
        )
    for entry in home.path.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    # a directory that is a mount point stays, empty
    with contextlib.suppress(OSError):
        home.path.rmdir()


def _ours(home: Home) -> bool:
    known = {"settings.json", "pki", "admin.kubeconfig", "logs", "master", "agent", "up.lock"}
    return {entry.name for entry in home.path.iterdir()} <= known


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C takes effect at the end: between a process' start and its record it would be lost."""
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


@contextlib.contextmanager
def _exclusive(home: Home) -> Iterator[None]:
    """One `up` or `down` of a home at a time; a second waits for the first.

    A home in which no cluster came about is left as it was found.
    """
    try:
        home.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        opened = home.lock.open("w")
    except OSError as error:
        raise ClusterError(
            f"{home.path} cannot be the cluster's directory ({error.strerror}): choose another "
            "with --home or MK8S_HOME."
        ) from None
    with opened as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            if home.path.exists() and not home.exists():
                home.lock.unlink(missing_ok=True)
                with contextlib.suppress(OSError):
                    home.path.rmdir()

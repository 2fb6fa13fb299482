"""Owns what a cluster needs before its daemons start, and how it goes again.

Settings, configuration, certificates, the lab's network: what could not be made is taken back.
"""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from minikube8s.cluster import kubeconfig, labnet, layout
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.errors import ClusterError

_ESCAPED = str.maketrans({"\\": r"\134", " ": r"\040", "\t": r"\011", "\n": r"\012"})
"""As proc_pid_mountinfo(5) writes places."""


def prepare(home: Home, settings: Settings, before: Settings | None) -> None:
    """Make everything, or repair it. Raises ClusterError, with the home as it was ``before``.

    The settings of a cluster that is there already are the caller's to save.
    """
    had_state = home.pki.exists()
    if before is None:
        home.save(settings)
    try:
        layout.write_configuration(home, settings)
        # beside each other: either takes about as long as an interpreter's start
        network = labnet.LabCall(home, "apply") if settings.lab else None
        try:
            _ensure_certificates(home, settings)
        finally:
            if network is not None:
                network.wait()
        kubeconfig.write(home.kubeconfig, kubeconfig.renewed(home, settings))
    except BaseException:
        _take_back(home, settings, before, had_state=had_state)
        raise


def remove_home(home: Home) -> None:
    """Remove a home and all that is in it. Raises ClusterError when it is no cluster's.

    What says whose it is goes last, so that one that was cut off is found and removed again.
    """
    if home.path.is_symlink() or not is_ours(home):
        raise ClusterError(
            f"{home.path} holds files that are not a cluster's, so it was not removed."
        )
    last = [home.settings, home.joined, home.simulation, home.lock]
    there = list(home.path.iterdir())
    for entry in [one for one in there if one not in last] + [one for one in last if one in there]:
        _remove(entry)
    # a directory that is a mount point stays, empty
    with contextlib.suppress(OSError):
        home.path.rmdir()


def wipe_home(home: Home) -> str:
    """Remove what is a cluster's in a home, however damaged; returns what stays, and why.

    Nothing goes below which something is mounted: it could be a directory of the machine's own.
    """
    below = _mounts_below(home.path)
    if home.path.is_symlink() or below:
        what = f"{below[0]} is mounted below it: `umount {below[0]}`" if below else "it is a link"
        return f"{home.path} stays, because {what}."
    known = {place.name for place in _known(home)}
    try:
        for entry in list(home.path.iterdir()):
            if entry.name.removesuffix(".new") in known:
                _remove(entry)
        rest = sorted(entry.name for entry in home.path.iterdir())
    except OSError as error:
        return f"{home.path} stays, because {error.filename} cannot be removed: {error.strerror}."
    with contextlib.suppress(OSError):
        home.path.rmdir()
    return f"{home.path} stays with what is not of mk8s in it: {', '.join(rest)}." if rest else ""


def remove_node_home(home: Home, lab_node: str) -> None:
    """Remove a lab node's state, certificates and logs; what is gone already is fine."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(layout.node_home(home, lab_node))
    log = layout.agent(home, lab_node).log
    certificate, key = layout.agent_identity(home, lab_node)
    for file in (certificate, key, log, log.with_name(f"{log.name}.1")):
        file.unlink(missing_ok=True)


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink()


def _mounts_below(place: Path) -> list[str]:
    """What is mounted there; the kernel tells places without links, and escapes some letters."""
    real = str(place.resolve()).translate(_ESCAPED)
    lines = Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines()
    mounts = (line.split(" ")[4] for line in lines)
    return [mount for mount in mounts if mount.startswith(f"{real}/")]


def _take_back(home: Home, settings: Settings, before: Settings | None, *, had_state: bool) -> None:
    if before is None or not before.lab:
        if home.lab.exists():
            with contextlib.suppress(ClusterError):
                labnet.LabCall(home, "remove").wait()
            home.lab.unlink()
        if before is None:
            if had_state:
                # a cluster's that lost its settings
                home.settings.unlink()
            else:
                remove_home(home)
            return
    layout.write_configuration(home, before)
    for node in settings.lab_nodes:
        if node not in before.lab_nodes:
            remove_node_home(home, node.name)
    if before.lab:
        with contextlib.suppress(ClusterError):
            labnet.LabCall(home, "apply").wait()


def _ensure_certificates(home: Home, settings: Settings) -> None:
    from minikube8s.cluster.authority import trust  # noqa: PLC0415 - slow; `down` and `status` need none

    trust.ensure_certificates(home, settings)


def is_ours(home: Home) -> bool:
    """Whether a directory has nothing in it that is not a cluster's."""
    return home.path.is_dir() and set(home.path.iterdir()) <= _known(home)


def _known(home: Home) -> set[Path]:
    """All that may lie in a home."""
    known = {home.settings, home.pki, home.kubeconfig, home.logs, home.master, home.agent}
    return known | {home.lock, home.nodes, home.lab, home.joined, home.simulation, home.hollow}

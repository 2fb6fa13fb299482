"""What units run around a daemon's life, for systemd alone.

    python -m minikube8s.cluster.unitsteps prepare HOME
    python -m minikube8s.cluster.unitsteps end

`prepare` makes what `mk8s up` makes before it starts a daemon: the machine's addresses may be
others than at the last boot. `end` is called before a daemon, process MAINPID, is stopped: when the
whole machine goes down, it has an agent end its pods, and returns when the agent has ended.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from pathlib import Path

from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.supervising import systemd
from minikube8s.kit import logs, readiness


def main() -> int:
    """The program: exit code 1 with a sentence when a daemon cannot start."""
    match sys.argv[1:]:
        case ["prepare", home]:
            return _prepare(Path(home))
        case ["end"]:
            _end(int(os.environ.get("MAINPID") or 0))
            return 0
        case _:
            print(__doc__, file=sys.stderr)
            return 2


def _prepare(path: Path) -> int:
    import logging  # noqa: PLC0415 - only the chosen work pays for its imports

    from minikube8s.cluster import homelock, lifecycle  # noqa: PLC0415
    from minikube8s.cluster.config import Home  # noqa: PLC0415
    from minikube8s.cluster.membership import joined  # noqa: PLC0415

    logs.configure("start")
    log = logging.getLogger("minikube8s.cluster.unitsteps")
    home = Home(path)
    try:
        # whoever has the home starts this daemon, and has prepared it; or stops it
        with homelock.exclusive(home, wait=False):
            if home.is_joined():
                joined.refresh(home)
            else:
                lifecycle.refresh(home, log.info)
    except homelock.Busy:
        pass
    except ClusterError as error:
        log.error("%s", error)
        readiness.tell(str(error))
        return 1
    return 0


def _end(pid: int) -> None:
    if not pid or not systemd.machine_ends():
        return
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(descriptor, signal.SIGPWR)
        # systemd itself sees to the deadline
        select.select([descriptor], [], [])
    except ProcessLookupError:
        return
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())

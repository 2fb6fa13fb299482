"""Owns which units a cluster's daemons have on this machine, and what is in them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from minikube8s.api.times import parse_duration
from minikube8s.cluster import kubelet, layout
from minikube8s.cluster.config import DEFAULT_DOCKER_HOST, Home, Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.supervising.daemons import ALWAYS, MEMORY, Daemon
from minikube8s.cluster.supervising.units import Supervised

_STOP_SECONDS = 15
_GRACE = 30
"""Seconds that pods have to end where the kubelet's configuration chooses none."""
_ENGINES = (DEFAULT_DOCKER_HOST, "unix:///run/docker.sock")
"""Where the engine of `docker.service` listens."""
_ENGINE_ACCESS = ("DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")


def wanted(
    home: Home, settings: Settings, environment: Mapping[str, str] = os.environ
) -> list[Supervised]:
    """The units of a cluster's daemons here, a joined machine's one agent too. Raises ClusterError.

    `environment` tells how a remote engine is reached. The master's unit makes ready what all need.
    """
    joined = home.is_joined()
    step = (sys.executable, "-m", "minikube8s.cluster.unitsteps")
    prepare = (*step, "prepare", str(home.path))
    access = {name: environment[name] for name in _ENGINE_ACCESS if environment.get(name)}

    def supervised(daemon: Daemon, **more: object) -> Supervised:
        return Supervised(
            cluster=settings.name,
            daemon=daemon.name,
            home=home.path,
            command=daemon.command,
            pid_file=daemon.pid_file,
            log=daemon.log,
            remembered=home.joined if joined else home.settings,
            environment={**MEMORY, **ALWAYS, "HOME": "/root", **access},
            **more,  # type: ignore[arg-type]
        )

    master = layout.master(home)
    found = [] if joined else [supervised(master, before=prepare, stop_seconds=_STOP_SECONDS)]
    for agent in layout.agents(home, settings).values():
        found.append(
            supervised(
                agent,
                before=prepare if joined else (),
                at_stop=(*step, "end"),
                after=() if joined else (master.name,),
                local_engine=settings.docker_host in _ENGINES,
                stop_seconds=_STOP_SECONDS + _grace(settings),
            )
        )
    return found


def _grace(settings: Settings) -> int:
    """Seconds that pods may take to end when the machine does."""
    told = kubelet.read(settings.kubelet_config).get("shutdownGracePeriod", "0s")
    try:
        return parse_duration(str(told)) // 10**9 or _GRACE
    except ValueError as error:
        raise ClusterError(
            f"{settings.kubelet_config}: shutdownGracePeriod: {error}. Write it like 30s."
        ) from None

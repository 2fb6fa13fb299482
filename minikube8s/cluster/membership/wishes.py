"""Owns what the user asks of `mk8s join`, and what of it a machine can have that has joined.

Pure but for this machine's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from minikube8s.cluster.config import DEFAULT_DOCKER_HOST
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.membership.joined import Joined
from minikube8s.cluster.settingrules import default_node_name, require_node_ip


@dataclass(frozen=True, slots=True)
class Wish:
    """What was said, "" where nothing was; no token for a machine that has joined already."""

    master: str
    token: str = ""
    pins: Sequence[str] = ()
    node_name: str = ""
    docker_host: str = ""
    kubelet_config: str = ""
    node_ip: str = ""
    replace: bool = False
    """Whether it may take the place of another machine that is not Ready any more."""


def filled(wish: Wish, known: Joined | None) -> Wish:
    """The wish with what was not said: as it has been so far, or as machines have it at first."""
    return replace(
        wish,
        node_name=wish.node_name or (known.node_name if known else default_node_name()),
        docker_host=wish.docker_host or (known.docker_host if known else DEFAULT_DOCKER_HOST),
        kubelet_config=wish.kubelet_config or (known.kubelet_config if known else ""),
        node_ip=wish.node_ip or (known.node_ip if known else ""),
    )


def changed(known: Joined, wish: Wish, *, runs: bool) -> Joined:
    """What a machine is that has joined, and is to be as a `filled` wish says.

    `runs`: its agent does. Raises ClusterError for what stays as it is, or does while that runs.
    """
    if wish.node_name != known.node_name:
        raise ClusterError(
            f"This machine is node {known.node_name} of the cluster at {known.master}, and a node "
            f"keeps its name: `mk8s leave` first, then join with --node-name {wish.node_name}."
        )
    if runs and wish.docker_host != known.docker_host:
        raise ClusterError(
            f"The node {known.node_name} runs with the engine {known.docker_host}, which has its "
            f"pods: stop it with `mk8s down`, then join with --docker-host {wish.docker_host}."
        )
    require_node_ip(wish.node_ip)
    return msgspec.structs.replace(
        known,
        master=wish.master,
        docker_host=wish.docker_host,
        kubelet_config=wish.kubelet_config,
        node_ip=wish.node_ip,
    )

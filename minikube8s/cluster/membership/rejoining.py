"""Owns `mk8s join` on a machine that has joined: what was said anew counts, or is refused."""

from __future__ import annotations

import contextlib

import msgspec

from minikube8s.cluster import cleaning, layout
from minikube8s.cluster.checkup import preflight
from minikube8s.cluster.config import Home
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.lifecycle import STOP_SECONDS, Say
from minikube8s.cluster.membership import joined, joining, wishes
from minikube8s.cluster.membership.joined import Joined
from minikube8s.cluster.membership.wishes import Wish
from minikube8s.cluster.supervising.supervision import begin, stop


def rejoin(home: Home, known: Joined, wish: Wish, say: Say) -> bool:
    """Have a node be as a `filled` wish says; return when it is Ready. False when it was already.

    Its agent starts anew where it has to; pods go on. Raises ClusterError, with the node as it was.
    """
    runs = layout.agent(home).holder() is not None
    wanted = _as_told(home, known, wishes.changed(known, wish, runs=runs))
    if wanted == known and not (runs and _has_other(home, joined.configuration(home, known))):
        return joined.start(home, known, say)
    # what is no configuration at all ends here, with the agent as it is
    joined.configuration(home, wanted)
    preflight.require_engine(wanted.docker_host)
    preflight.require_own_address(wanted.node_ip)
    joined.require_agent_port(wanted)
    if wanted.docker_host != known.docker_host:
        _empty(home, say)
    ran = stop(layout.agent(home), STOP_SECONDS)
    try:
        joined.save(home, wanted)
        if ran:
            say("agent stopped, to start it anew with what was said")
        return joined.start(home, wanted, say)
    except BaseException:
        joined.save(home, known)
        if ran:
            _start_again(home)
        raise


def _has_other(home: Home, configuration: bytes) -> bool:
    """Whether the agent has read another configuration, as when the kubelet's has changed since."""
    try:
        return layout.agent_config(home).read_bytes() != configuration
    except OSError:
        return True


def _as_told(home: Home, known: Joined, wanted: Joined) -> Joined:
    """The same with what the master says of itself. Raises ClusterError for another cluster's."""
    try:
        with contextlib.closing(joined.connected(home, wanted)) as client:
            told = joining.membership(client)
        if told.name != known.name:
            raise ClusterError(f"That is the cluster {told.name}.")
    except ClusterError as error:
        if wanted.master == known.master:
            # it is away: what follows says so where that matters
            return wanted
        raise ClusterError(
            f"This machine is node {known.node_name} of the cluster at {known.master}, which is "
            f"not found at {wanted.master}: leave it with `mk8s leave` before you join another. "
            f"({error})"
        ) from None
    return msgspec.structs.replace(wanted, agent_port=told.agent_port)


def _empty(home: Home, say: Say) -> None:
    """Remove pods from the engine that the node leaves, of an agent that was killed."""
    try:
        cleaning.clean(home, ())
    except ClusterError as error:
        say(f"what the former engine has of the node stays there: {error}")


def _start_again(home: Home) -> None:
    """Have the agent run as before; it finds its master when it can."""
    with contextlib.suppress(ClusterError):
        joined.refresh(home)
        begin(layout.agent(home)).leave()

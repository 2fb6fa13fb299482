"""Owns how a machine leaves the cluster that it joined: emptied, stopped, cleaned, forgotten.

May be cut off anywhere and run again: the home, which says what there is to leave, goes last.
"""

from __future__ import annotations

from collections.abc import Callable

from minikube8s.cluster import cleaning, homelock, layout, preparing
from minikube8s.cluster.checkup import preflight
from minikube8s.cluster.config import Home
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.lifecycle import STOP_SECONDS, Say
from minikube8s.cluster.membership import copies, joined
from minikube8s.cluster.membership.joined import Joined
from minikube8s.cluster.supervising import supervision
from minikube8s.cluster.supervising.supervision import stop


def leave(
    home: Home,
    empty: Callable[[str], None],
    forget: Callable[[str], None],
    *,
    force: bool,
    say: Say,
) -> bool:
    """Make this machine no node any more. False where it was none.

    ``empty`` moves the node's pods away, which ``force`` leaves out; ``forget`` removes what the
    API has of it in the end. Raises ClusterError, and what these raise; may be run again then.
    """
    preflight.require_root("leave")
    if home.exists():
        raise ClusterError(
            f"{home.path} is the directory of a master, which cannot leave its own cluster: "
            "`mk8s down --purge` removes it; machines that joined leave before that."
        )
    if not home.is_joined():
        return False
    with homelock.exclusive(home):
        known = joined.load(home)
        if known is None:
            return False
        node = known.node_name
        try:
            joined.require_taken(home)
        except ClusterError as error:
            raise ClusterError(
                f"{error} So the Node {node} is perhaps another machine's: remove what is here "
                "with `mk8s down --purge`."
            ) from None
        away = _away(home, known)
        if away and not force:
            raise ClusterError(
                f"{away} To leave all the same, without moving pods away: `mk8s leave --force`; "
                f"the Node {node} stays there then, until `kubectl delete node {node}`."
            )
        if not force:
            empty(node)
        if stop(layout.agent(home), STOP_SECONDS):
            say("agent stopped")
        if cleaning.clean(home, ()):
            say("containers, links, routes and rules removed")
        if not away:
            forget(node)
            say(f"Node {node} deleted")
        supervision.remove(home)
        preparing.remove_home(home)
        say(f"state in {home.path} removed")
        if away:
            say(f"{away} Its Node stays there until `kubectl delete node {node}`.")
        return True


def _away(home: Home, known: Joined) -> str:
    """Why the master cannot be asked; "" where it answers this machine.

    Raises ClusterError where another machine is the node.
    """
    try:
        node = joined.ask_master(home, known)
    except ClusterError as error:
        return str(error)
    if node is not None:
        copies.require_own(node, copies.here())
    return ""

"""Owns `mk8s join`: everything is looked at first, and only a machine that may join writes a file.

What is wrong on this machine and what the master says are told together; what can be asked only
after something else is not asked where that failed.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import minikube8s
from minikube8s.api import bootstraptokens
from minikube8s.cluster import addresses, homelock, layout
from minikube8s.cluster.checkup import examining, machine, machinefindings, preflight
from minikube8s.cluster.checkup.findings import Examination
from minikube8s.cluster.config import Home
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.lifecycle import STOP_SECONDS, Say
from minikube8s.cluster.membership import joinchecks, joined, joining, rejoining
from minikube8s.cluster.membership.joinchecks import Checks, Identity
from minikube8s.cluster.membership.joined import Joined
from minikube8s.cluster.membership.joining import Applicant, Found, Membership
from minikube8s.cluster.membership.masterclient import clock_difference, clock_problem
from minikube8s.cluster.membership.wishes import Wish, filled
from minikube8s.cluster.settingrules import require_node_ip
from minikube8s.cluster.supervising.supervision import stop
from minikube8s.kit import machineidentity

_TOLD_SECONDS = 5.0
"""A clock that is further off is mentioned, though certificates stand it."""


def join(home: Home, wish: Wish, say: Say) -> bool:
    """Make this machine a node, or start its agent; return when the node is Ready.

    False when it was already. Raises ClusterError, with nothing left running that this call
    started.
    """
    preflight.require_root("join")
    with homelock.exclusive(home):
        if home.exists():
            raise ClusterError(
                f"{home.path} holds a cluster with a master of its own: join in another directory "
                "with --home or MK8S_HOME, or remove that cluster with `mk8s down --purge`."
            )
        known = joined.load(home)
        wish = filled(wish, known)
        anew = known is None or joined.ended(home) or _pinned_to_another(home, wish)
        if known is not None and not anew:
            return rejoining.rejoin(home, known, wish, say)
        if known is not None and known.master != wish.master:
            raise ClusterError(
                f"This machine is node {known.node_name} of the cluster at {known.master}: leave "
                f"that with `mk8s leave` before you join {wish.master}."
            )
        known = _enroll(home, wish, known, say)
        # one that runs has read the former certificate
        stop(layout.agent(home), STOP_SECONDS)
        return joined.start(home, known, say)


def _enroll(home: Home, wish: Wish, before: Joined | None, say: Say) -> Joined:
    """Join; `before` is what this home has been so far."""
    running = before.name if before and layout.agent(home).holder() else ""
    if not wish.token or not wish.pins:
        raise ClusterError(joined.NO_CERTIFICATE)
    checks = Checks(say)
    with ThreadPoolExecutor(1) as pool:
        # meanwhile: it takes about as long as an interpreter's start
        examination = pool.submit(examining.examine)
        applicant = _applicant(wish, checks)
        try:
            membership = None
            if applicant is not None:
                with checks.step("the master takes the token"):
                    membership = applicant.membership()
            if applicant is not None and membership is not None:
                if before is not None:
                    was = (before.name, before.node_name)
                    checks.add(joinchecks.former(*was, membership.name, wish.node_name))
                _check_cluster(applicant, membership, wish, running, checks)
            _check_machine(wish, examination.result(), checks)
            checks.settle()
            assert applicant is not None
            assert membership is not None
            made = _made(wish, membership)
            applicant.obtain(wish.node_name, joined.files(home), lambda: joined.save(home, made))
        finally:
            if applicant is not None:
                applicant.close()
    say(f"certificate of node {made.node_name} in {home.pki}")
    return made


def _applicant(wish: Wish, checks: Checks) -> Applicant | None:
    """Who may ask the master now; None where it is not reached, not the right one, …"""
    if bootstraptokens.parse(wish.token) is None:
        # which is not shown: it may be all of a token but a letter
        checks.add(
            f"What was given as the token, of length {len(wish.token)}, is not a token: one reads "
            "like abcdef.0123456789abcdef. Make one on the master with `mk8s token create`."
        )
    checks.add(*map(joinchecks.pin, wish.pins))
    if checks.problems:
        return None
    found: Found | None = None
    with checks.step(f"the master at {wish.master} answers, and has the CA that is pinned"):
        found = joining.find(wish.master, wish.pins)
    if found is None:
        return None
    difference = f"this machine's is {clock_difference(found.ahead)} the master's"
    if wrong := clock_problem(found.ahead):
        checks.add(wrong)
        return None
    checks.note(
        "the clocks agree"
        if abs(found.ahead) < _TOLD_SECONDS
        else f"the clocks differ: {difference}; `timedatectl set-ntp true` sets a clock right"
    )
    return Applicant(wish.master, found.authority, wish.token)


def _check_cluster(
    applicant: Applicant, cluster: Membership, wish: Wish, running: str, checks: Checks
) -> None:
    """Whether this machine fits among the nodes that there are."""
    known = _made(wish, cluster)
    nodes: list[dict[str, Any]] = []
    checks.add(joinchecks.version(minikube8s.__version__, cluster.version))
    with checks.step(f"the name {wish.node_name} is free there"):
        nodes = applicant.nodes()
        own = Identity(machineidentity.machine_id(), machineidentity.system_uuid())
        checks.add(joinchecks.name_among(wish.node_name, nodes, own, replace=wish.replace))
    with checks.step(f"the agents' port {known.host}:{cluster.agent_port} can be reached"):
        joined.require_agent_port(known)
    with checks.step("this machine's address and networks are its own"):
        if cluster.name != running:
            checks.require(preflight.require_own_name, cluster.name)
        checks.add(*preflight.clashes_apart(joined.settings(known)))
        require_node_ip(wish.node_ip)
        address = wish.node_ip or addresses.towards(known.host, cluster.agent_port)
        others = preflight.own_addresses()
        checks.add(joinchecks.address(address, wish.node_name, nodes, others))


def _check_machine(wish: Wish, seen: Examination, checks: Checks) -> None:
    """Whether this machine has what a node needs, whatever the cluster."""
    with checks.step("this machine has what a node needs: engine, nftables, kernel"):
        checks.add(joinchecks.name_itself(wish.node_name))
        checks.require(preflight.require_engine, wish.docker_host)
        checks.require(preflight.require_nftables)
        checks.require(require_node_ip, wish.node_ip)
        checks.require(preflight.require_own_address, wish.node_ip)
        found = machine.read(os.environ)
        others = [
            machinefindings.of_surroundings(found),
            machinefindings.of_cgroups(found, {}),
            machinefindings.of_memory(found),
        ]
        checks.add(*joinchecks.faults(seen, os.uname().release, others))
    for doubt in joinchecks.doubts(seen):
        checks.note(doubt)


def _pinned_to_another(home: Home, wish: Wish) -> bool:
    """Whether the user pins another CA than this machine trusts: the cluster was made anew."""
    from minikube8s.cluster.authority import pinning  # noqa: PLC0415 - slow; most joins are the first

    if not wish.token or not wish.pins:
        return False
    try:
        known = pinning.fingerprints(joined.files(home).ca.read_bytes())
    except (OSError, ValueError):
        return True
    return not set(known) & {pin.lower() for pin in wish.pins}


def _made(wish: Wish, cluster: Membership) -> Joined:
    return Joined(
        master=wish.master,
        name=cluster.name,
        agent_port=cluster.agent_port,
        pod_cidr=cluster.pod_cidr,
        service_cidr=cluster.service_cidr,
        node_name=wish.node_name,
        docker_host=wish.docker_host,
        kubelet_config=wish.kubelet_config,
        node_ip=wish.node_ip,
    )

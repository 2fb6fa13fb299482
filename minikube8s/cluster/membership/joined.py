"""Owns homes of machines that joined another machine's cluster: their one daemon is an agent.

`up`, `down` and `status` of such a home; `enrolling` makes it, `leaving` unmakes it.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from datetime import UTC, datetime
from typing import Any

import msgspec

from minikube8s.cluster import (
    cleaning,
    homelock,
    kubelet,
    layout,
    lifecycle,
    preparing,
    settingrules,
)
from minikube8s.cluster.checkup import certificatefindings, preflight
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.lifecycle import START_SECONDS, STOP_SECONDS, Component, Say
from minikube8s.cluster.membership import joining
from minikube8s.cluster.membership.masterclient import MasterClient, require_place
from minikube8s.cluster.supervising import supervision, unitplan
from minikube8s.cluster.supervising.daemons import Starting
from minikube8s.cluster.supervising.supervision import stop
from minikube8s.kit import notice
from minikube8s.kit.privatefiles import write_private
from minikube8s.kit.validity import validity

NO_CERTIFICATE = (
    "This machine has no usable certificate of that cluster: join it with the command, --token and "
    "--ca-hash included, that `mk8s token create --print-join-command` prints on the master."
)
_CONNECT_SECONDS = 10.0


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """What a joined machine knows of its cluster; `master` is host:port of the API."""

    master: str
    name: str
    agent_port: int
    pod_cidr: str
    service_cidr: str
    node_name: str
    docker_host: str
    kubelet_config: str = ""
    node_ip: str = ""
    """By which address others reach this machine; "": the one by which it reaches its master."""

    @property
    def host(self) -> str:
        """The master's host."""
        return self.master.rpartition(":")[0]


def load(home: Home) -> Joined | None:
    """What is remembered; None for a home that is no joined machine's. Raises ClusterError."""
    try:
        known = msgspec.json.decode(home.joined.read_bytes(), type=Joined)
        require_place(known.master)
        settingrules.check(settings(known))
    except FileNotFoundError:
        return None
    except PermissionError:
        raise ClusterError(
            f"{home.joined} is not readable for you: run the command as root (sudo)."
        ) from None
    except OSError as error:
        raise _damaged(home, error.strerror) from None
    except (msgspec.DecodeError, ClusterError) as error:
        raise _damaged(home, error) from None
    return known


def _damaged(home: Home, why: object) -> ClusterError:
    told = str(why).removesuffix(".")
    return ClusterError(f"{home.joined} is damaged ({told}): run `mk8s reset`, then join again.")


def up(home: Home, say: Say) -> bool:
    """Start the agent of a machine that has joined. False when it ran. Raises ClusterError."""
    preflight.require_root("up")
    with homelock.exclusive(home):
        known = load(home)
        assert known is not None
        return start(home, known, say)


def down(home: Home, *, purge: bool, say: Say) -> None:
    """Stop the agent and remove all that it made; with `purge` this is no node any more."""
    preflight.require_root("down")
    with homelock.exclusive(home):
        known = load(home)
        if stop(layout.agent(home), STOP_SECONDS):
            say("agent stopped")
        supervision.at_boot(home, False)
        if known is not None:
            # what the agent made is found by its configuration, which may be damaged
            with contextlib.suppress(ClusterError):
                _write_configuration(home, known)
        if cleaning.clean(home, ()):
            say("containers, links, routes and rules removed")
        if purge:
            supervision.remove(home)
            preparing.remove_home(home)
            say(f"state in {home.path} removed")
            if known is not None:
                say(f"its Node stays until `kubectl delete node {known.node_name}`")


def settings(known: Joined) -> Settings:
    """Those of the cluster's settings that are known here."""
    return Settings(
        name=known.name,
        api_port=int(known.master.rpartition(":")[2]),
        agent_port=known.agent_port,
        pod_cidr=known.pod_cidr,
        service_cidr=known.service_cidr,
        node_name=known.node_name,
        node_ip=known.node_ip,
        docker_host=known.docker_host,
        kubelet_config=known.kubelet_config,
    )


def status(home: Home) -> Component:
    """The agent."""
    return lifecycle.component(layout.agent(home))


def save(home: Home, known: Joined) -> None:
    """Remember it, atomically."""
    write_private(home.joined, msgspec.json.format(msgspec.json.encode(known)) + b"\n")


def refresh(home: Home) -> None:
    """Make anew what the agent needs and what another address of this machine changes.

    For who has the home, before the agent starts without `up`. Raises ClusterError.
    """
    known = load(home)
    if known is not None:
        _require_certificate(home, known)
        _write_configuration(home, known)


def start(home: Home, known: Joined, say: Say) -> bool:
    """Start the agent and return when its node is Ready. False when it ran. Raises ClusterError."""
    agent = layout.agent(home)
    if agent.holder() is not None:
        _wait_ready(home, known)
        supervision.at_boot(home, True)
        return False
    preflight.require_engine(known.docker_host)
    preflight.require_nftables()
    preflight.require_own_address(known.node_ip)
    preflight.require_own_name(known.name)
    require_agent_port(known)
    refresh(home)
    supervision.follow(home, lambda: unitplan.wanted(home, settings(known)))
    started = time.monotonic()

    def told(what: str) -> None:
        say(f"{what} ({time.monotonic() - started:.2f} s)")

    starting: list[Starting] = []
    try:
        lifecycle.start([agent], (), starting, lambda name: told(f"{name} runs"))
        _wait_ready(home, known)
    except BaseException:
        for one in starting:
            one.cancel(STOP_SECONDS)
        raise
    supervision.at_boot(home, True)
    told(f"node {known.node_name} is Ready")
    return True


def require_agent_port(known: Joined) -> None:
    """Raise unless the master takes connections of agents."""
    try:
        socket.create_connection((known.host, known.agent_port), _CONNECT_SECONDS).close()
    except OSError as error:
        raise ClusterError(
            f"The master's port for agents, {known.host}:{known.agent_port}, cannot be reached "
            f"({error.strerror or error}): see that the cluster is up there, and that no firewall "
            "is in between."
        ) from None


def _require_certificate(home: Home, known: Joined) -> None:
    """Raise unless the agent can begin with its certificate, which it renews itself."""
    ends = _ends(home)
    if ends is None:
        raise ClusterError(NO_CERTIFICATE)
    if ends <= datetime.now(UTC):
        raise ClusterError(certificatefindings.ended(ends).sentence)
    mine = files(home)
    try:
        joining.ensure_request(known.node_name, mine)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"{mine.request}, with which this machine's certificate is renewed, cannot be made "
            f"({error}): remove what is in its place, and see that the disk has room."
        ) from None


def files(home: Home) -> joining.Files:
    """Where the certificates of a joined machine lie."""
    names = ("ca.crt", "agent.crt", "agent.key", "agent.csr")
    return joining.Files(*(home.pki / name for name in names))


def ended(home: Home) -> bool:
    """Whether this machine has no certificate that is valid, or not all that goes with it."""
    ends = _ends(home)
    return ends is None or ends <= datetime.now(UTC)


def _ends(home: Home) -> datetime | None:
    """Until when the certificate is valid; None where it, its key or the CA is of no use."""
    found = files(home)
    try:
        ssl.create_default_context(cafile=found.ca).load_cert_chain(found.certificate, found.key)
        return validity(found.certificate.read_bytes()).ends
    except (OSError, ValueError):
        return None


def configuration(home: Home, known: Joined) -> bytes:
    """What the agent reads when it starts. Raises ClusterError."""
    found = files(home)
    return msgspec.json.encode(
        {
            "cluster": known.name,
            "node": known.node_name,
            "master": f"{known.host}:{known.agent_port}",
            "ca": str(found.ca),
            "cert": str(found.certificate),
            "key": str(found.key),
            "request": str(found.request),
            "state_dir": str(home.agent),
            "docker_host": known.docker_host,
            "cluster_cidr": known.pod_cidr,
            "service_cidr": known.service_cidr,
            "node_ip": known.node_ip,
            "kubelet": kubelet.read(known.kubelet_config),
        }
    )


def _write_configuration(home: Home, known: Joined) -> None:
    write_private(layout.agent_config(home), configuration(home, known))


def ask_master(home: Home, known: Joined) -> dict[str, Any] | None:
    """Return the Node of this machine as the master has it, None where there is none.

    Raises ClusterError where it does not answer, or does not know this machine.
    """
    with contextlib.closing(connected(home, known)) as client:
        return joining.find_node(client, known.node_name)


def require_taken(home: Home) -> None:
    """Raise where the agent has been told that the master does not take this machine."""
    if refused := notice.read(home.agent):
        raise ClusterError(f"The master refuses this machine: {refused}.")


def connected(home: Home, known: Joined) -> MasterClient:
    """The master's API, asked by this node. Raises ClusterError."""
    found = files(home)
    try:
        authority, identity = found.ca.read_bytes(), (found.certificate, found.key)
        return MasterClient(known.master, authority, identity=identity)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"The certificates in {home.pki} cannot be used ({error}): join again."
        ) from None


def _wait_ready(home: Home, known: Joined) -> None:
    with contextlib.closing(connected(home, known)) as client:
        # it may be another machine that makes the node Ready
        require_taken(home)
        for node in joining.changes(client, known.node_name, START_SECONDS):
            if joining.ready(node):
                return
            require_taken(home)
    require_taken(home)
    raise ClusterError(
        f"The node {known.node_name} was not Ready within {START_SECONDS:.0f} s. The agent's log "
        f"says more: {layout.agent(home).log}"
    )

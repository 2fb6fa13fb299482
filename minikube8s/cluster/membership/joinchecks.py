"""Owns what must hold before a machine joins, and telling all at once what does not.

What is found comes in as values; the looking itself is `joined`'s and `preflight`'s. Every sentence
says what to do, and on which of the two machines.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any, NamedTuple

from minikube8s.cluster.checkup import findings
from minikube8s.cluster.checkup.findings import Examination, Finding, Mark
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.membership import joining
from minikube8s.cluster.settingrules import require_node_name
from minikube8s.nodes.register import own_addresses

Node = Mapping[str, Any]

_CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
_LOCAL_NAMES = ("localhost", "localhost.localdomain")


class Identity(NamedTuple):
    """What tells machines apart; of clones the first is the same, of some machines both are."""

    machine_id: str
    system_uuid: str


class Checks:
    """Steps on the way; what fails is kept, and the others are taken all the same."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._faults = 0
        self.problems: list[str] = []

    @contextlib.contextmanager
    def step(self, done: str) -> Iterator[None]:
        """Say that a step is done, or keep why it cannot be."""
        before = self._faults
        try:
            yield
        except ClusterError as error:
            self.add(str(error))
        if self._faults == before:
            self._say(done)

    def require(self, check: Callable[..., None], *arguments: str) -> None:
        """Keep what a check raises."""
        try:
            check(*arguments)
        except ClusterError as error:
            self.add(str(error))

    def note(self, line: str) -> None:
        """Tell something that keeps nobody from joining."""
        self._say(line)

    def add(self, *problems: str) -> None:
        """Keep what is wrong, each once; "" is nothing."""
        wrong = [one for one in problems if one]
        self._faults += len(wrong)
        self.problems += [one for one in wrong if one not in self.problems]

    def settle(self) -> None:
        """Raise ClusterError with all that is wrong, if anything is."""
        if len(self.problems) == 1:
            raise ClusterError(self.problems[0])
        if self.problems:
            listed = "".join(f"\n- {one}" for one in self.problems)
            raise ClusterError(
                f"{len(self.problems)} things keep this machine from joining:{listed}"
            )


def pin(text: str) -> str:
    """Why that is no hash of a CA's key."""
    if re.fullmatch(r"sha256:[0-9a-fA-F]{64}", text):
        return ""
    return (
        f"{text!r} is no hash of a CA: it reads sha256:… with 64 hexadecimal digits. `mk8s token "
        "create --print-join-command` on the master prints it."
    )


def former(cluster: str, node: str, new_cluster: str, new_node: str) -> str:
    """Why a machine that was that node of that cluster cannot be the new one over its remains."""
    if (cluster, node) == (new_cluster, new_node):
        return ""
    return (
        f"This machine has been node {node} of the cluster {cluster}, and what is left of that "
        f"would stay when it becomes node {new_node} of the cluster {new_cluster}: remove it "
        "first, with `mk8s down --purge`, or join under the same name (--node-name)."
    )


def name_itself(name: str) -> str:
    """Why no node can be called so, whatever others are called."""
    if name in _LOCAL_NAMES:
        return (
            f"This machine's name is {name}, which tells it from no other: name it with "
            "`hostnamectl set-hostname worker1`, or choose its node's name with --node-name."
        )
    try:
        require_node_name(name)
    except ClusterError as error:
        return str(error)
    return ""


def name_among(name: str, nodes: Sequence[Node], own: Identity, *, replace: bool) -> str:
    """Why a machine cannot have that name in a cluster of these nodes.

    A node that is not Ready any more gives its name to the machine that it was, and, with
    `replace`, to any.
    """
    found = next((node for node in nodes if node["metadata"]["name"] == name), None)
    if found is None:
        return ""
    if _CONTROL_PLANE in (found["metadata"].get("labels") or {}):
        return f"{name} is the name of the master's own node: choose another name with --node-name."
    told = (found.get("status") or {}).get("nodeInfo") or {}
    before = Identity(told.get("machineID", ""), told.get("systemUUID", ""))
    # of a machine that is known by nothing, nothing can be said
    same = any(own) and before == own
    if joining.ready(dict(found)):
        itself = (
            " If that has been this machine, see that its agent is stopped (`mk8s down`) and join "
            "again in a minute, when the master has noticed."
        )
        return (
            f"A node named {name} is in the cluster already, and Ready: choose another name with "
            "--node-name, or let that machine leave first, with `mk8s leave` there."
        ) + itself * same
    if replace or same:
        return ""
    return (
        f"{name} is the name of another machine's node, which is not Ready now. If that machine is "
        f"gone for good, take its place with --replace, or remove it on the master with `kubectl "
        f"delete node {name}`; otherwise choose another name with --node-name."
    )


def address(own: str, name: str, nodes: Sequence[Node], others: Sequence[str]) -> str:
    """Why the other nodes could not reach a machine at that address; it has `others`, too."""
    if not own:
        return ""
    has = f"this machine has {', '.join(others)}"
    if ip_address(own).is_loopback:
        return (
            f"The others would know this machine as {own}, by which each reaches itself: name the "
            "master by its address in the network between the machines."
        )
    for node in nodes:
        if node["metadata"]["name"] != name and own in own_addresses(node.get("status") or {}):
            other = node["metadata"]["name"]
            gone = (
                ""
                if joining.ready(dict(node))
                else (
                    f"; if that node is no more, remove it on the master with `kubectl delete node "
                    f"{other}`"
                )
            )
            return (
                f"This machine's address {own} is that of the node {other}, too, as happens behind "
                f"NAT: give the one by which others reach it with --node-ip ({has}){gone}."
            )
    return ""


def version(ours: str, theirs: str) -> str:
    """Why these two versions of mk8s do not go together; the last number does not matter."""
    if not theirs or ours.split(".")[:2] == theirs.split(".")[:2]:
        return ""
    return (
        f"This machine has mk8s {ours} and the master {theirs}: install {theirs} here, or upgrade "
        "the master first."
    )


def faults(seen: Examination, release: str, others: Sequence[Finding]) -> list[str]:
    """What of the kernel and the machine keeps a node from working."""
    found = [*findings.of_kernel(seen, release), *others]
    return [one.text for one in found if one.mark is Mark.FAULT]


def doubts(seen: Examination) -> list[str]:
    """What of the kernel other machines may miss."""
    if "vxlan" not in seen.missing:
        return []
    return [
        "this kernel has no vxlan (`modprobe vxlan`): pods reach only those of nodes on the same "
        "link"
    ]

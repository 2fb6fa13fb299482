"""Owns whether a Node is this machine, or another one that shows the same certificate.

A machine that was copied after it joined has all that the first one has, but for what its agent was
told when it asked to serve the node; before that the Node itself tells whose it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from minikube8s.cluster.errors import ClusterError
from minikube8s.kit import machineidentity
from minikube8s.kit.localaddresses import local_addresses
from minikube8s.nodes.register import own_addresses


class Here(NamedTuple):
    """This machine: this boot of it, its hardware, its addresses; what is not known is empty."""

    boot: str
    hardware: str
    addresses: frozenset[str]


def here() -> Here:
    """Look at this machine."""
    own = frozenset(str(local.address) for local in local_addresses())
    return Here(machineidentity.boot_id(), machineidentity.system_uuid(), own)


def require_own(node: Mapping[str, Any], machine: Here) -> None:
    """Raise where another machine than this one is the Node, as far as that can be seen.

    A machine that was given another address, or started anew, is not taken for another one when
    nobody serves its Node.
    """
    status = node.get("status") or {}
    info, told = status.get("nodeInfo") or {}, own_addresses(status)
    if info.get("bootID") == machine.boot and not machine.addresses.isdisjoint(told):
        return
    hardware = info.get("systemUUID")
    if not _is_heard(status) and (not machine.hardware or hardware in (machine.hardware, "", None)):
        return
    name = node["metadata"]["name"]
    raise ClusterError(
        f"The Node {name} is the machine at {', '.join(told) or 'another address'}, of which this "
        "one seems to be a copy: remove what is here with `mk8s down --purge`. If this is that "
        "machine all the same, `mk8s up` says so to the master."
    )


def _is_heard(status: Mapping[str, Any]) -> bool:
    """Whether some machine's agent says how the node is."""
    conditions = status.get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] != "Unknown" for one in conditions)

"""Whether a Node is this machine or one that was copied."""

from __future__ import annotations

from typing import Any

import pytest

from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.membership import copies
from minikube8s.cluster.membership.copies import Here
from tests.support.links import node_status

HERE = Here("b", "s", frozenset({"127.0.0.1", "192.0.2.1"}))


def node(ready: str = "True", **info: str) -> dict[str, Any]:
    status = node_status(ready)
    status["nodeInfo"] |= info
    return {"metadata": {"name": "worker1"}, "status": status}


@pytest.mark.parametrize(
    ("told", "here"),
    [
        (node(), HERE),
        (node("False"), HERE),
        # what the firmware says differs at times; an address of this very boot does not
        (node(systemUUID="other"), HERE),
        (node("Unknown"), HERE._replace(addresses=frozenset({"192.0.2.9"}))),
        (node("Unknown", bootID="before"), HERE),
        (node("Unknown", systemUUID=""), HERE._replace(boot="later")),
        (node("Unknown"), HERE._replace(boot="later", hardware="")),
        ({"metadata": {"name": "worker1"}}, HERE),
    ],
)
def test_a_node_is_this_machine_also_after_a_change(told: dict[str, Any], here: Here) -> None:
    copies.require_own(told, here)


@pytest.mark.parametrize(
    ("told", "here"),
    [
        (node(), HERE._replace(boot="its own")),
        (node("False"), HERE._replace(boot="its own")),
        (node(), HERE._replace(addresses=frozenset({"192.0.2.9"}))),
        (node("Unknown"), HERE._replace(boot="its own", hardware="other")),
    ],
)
def test_a_copy_is_told_whose_node_it_is(told: dict[str, Any], here: Here) -> None:
    with pytest.raises(ClusterError, match=r"worker1 is the machine at 192\.0\.2\.1, of which"):
        copies.require_own(told, here)

"""Tokens for pods: what a node gets over the link, and what it does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mk8s_agent.link import asking
from mk8s_agent.link.asking import Asking
from mk8s_agent.link.errors import NoAnswer
from mk8s_agent.link.tokens import Tokens

from minikube8s.api.resources import SERVICEACCOUNTS
from minikube8s.store.entry import Entry
from tests.support.links import Cluster

VOLUMES = [
    {
        "name": "t",
        "projected": {
            "sources": [
                {"serviceAccountToken": {"path": "t"}},
                {"serviceAccountToken": {"path": "v", "audience": "vault"}},
            ]
        },
    }
]


class Issued(list[tuple[str, str, tuple[str, ...], int]]):
    """Makes tokens that say what they are for."""

    async def make(
        self, account: Entry, pod: Entry, audiences: tuple[str, ...], seconds: int
    ) -> str:
        self.append((account.name, pod.name, audiences, seconds))
        return f"token-{len(self)}"


@pytest.fixture
def issued() -> Issued:
    return Issued()


@pytest.fixture
async def cluster(tmp_path: Path, issued: Issued) -> AsyncIterator[Cluster]:
    async with Cluster(tmp_path, make_token=issued.make) as made:
        await made.registry.create(SERVICEACCOUNTS, "default", {"metadata": {"name": "robot"}})
        yield made


async def a_pod(cluster: Cluster, node: str = "one", **spec: Any) -> str:
    """A new pod's uid."""
    spec = {"serviceAccountName": "robot", "volumes": VOLUMES, **spec}
    made = await cluster.pod(node=node, automountServiceAccountToken=False, **spec)
    return str(made["metadata"]["uid"])


async def test_a_node_gets_tokens_for_its_own_pods(cluster: Cluster, issued: Issued) -> None:
    agent = await cluster.connected()
    uid = await a_pod(cluster)
    assert await Tokens(agent.asking).create("default", "web", uid, "", 3607) == "token-1"
    assert await Tokens(agent.asking).create("default", "web", uid, "vault", 600) == "token-2"
    assert issued == [("robot", "web", (), 3607), ("robot", "web", ("vault",), 600)]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a pod of another node": (
        {"node": "two"},
        "node requested token bound to a pod scheduled on a different node",
    ),
    "no uid": ({"uid": ""}, "node requested token with a pod binding without a uid"),
    "another pod of the same name": ({"uid": "earlier"}, "does not match the UID in record"),
    "no such pod": ({"name": "nobody"}, 'pods "nobody" not found'),
    "nobody's audience": ({"audience": "bank"}, 'audience "bank" not found in pod spec volume'),
    "too short": ({"seconds": 10}, "10 minutes at least"),
    "too long": ({"seconds": 1 << 40}, "10 minutes at least"),
}


@pytest.mark.parametrize(("change", "why"), REFUSED.values(), ids=REFUSED)
async def test_a_node_gets_no_other_tokens(
    cluster: Cluster, issued: Issued, change: dict[str, Any], why: str
) -> None:
    agent = await cluster.connected()
    uid = await a_pod(cluster, node=change.get("node", "one"))
    wanted = {"name": "web", "uid": uid, "audience": "", "seconds": 600, **change}
    with pytest.raises(NoAnswer, match=why):
        await Tokens(agent.asking).create(
            "default", wanted["name"], wanted["uid"], wanted["audience"], wanted["seconds"]
        )
    assert issued == []


async def test_an_account_that_is_gone_is_named(cluster: Cluster) -> None:
    agent = await cluster.connected()
    uid = await a_pod(cluster)
    await cluster.registry.delete(SERVICEACCOUNTS, "default", "robot")
    with pytest.raises(NoAnswer, match='serviceaccounts "robot" not found'):
        await Tokens(agent.asking).create("default", "web", uid, "", 600)


async def test_who_asks_before_there_is_a_session_waits_for_it(
    cluster: Cluster, issued: Issued
) -> None:
    uid = await a_pod(cluster)
    agent = cluster.agent()
    asked = asyncio.create_task(Tokens(agent.asking).create("default", "web", uid, "", 600))
    await asyncio.sleep(0)
    agent.connect()
    assert await asked == "token-1"


async def test_without_a_master_asking_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "DEADLINE", 0.01)
    with pytest.raises(NoAnswer, match="the master cannot be reached"):
        await Tokens(Asking()).create("default", "web", "uid", "", 600)

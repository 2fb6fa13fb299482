"""What comes of a node that asks for its next certificate: its own request, and the verdict."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mk8s_agent.link.errors import NoAnswer

from minikube8s.api.resources import CERTIFICATESIGNINGREQUESTS as REQUESTS
from minikube8s.nodes import renewals
from minikube8s.rpc import agent_pb2
from tests.support.links import Cluster, FakeAgent, until

ID = "0123456789abcdef"
NAME = f"node-csr-{ID}"
PEM = b"-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n"
CERTIFICATE = b"the certificate"


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    async with Cluster(tmp_path) as made:
        yield made


async def ask(agent: FakeAgent, id_: str = ID, request: bytes = PEM) -> bytes:
    about = agent_pb2.CertificateRequest(id=id_, request=request)
    answer = await agent.asking.ask(lambda stub: stub.RenewCertificate, about)
    return bytes(answer.certificate)


def asking(agent: FakeAgent) -> asyncio.Task[bytes]:
    return asyncio.create_task(ask(agent))


def requests(cluster: Cluster) -> list[Any]:
    return cluster.registry.list(REQUESTS, None)


async def decide(cluster: Cluster, type_: str, **more: str) -> None:
    """Say so of the request, as soon as it is there."""
    await until("it is asked for", lambda: requests(cluster))

    def verdict(obj: dict[str, Any]) -> dict[str, Any]:
        one = {"type": type_, "status": "True", "reason": "Test", **more}
        return obj | {"status": {"conditions": [one]}}

    await cluster.registry.update(REQUESTS, None, NAME, verdict, "approval")


async def sign(cluster: Cluster) -> None:
    def signed(obj: dict[str, Any]) -> dict[str, Any]:
        status = {"certificate": base64.b64encode(CERTIFICATE).decode()}
        return obj | {"status": obj["status"] | status}

    await cluster.registry.update(REQUESTS, None, NAME, signed, "status")


async def test_a_node_gets_what_is_signed_for_its_request_which_bears_its_own_name(
    cluster: Cluster,
) -> None:
    agent = await cluster.connected()
    task = asking(agent)
    await decide(cluster, "Approved")
    assert not task.done()
    await sign(cluster)
    assert await task == CERTIFICATE
    (request,) = requests(cluster)
    spec = request.object["spec"]
    assert spec["username"] == "system:node:one"
    assert spec["groups"] == ["system:nodes", "system:authenticated"]
    assert spec["usages"] == ["digital signature", "client auth"]
    assert base64.b64decode(spec["request"]) == PEM
    assert await ask(agent) == CERTIFICATE
    assert len(requests(cluster)) == 1


async def test_what_nobody_has_approved_yet_is_told_with_what_to_type_and_asked_for_again(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewals, "DEADLINE", 0.05)
    agent = await cluster.connected()
    with pytest.raises(NoAnswer, match=f"`kubectl certificate approve {NAME}`"):
        await ask(agent)
    monkeypatch.undo()
    await decide(cluster, "Approved")
    task = asking(agent)
    await sign(cluster)
    assert await task == CERTIFICATE


@pytest.mark.parametrize("type_", ["Denied", "Failed"])
async def test_a_verdict_against_it_is_told_with_its_reason(cluster: Cluster, type_: str) -> None:
    agent = await cluster.connected()
    task = asking(agent)
    await decide(cluster, type_, message="not this one")
    with pytest.raises(NoAnswer, match=f"{NAME} was denied: not this one"):
        await task


async def test_another_nodes_request_is_not_its_own(cluster: Cluster) -> None:
    first = asking(await cluster.connected())
    await decide(cluster, "Approved")
    await sign(cluster)
    await first
    with pytest.raises(NoAnswer, match=f"the request {NAME} is another one"):
        await ask(await cluster.connected("two"))


@pytest.mark.parametrize(
    ("id_", "request_"),
    [
        ("", PEM),
        ("../../x", PEM),
        ("A" * 16, PEM),
        (ID, PEM + b"x" * 20_000),
        (ID, b""),
        (ID, b"x"),
    ],
)
async def test_what_is_no_request_makes_none(cluster: Cluster, id_: str, request_: bytes) -> None:
    agent = await cluster.connected()
    with pytest.raises(NoAnswer):
        await ask(agent, id_, request_)
    assert not requests(cluster)

"""The DNS server as `dig` sees it, at an address of the test's own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dns.message
import pytest
from mk8s_agent.assignments import Assigned, Assignments, ClusterInfo
from mk8s_agent.dns import ClusterDns
from mk8s_agent.dns import tcp as tcp_server
from mk8s_agent.dns.resolvconf import HostResolver
from mk8s_agent.dns.sockets import OwnSockets

from tests.support.fakedns import fake_server, says
from tests.support.netlab import eventually
from tests.support.ports import free_port

ADDRESS, UPSTREAM = "127.0.0.10", "127.0.0.11"
ZONE = "default.svc.cluster.local"


@dataclass(frozen=True)
class Config:
    cluster_cidr: str = "10.244.0.0/16"
    service_cidr: str = "10.96.0.0/12"


def info(dns: str = ADDRESS) -> ClusterInfo:
    fields: dict[str, Any] = {
        "cluster": "test",
        "pod_cidr": "10.244.0.0/24",
        "cluster_cidr": "10.244.0.0/16",
        "service_cidr": "10.96.0.0/12",
        "cluster_domain": "cluster.local",
        "cluster_dns": dns,
        "heartbeat_seconds": 10,
    }
    return ClusterInfo(**fields)


def service(name: str, **spec: Any) -> Assigned[Any]:
    port = {"name": "http", "port": 80, "protocol": "TCP"}
    body = {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"ports": [port], **spec},
    }
    return Assigned("services", ("default", name), 1, json.dumps(body).encode())


def endpoints(name: str, *addresses: str) -> Assigned[Any]:
    body = {
        "metadata": {
            "name": f"{name}-x",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": name},
        },
        "addressType": "IPv4",
        "endpoints": [
            {"addresses": [one], "hostname": f"{name}-{at}", "conditions": {"ready": True}}
            for at, one in enumerate(addresses)
        ],
        "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
    }
    return Assigned("endpointslices", ("default", f"{name}-x"), 1, json.dumps(body).encode())


class Node:
    """A node's DNS, its Services, and what its people were told."""

    def __init__(self, directory: Path) -> None:
        self.assignments = Assignments()
        self.told: list[str] = []
        self.resolv_conf = directory / "resolv.conf"
        self.resolv_conf.write_text(f"nameserver {UPSTREAM}\n")
        self.port, self.upstream_port = free_port(), free_port()
        self.dns = ClusterDns(
            Config(),
            self.assignments,
            self.told.append,
            OwnSockets(),
            host=HostResolver(self.resolv_conf, directory / "none"),
            port=self.port,
            upstream_port=self.upstream_port,
        )

    async def dig(self, *question: str) -> str:
        command = ["dig", f"@{ADDRESS}", "-p", str(self.port), "+tries=1", "+time=3", *question]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        out, _ = await process.communicate()
        return out.decode()

    async def short(self, *question: str) -> list[str]:
        return sorted((await self.dig("+short", *question)).split("\n")[:-1])


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    made = Node(tmp_path)
    made.assignments.set_cluster(info())
    made.assignments.replace(
        [
            service("web", clusterIP="10.96.0.7"),
            service("crew", clusterIP="None"),
            endpoints("crew", "10.244.0.5", "10.244.0.6"),
            service("ext", type="ExternalName", externalName="www.example.org"),
        ],
        1,
    )
    made.dns.serve(ADDRESS)
    task = asyncio.create_task(made.dns.run())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ([f"web.{ZONE}"], ["10.96.0.7"]),
        ([f"WEB.{ZONE}", "+noedns"], ["10.96.0.7"]),
        ([f"web.{ZONE}", "+tcp"], ["10.96.0.7"]),
        ([f"web.{ZONE}", "+nocookie", "+dnssec"], ["10.96.0.7"]),
        ([f"crew-1.crew.{ZONE}"], ["10.244.0.6"]),
        ([f"_http._tcp.web.{ZONE}", "SRV"], [f"0 100 80 web.{ZONE}."]),
        (["-x", "10.96.0.7"], [f"web.{ZONE}."]),
        (["-x", "10.244.0.5"], [f"crew-0.crew.{ZONE}."]),
    ],
)
async def test_dig_is_told_every_kind_of_name(
    node: Node, question: list[str], expected: list[str]
) -> None:
    assert await node.short(*question) == expected


async def test_several_questions_share_a_tcp_connection(node: Node) -> None:
    names = [f"web.{ZONE}", f"crew-0.crew.{ZONE}", f"crew-1.crew.{ZONE}"]
    assert await node.short("+tcp", "+keepopen", *names) == [
        "10.244.0.5",
        "10.244.0.6",
        "10.96.0.7",
    ]


async def test_dig_asks_again_by_tcp_when_an_answer_was_cut(node: Node) -> None:
    many = [f"10.244.1.{n}" for n in range(100)]
    node.assignments.update([endpoints("crew", *many)], [], 2)
    found: list[str] = []

    async def all_there() -> bool:
        found[:] = await node.short(f"crew.{ZONE}")
        return len(found) == 100

    async with asyncio.timeout(30):
        while not await all_there():
            continue
    assert found == sorted(many)
    assert "Truncated, retrying in TCP" in await node.dig(f"crew.{ZONE}")


async def test_names_follow_services_and_endpoints(node: Node) -> None:
    node.assignments.update(
        [service("late", clusterIP="10.96.0.8"), endpoints("crew", "10.244.0.9")],
        [("services", ("default", "web"))],
        2,
    )
    await asyncio.sleep(0)
    assert await node.short(f"late.{ZONE}") == ["10.96.0.8"]
    assert await node.short(f"crew.{ZONE}") == ["10.244.0.9"]
    assert "status: NXDOMAIN" in await node.dig(f"web.{ZONE}")


async def test_endpoints_without_a_proper_address_keep_no_other_names_away(node: Node) -> None:
    node.assignments.update(
        [endpoints("crew", "nowhere"), service("late", clusterIP="10.96.0.8")], [], 2
    )
    await asyncio.sleep(0)
    assert await node.short(f"late.{ZONE}") == ["10.96.0.8"]
    assert "status: NXDOMAIN" in await node.dig(f"crew.{ZONE}")


async def test_other_names_come_from_the_servers_that_resolv_conf_names_now(node: Node) -> None:
    other = "127.0.0.12"
    async with (
        fake_server(UPSTREAM, node.upstream_port, says("A 192.0.2.1", ttl=0)),
        fake_server(other, node.upstream_port, says("A 192.0.2.2", ttl=0)),
    ):
        assert await node.short("example.org") == ["192.0.2.1"]
        assert await node.short(f"ext.{ZONE}") == ["192.0.2.1", "www.example.org."]
        node.resolv_conf.write_text(f"nameserver {ADDRESS}\nnameserver {other}\n")
        assert await node.short("example.org") == ["192.0.2.2"]


async def test_a_port_that_is_taken_is_told_and_taken_when_it_is_free(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.assignments.set_cluster(info())
    node.assignments.replace([service("web", clusterIP="10.96.0.7")], 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", node.port))
        node.dns.serve(ADDRESS)
        task = asyncio.create_task(node.dns.run())
        await eventually(lambda: bool(node.told))
    assert f"another program has port {node.port}" in node.told[0]
    async with asyncio.timeout(30):
        while await node.short(f"web.{ZONE}") != ["10.96.0.7"]:
            continue
    assert len(node.told) == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_questions_that_come_before_the_first_synchronisation_are_answered_after_it(
    tmp_path: Path,
) -> None:
    node = Node(tmp_path)
    node.assignments.set_cluster(info())
    node.dns.serve(ADDRESS)
    task = asyncio.create_task(node.dns.run())
    await asyncio.sleep(0)
    asked = asyncio.create_task(node.short(f"web.{ZONE}"))
    await asyncio.sleep(0.2)
    assert not asked.done()
    node.assignments.replace([service("web", clusterIP="10.96.0.7")], 1)
    assert await asked == ["10.96.0.7"]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_silent_and_surplus_tcp_clients_are_hung_up_on(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp_server, "IDLE", 0.2)
    monkeypatch.setattr(tcp_server, "MOST_CONNECTIONS", 1)
    await eventually(lambda: _listens(node.port))
    reader, writer = await asyncio.open_connection(ADDRESS, node.port)
    surplus, other = await asyncio.open_connection(ADDRESS, node.port)
    async with asyncio.timeout(30):
        with contextlib.suppress(ConnectionError):
            assert await surplus.read() == b""
        assert await reader.read() == b""
    writer.close()
    other.close()


async def test_a_tcp_client_that_never_reads_is_hung_up_on_in_the_end(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp_server, "IDLE", 0.2)
    node.assignments.update([endpoints("crew", *(f"10.244.1.{n}" for n in range(200)))], [], 2)
    await eventually(lambda: _listens(node.port))
    question = dns.message.make_query(f"crew.{ZONE}", "A").to_wire()
    for size in (4_000, 40):  # the server stops to read, or has read all that there is
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            client.setblocking(False)
            await asyncio.get_running_loop().sock_connect(client, (ADDRESS, node.port))
            with contextlib.suppress(BlockingIOError):
                client.send((len(question).to_bytes(2) + question) * size)
            await eventually(lambda: bool(_server_sockets(node.port)))
            client.shutdown(socket.SHUT_WR)
            await eventually(lambda: not _server_sockets(node.port))


def _server_sockets(port: int) -> list[str]:
    """The server's ends of connections, as the kernel lists them."""
    mine = f":{port:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ours = [row for row in rows if row[1].endswith(mine) and row[9] != "0"]
    return [" ".join(row) for row in ours if row[3] != "0A"]  # which listens


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((ADDRESS, port)) == 0

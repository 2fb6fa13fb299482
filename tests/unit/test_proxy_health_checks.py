"""What load balancers are told of a node, on which ports, and when a port cannot be had."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from mk8s_agent.assignments import Key
from mk8s_agent.proxy import health_checks
from mk8s_agent.proxy.desired import HealthCheck, health_check
from mk8s_agent.proxy.health_checks import HealthChecks, answer

from minikube8s.api.views import Service
from tests.support.netlab import eventually
from tests.support.ports import free_port
from tests.support.servedservices import HERE, endpoint, service, slice_of

KEY = ("shop", "web")


def balanced(**spec: object) -> Service:
    wanted = {
        "type": "LoadBalancer",
        "externalTrafficPolicy": "Local",
        "healthCheckNodePort": 31000,
    }
    return service(**wanted | spec)


def test_ready_endpoints_of_this_node_are_counted_once_each() -> None:
    here = endpoint("10.244.1.2")
    unready = endpoint("10.244.1.3", state="unready")
    going = endpoint("10.244.1.4", state="terminating")
    slices = [slice_of(here, unready, going, endpoint("10.244.2.2", "n2")), slice_of(here)]
    assert health_check(balanced(), slices, HERE) == HealthCheck("shop", "web", 31000, 1)


@pytest.mark.parametrize(
    "spec", [{"type": "NodePort"}, {"externalTrafficPolicy": "Cluster"}, {"healthCheckNodePort": 0}]
)
def test_only_load_balancers_that_need_local_endpoints_ask(spec: dict[str, object]) -> None:
    assert health_check(balanced(**spec), [], HERE) is None


@pytest.mark.parametrize(
    ("count", "healthy", "status"), [(2, True, 200), (0, True, 503), (2, False, 503)]
)
def test_the_answer_is_kube_proxys(count: int, healthy: bool, status: int) -> None:
    told = answer(HealthCheck("shop", "web", 31000, count), b"GET / HTTP/1.1\r\n", healthy=healthy)
    head, _, body = told.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert f"X-Load-Balancing-Endpoint-Weight: {count}".encode() in head
    assert json.loads(body) == {
        "service": {"namespace": "shop", "name": "web"},
        "localEndpoints": count,
        "serviceProxyHealthy": healthy,
    }


@dataclass
class World:
    """The servers at work, what they are asked to be, and what failed."""

    checks: HealthChecks
    wanted: dict[Key, HealthCheck]
    failed: list[str] = field(default_factory=list)

    def want(self, port: int, count: int) -> None:
        self.wanted[KEY] = HealthCheck(*KEY, port, count)
        self.checks.changed(KEY)

    async def status(self, port: int) -> int:
        """The status that is answered; 0: nobody listens, -1: hung up."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            return 0
        except ConnectionError:
            return -1
        try:
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            line = await reader.readline()
        except ConnectionError:
            line = b""
        finally:
            writer.close()
        return int(line.split()[1]) if line else -1

    async def until(self, port: int, status: int) -> None:
        async with asyncio.timeout(10):
            while await self.status(port) != status:
                pass


@pytest.fixture
async def world() -> AsyncIterator[World]:
    wanted: dict[Key, HealthCheck] = {}
    failed: list[str] = []
    checks = HealthChecks(wanted.get, lambda: True, lambda _key, _port, why: failed.append(why))
    running = asyncio.create_task(checks.run())
    yield World(checks, wanted, failed)
    running.cancel()
    await asyncio.wait([running])


async def test_ports_open_change_and_close_with_their_service(world: World) -> None:
    first, second = free_port(), free_port()
    world.want(first, 1)
    await world.until(first, 200)
    world.want(first, 0)
    await world.until(first, 503)
    world.want(second, 1)
    await world.until(second, 200)
    assert await world.status(first) == 0
    world.wanted.clear()
    world.checks.changed(KEY)
    await world.until(second, 0)


async def test_a_port_that_another_program_has_is_told_and_taken_when_it_is_free(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_checks, "_RETRY_SECONDS", 0.05)
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        world.want(port, 1)
        await eventually(lambda: bool(world.failed))
    assert world.failed[0] == f"listen tcp :{port}: bind: address already in use"
    await world.until(port, 200)


async def test_what_is_no_request_gets_no_answer_and_many_connections_are_hung_up_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_checks, "_REQUEST_SECONDS", 0.2)
    monkeypatch.setattr(health_checks, "_CONNECTIONS", 1)
    port = free_port()
    world.want(port, 1)
    await world.until(port, 200)
    held_reader, held = await asyncio.open_connection("127.0.0.1", port)
    await world.until(port, -1)
    assert await held_reader.read() == b""
    held.close()
    await world.until(port, 200)

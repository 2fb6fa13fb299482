"""Which ports lead where, and at which addresses mk8s listens for them."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from minikube8s.cli.connection.client import ApiFailure
from minikube8s.cli.errors import CommandError
from minikube8s.cli.forwarding import listening, ports
from minikube8s.cli.forwarding.listening import Forwarder
from minikube8s.cli.forwarding.ports import Pair

POD = {
    "metadata": {"name": "web"},
    "spec": {
        "containers": [
            {"ports": [{"name": "http", "containerPort": 8080}]},
            {"ports": [{"containerPort": 53, "protocol": "UDP"}]},
        ]
    },
}


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("80", Pair(80, 80)),
        ("8000:80", Pair(8000, 80)),
        (":80", Pair(0, 80)),
        ("0:80", Pair(0, 80)),
        ("http", Pair(8080, 8080)),
        ("80:http", Pair(80, 8080)),
    ],
)
def test_ports_of_a_pod_are_numbers_or_names(text, pair):
    assert ports.of_pod(POD, text) == pair


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("https", "Pod 'web' does not have a named port 'https'"),
        ("1:2:3", "is no pair of ports"),
        ("a:80", "is no pair of ports"),
        ("80:", "is no pair of ports"),
        ("70000", "70000 is no port"),
        ("0", "0 is no port"),
        ("80:0", "0 is no port"),
        ("53", "UDP protocol is not supported for 53"),
    ],
)
def test_what_is_no_port_of_a_pod_is_told(text, error):
    with pytest.raises(CommandError, match=error):
        ports.of_pod(POD, text)


def service(*listed, **spec):
    return {"metadata": {"name": "web"}, "spec": {"ports": list(listed), **spec}}


NAMED = {"name": "https", "port": 443, "targetPort": "http"}


@pytest.mark.parametrize(
    ("listed", "text", "pair"),
    [
        (service({"port": 80, "targetPort": 8080}), "80", Pair(80, 8080)),
        (service({"port": 80}), "80", Pair(80, 80)),
        (service(NAMED), "443", Pair(443, 8080)),
        (service(NAMED), "https", Pair(443, 8080)),
        (service(NAMED), "8443:https", Pair(8443, 8080)),
        (service(NAMED), ":443", Pair(0, 8080)),
        (service({"port": 80, "targetPort": 8080}, clusterIP="None"), "80", Pair(80, 80)),
    ],
)
def test_ports_of_a_service_lead_to_those_of_its_pods(listed, text, pair):
    assert ports.of_service(listed, POD, text) == pair


@pytest.mark.parametrize(
    ("listed", "text", "error"),
    [
        (service(NAMED), "80", "Service web does not have a service port 80; it has 443"),
        (service(NAMED), "x", "Service web does not have a port named x; it has 443"),
        (service({"port": 53, "protocol": "UDP"}), "53", "UDP protocol is not supported"),
        (service({"port": 80, "targetPort": "nope"}), "80", "does not have a named port 'nope'"),
    ],
)
def test_what_is_no_port_of_a_service_is_told(listed, text, error):
    with pytest.raises(CommandError, match=error):
        ports.of_service(listed, POD, text)


def test_localhost_is_of_both_families_and_one_is_enough():
    both = [("127.0.0.1", True), ("::1", True)]
    assert ports.addresses(["localhost"]) == both
    assert ports.addresses(["localhost,10.0.0.1", "::"]) == [
        *both,
        ("10.0.0.1", False),
        ("::", False),
    ]
    with pytest.raises(CommandError, match="foo is not a valid IP"):
        ports.addresses(["foo"])


class Echo:
    """A pod's port that says back what it hears."""

    def __init__(self) -> None:
        self._said: asyncio.Queue[bytes | None] = asyncio.Queue()
        for channel in (0, 1):
            self._said.put_nowait(bytes([channel, 80, 0]))

    async def send(self, channel, data):
        self._said.put_nowait(bytes([channel]) + data)

    async def receive(self):
        return await self._said.get()

    def close(self):
        self._said.put_nowait(None)


class Garbled(Echo):
    """A server that sends what is no frame."""

    async def receive(self):
        raise ValueError("a server does not mask its frames")


class PlayedClient:
    """A server that knows the pods at some paths."""

    def __init__(self, *paths, pod=Echo):
        self.paths = set(paths)
        self.pod = pod
        self.asked = []

    async def websocket(self, path, query, protocol):
        self.asked.append((path, query))
        if path not in self.paths:
            raise ApiFailure({"reason": "NotFound", "message": "no such pod"})
        return self.pod()


@contextlib.asynccontextmanager
async def forwarding(client, choose, capsys):
    forwarder = Forwarder(client, "/old", choose)
    serving = asyncio.create_task(forwarder.serve([Pair(0, 80)], [("127.0.0.1", False)]))
    said = ""
    async with asyncio.timeout(10):
        while "->" not in said:
            await asyncio.sleep(0.01)
            said += capsys.readouterr().out
        try:
            yield int(said.split(":")[1].split()[0]), serving
        finally:
            serving.cancel()


async def spoken(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"hello")
    try:
        return await reader.read(100)
    finally:
        writer.close()


async def test_when_the_pod_is_gone_the_next_connection_gets_another_one(capsys):
    client = PlayedClient("/new")
    async with forwarding(client, lambda: "/new", capsys) as (port, _):
        assert [await spoken(port), await spoken(port)] == [b"hello", b"hello"]
    assert [path for path, _ in client.asked] == ["/old", "/new", "/new"]
    assert client.asked[0][1] == [("ports", "80")]


async def test_without_another_pod_the_forwarding_is_over(capsys):
    def choose() -> str:
        raise CommandError("nothing is left")

    async with forwarding(PlayedClient(), choose, capsys) as (port, serving):
        assert await spoken(port) == b""
        with pytest.raises(CommandError, match="lost connection to pod: nothing is left"):
            await serving


async def test_a_server_that_talks_nonsense_costs_one_connection(capsys):
    async with forwarding(PlayedClient("/old", pod=Garbled), lambda: "/old", capsys) as (port, _):
        with contextlib.suppress(ConnectionResetError):
            assert await spoken(port) == b""
        told = capsys.readouterr().err
        assert told.endswith("-> 80: a server does not mask its frames\n")


async def test_who_has_hung_up_is_not_kept_connected_to_a_silent_pod(capsys, monkeypatch):
    monkeypatch.setattr(listening, "LINGER_SECONDS", 0.01)
    gone = asyncio.Event()

    class Silent(Echo):
        async def receive(self):
            await asyncio.Event().wait()

        def close(self):
            gone.set()

    async with forwarding(PlayedClient("/old", pod=Silent), lambda: "/old", capsys) as (port, _):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        assert not gone.is_set()
        writer.close()
        await gone.wait()
    assert not capsys.readouterr().err


async def test_who_learns_late_that_the_pod_is_gone_gets_the_other_one_too(capsys):
    other_is_found, late = asyncio.Event(), asyncio.Event()

    class Slow(PlayedClient):
        async def websocket(self, path, query, protocol):
            if path == "/old" and self.asked:
                late.set()
                await other_is_found.wait()
            return await super().websocket(path, query, protocol)

    client = Slow("/new")
    async with forwarding(client, lambda: "/new", capsys) as (port, _):
        client.asked.append("")
        waiting = asyncio.create_task(spoken(port))
        await late.wait()
        client.asked.clear()
        assert await spoken(port) == b"hello"
        other_is_found.set()
        assert await waiting == b"hello"


async def test_the_end_of_the_program_is_no_failure_of_its_connections(capsys):
    failures, begun = [], asyncio.Event()
    asyncio.get_running_loop().set_exception_handler(lambda _, told: failures.append(told))

    class Silent(Echo):
        async def receive(self):
            begun.set()
            await asyncio.Event().wait()

    async with forwarding(PlayedClient("/old", pod=Silent), lambda: "/old", capsys) as (port, _):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        await begun.wait()
        every = asyncio.all_tasks() - {asyncio.current_task()}
        for task in every:
            task.cancel()
        await asyncio.wait(every)
        await asyncio.sleep(0)
        writer.close()
    assert not failures

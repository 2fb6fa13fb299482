"""A Service's address is where a node announces it: the link's other machines follow at once."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.netlab import eventually, inside, kernel_state
from tests.support.netnode import Node, join_up, shared_link

ADDRESS = "192.0.2.200"


@pytest.fixture
def link(tmp_path: Path) -> Iterator[list[Node]]:
    with shared_link(tmp_path) as nodes:
        join_up(nodes)
        yield nodes


def has(node: Node, address: str = ADDRESS) -> bool:
    return f"{address}/32 scope global lb:test" in node.run("ip addr show uplink")


def reached(client: Node) -> str:
    """The node that a client of the link finds behind the address."""
    with (
        suppress(OSError),
        inside(client.space),
        socket.create_connection((ADDRESS, 8099), 0.3) as connection,
    ):
        connection.settimeout(0.3)
        return connection.recv(32).decode()
    return ""


@pytest.fixture
def servers(link: list[Node]) -> Iterator[None]:
    listeners = []
    for node in link[:2]:
        with inside(node.space):
            listener = socket.create_server(("0.0.0.0", 8099))
        listeners.append(listener)

        def serve(listener: socket.socket = listener, name: str = node.name) -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.sendall(name.encode())

        threading.Thread(target=serve, daemon=True).start()
    yield
    for listener in listeners:
        # a thread in accept() holds the socket open: only this wakes it
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


async def test_clients_follow_an_address_from_one_node_to_another(
    link: list[Node], servers: None
) -> None:
    one, two, client = link
    one.announces(ADDRESS)
    await eventually(lambda: reached(client) == "node1")
    # the client now knows one's hardware address, and only an announcement tells it better: by
    # itself it would hold to that for a quarter of a minute at least
    one.announces()
    await eventually(lambda: not has(one))
    two.announces(ADDRESS)
    await eventually(lambda: has(two))
    await eventually(lambda: reached(client) == "node2", 10.0)


async def test_an_address_that_is_taken_away_is_taken_again(link: list[Node]) -> None:
    one = link[0]
    one.announces(ADDRESS)
    await eventually(lambda: has(one))
    one.run(f"ip addr del {ADDRESS}/32 dev uplink")
    await eventually(lambda: has(one))


async def test_an_agent_that_was_killed_finds_its_addresses_and_removes_the_stale_ones(
    link: list[Node],
) -> None:
    one = link[0]
    one.announces(ADDRESS, "192.0.2.201")
    await eventually(lambda: has(one) and has(one, "192.0.2.201"))
    one.kill()
    one.start()
    one.setup()
    assert has(one)
    one.announces("192.0.2.201")
    await eventually(lambda: not has(one))
    assert has(one, "192.0.2.201")


async def test_removal_takes_the_addresses_along(link: list[Node], tmp_path: Path) -> None:
    one = link[0]
    one.ask("remove")
    with inside(one.space):
        before = kernel_state()
    one.kill()
    one.start()
    one.setup()
    one.announces(ADDRESS)
    await eventually(lambda: has(one))
    one.ask("remove")
    with inside(one.space):
        assert kernel_state() == before

"""What must hold before a cluster starts, and the sentences where it does not."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from minikube8s.cluster.checkup import preflight
from minikube8s.cluster.config import Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.kit.localaddresses import LocalAddress

HEALTHY = b"HTTP/1.0 200 OK\r\n\r\nOK"


@contextlib.contextmanager
def answering(listener: socket.socket, answer: bytes) -> Iterator[None]:
    """Whatever is asked there is answered so."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(1024)
                    connection.sendall(answer)

    listener.listen()
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        listener.close()


def an_engine(place: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(place))
    return listener


def test_an_engine_that_answers_is_taken_wherever_it_listens(tmp_path: Path) -> None:
    with answering(an_engine(tmp_path / "s"), HEALTHY):
        preflight.require_engine(f"unix://{tmp_path}/s")
    listener = socket.create_server(("127.0.0.1", 0))
    with answering(listener, HEALTHY):
        preflight.require_engine(f"tcp://127.0.0.1:{listener.getsockname()[1]}")


@pytest.mark.parametrize(
    ("answer", "told"),
    [(b"HTTP/1.0 500 no\r\n", "healthy Docker engine: HTTP/1.0 500 no"), (b"", "engine: nothing")],
)
def test_an_engine_that_is_not_well_is_told_with_what_it_says(
    tmp_path: Path, answer: bytes, told: str
) -> None:
    with (
        answering(an_engine(tmp_path / "s"), answer),
        pytest.raises(ClusterError, match=told),
    ):
        preflight.require_engine(f"unix://{tmp_path}/s")


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("unix:///nowhere", r"at unix:///nowhere \(No such file or directory\)\. Start it"),
        ("tcp://127.0.0.1:1", r"\(Connection refused\)"),
        ("tcp://127.0.0.1:99999", "port must be 0-65535"),
        ("tcp://a..b:2375", "No Docker engine answers"),
        ("ssh://host", "must read unix:///path or tcp://host:port"),
        ("/var/run/docker.sock", "must read unix:///path or tcp://host:port"),
        (f"unix:///{'x' * 200}", "path too long"),
    ],
)
def test_where_no_engine_can_be_it_is_one_sentence(host: str, told: str) -> None:
    with pytest.raises(ClusterError, match=told):
        preflight.require_engine(host)


def test_who_may_not_talk_to_the_engine_is_told_to_be_root(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(ClusterError, match=r"may not talk to the Docker engine .*: run as root"):
        preflight.require_engine("unix:///var/run/docker.sock")
    monkeypatch.setattr(os, "geteuid", lambda: 7)
    with pytest.raises(ClusterError, match="`mk8s up` needs root"):
        preflight.require_root("up")


def test_a_port_that_is_taken_is_told_with_who_has_it_and_how_to_choose_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ClusterError) as caught:
            preflight.require_port("127.0.0.1", port, "the agents", "--agent-port")
    told = str(caught.value)
    assert told.startswith(f"Port {port} on 127.0.0.1, for the agents, cannot be used (Address")
    assert "with --agent-port or MK8S_AGENT_PORT." in told
    preflight.require_port("127.0.0.1", 0, "any", "--agent-port")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> list[LocalAddress]:
    """The machine's addresses; it has no routes."""
    found: list[LocalAddress] = [LocalAddress("lo", IPv4Address("127.0.0.1"))]
    monkeypatch.setattr(preflight, "local_addresses", lambda: found)
    monkeypatch.setattr(preflight, "local_routes", list)
    return found


def test_networks_that_this_machine_is_in_are_told_to_who_makes_and_to_who_joins_a_cluster(
    machine: list[LocalAddress],
) -> None:
    settings = Settings(name="c")
    preflight.require_room(settings)
    assert preflight.clashes_apart(settings) == []
    machine.append(LocalAddress("eth0", IPv4Address("10.244.7.1")))
    machine.append(LocalAddress("eth1", IPv4Address("10.244.8.1")))
    with pytest.raises(ClusterError, match=r"10\.244\.0\.0/16 is in use .* eth0 .* --pod-cidr"):
        preflight.require_room(settings)
    (told,) = preflight.clashes_apart(settings)
    assert "eth0 has the address 10.244.7.1" in told and "when it is made" in told
    assert preflight.own_addresses() == ["10.244.7.1", "10.244.8.1"]


def test_a_lab_needs_its_own_network_alone(machine: list[LocalAddress]) -> None:
    settings = Settings(name="c", lab=True)
    machine.append(LocalAddress("eth0", IPv4Address("10.244.7.1")))
    preflight.require_lab_network(settings)
    machine.append(LocalAddress("eth0", IPv4Address("192.168.123.7")))
    with pytest.raises(ClusterError, match=r"lab network 192\.168\.123\.0/24 is in use .*--lab-ci"):
        preflight.require_lab_network(settings)


def test_two_clusters_of_one_name_are_not_made(
    machine: list[LocalAddress], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.append(LocalAddress(preflight.address_label("c"), IPv4Address("10.9.0.1")))
    with pytest.raises(ClusterError, match=r"named c is on this machine already.*--name"):
        preflight.require_room(Settings(name="c"))
    preflight.require_room(Settings(name="d"))
    taken = preflight.namelock.agent_name("c")
    monkeypatch.setattr(preflight.namelock, "is_taken", lambda name: name == taken)
    with pytest.raises(ClusterError, match="named c is on this machine already"):
        preflight.require_own_name("c")
    preflight.require_own_name("d")


EVERYTHING = {"engine", "nftables", "own_address"}


@pytest.mark.parametrize(
    ("how", "more"),
    [
        ({}, set()),
        ({"new": True}, {"room"}),
        ({"ports": True}, {"memory", "ports"}),
        ({"agent": True}, {"memory", "own_name"}),
        ({"lab": True}, {"lab_network"}),
    ],
)
def test_before_a_start_is_looked_at_what_is_about_to_start(
    how: dict[str, Any], more: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: set[str] = set()
    names = EVERYTHING | {"room", "memory", "ports", "own_name", "lab_network"}
    for name in names:
        monkeypatch.setattr(preflight, f"require_{name}", lambda *_, name=name: looked.add(name))
    asked = {"new": False, "ports": False, "agent": False, "lab": False} | how
    preflight.check(Settings(), **asked)
    assert looked == EVERYTHING | more

"""By which address others reach a node, and what happens when that changes."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address

import pytest
from mk8s_agent.node import whereabouts
from mk8s_agent.node.whereabouts import Address, Whereabouts


class Kernel:
    """Which address the kernel would send from, by where to; "" where there is no way."""

    def __init__(self) -> None:
        self.towards: dict[str, str] = {}
        self.default = "127.0.0.1"


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    made = Kernel()

    def towards(host: str, port: int) -> str:
        assert port == 6444
        assert not host or ip_address(host)
        return made.towards.get(host, "")

    monkeypatch.setattr(whereabouts, "_towards", towards)
    monkeypatch.setattr(whereabouts, "default_address", lambda: made.default)
    return made


def watched(
    master: str, given: str = "", *, ipv6: bool = False
) -> tuple[Whereabouts, list[Address], list[str]]:
    moves: list[Address] = []
    missing: list[str] = []
    made = Whereabouts(given, master, ipv6=ipv6, moved=moves.append, missing=missing.append)
    return made, moves, missing


async def test_the_address_is_the_one_by_which_the_master_is_reached(kernel: Kernel) -> None:
    kernel.default = "10.0.2.15"
    kernel.towards["192.168.56.10"] = "192.168.56.11"
    made, moves, _ = watched("192.168.56.10:6444")
    assert made.now == Address("192.168.56.11")
    await made.look()
    assert not moves


async def test_a_machine_without_a_network_gets_its_address_when_that_is_there(
    kernel: Kernel,
) -> None:
    made, moves, _ = watched("192.168.56.10:6444")
    assert made.now == Address("127.0.0.1")
    kernel.towards["192.168.56.10"] = "192.168.56.11"
    await made.look()
    assert moves == [Address("192.168.56.11")]


async def test_a_network_that_is_away_for_a_moment_takes_no_address_away(kernel: Kernel) -> None:
    kernel.default = "192.0.2.1"
    made, moves, _ = watched("127.0.0.1:6444")
    kernel.default = "127.0.0.1"
    await made.look()
    assert made.now == Address("192.0.2.1") and not moves
    kernel.default = "192.0.2.9"
    await made.look()
    assert moves == [Address("192.0.2.9")]


async def test_a_master_known_by_name_is_looked_up_each_time(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel.default = "10.0.2.15"
    kernel.towards |= {"192.168.56.10": "192.168.56.11", "10.9.0.1": "10.9.0.2"}
    answers = iter(["192.168.56.10", OSError("no such name"), "10.9.0.1"])

    async def answer(self: object, host: str, port: int, **_: object) -> list[object]:
        assert host == "master.lab"
        found = next(answers)
        if isinstance(found, OSError):
            raise found
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port))]

    monkeypatch.setattr(type(asyncio.get_running_loop()), "getaddrinfo", answer)
    made, moves, _ = watched("master.lab:6444")
    await made.look()
    assert made.now == Address("192.168.56.11")
    await made.look()
    assert moves == [Address("192.168.56.11")]
    await made.look()
    assert made.now == Address("10.9.0.2")


async def test_a_chosen_address_stays_and_is_told_when_the_machine_has_it_no_more() -> None:
    made, moves, missing = watched("192.0.2.1:6444", "198.51.100.7")
    await made.look()
    assert made.now == Address("198.51.100.7") and not moves
    assert "198.51.100.7 is not on this machine" in missing[-1] and "--node-ip" in missing[-1]
    here, _, missing = watched("192.0.2.1:6444", "127.0.0.1")
    await here.look()
    assert missing == [""]


async def test_of_two_families_each_is_chosen_or_found(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel.default = "10.0.2.15"
    monkeypatch.setattr(whereabouts, "default_address_ipv6", lambda: "fd00::7")
    assert watched("10.0.2.2:6444", "10.0.2.9,fd00::9")[0].now == Address("10.0.2.9", "fd00::9")
    assert watched("10.0.2.2:6444", "10.0.2.9", ipv6=True)[0].now == Address("10.0.2.9", "fd00::7")
    assert watched("10.0.2.2:6444", ipv6=True)[0].now == Address("10.0.2.15", "fd00::7")
    assert watched("10.0.2.2:6444")[0].now == Address("10.0.2.15", "")


@pytest.mark.parametrize("host", ["[::1]", "127.0.0.1"])
def test_towards_a_master_on_this_machine_the_default_address_counts(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setattr(whereabouts, "default_address", lambda: "192.0.2.1")
    assert watched(f"{host}:6444")[0].now == Address("192.0.2.1")

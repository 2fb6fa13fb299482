"""Whom the host asks, from its files."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from mk8s_agent.dns.ports import taken_everywhere
from mk8s_agent.dns.resolvconf import HostResolver, upstreams

from tests.support.ports import free_port

STUB = "nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch corp.example\n"
BEHIND = "nameserver 192.0.2.53\nnameserver 192.0.2.54\nsearch corp.example\n"


@pytest.mark.parametrize(
    ("resolv_conf", "behind", "expected"),
    [
        ("nameserver 192.0.2.1\n", BEHIND, ("192.0.2.1",)),
        (STUB, BEHIND, ("192.0.2.53", "192.0.2.54")),
        (STUB, None, ("127.0.0.53",)),
        (STUB, "search corp.example\n", ("127.0.0.53",)),
        (STUB + "nameserver 192.0.2.1\n", BEHIND, ("127.0.0.53", "192.0.2.1")),
        ("# nameserver 127.0.0.53\nnameserver 192.0.2.1 # mine\n", BEHIND, ("192.0.2.1",)),
        (None, BEHIND, ()),
    ],
)
def test_the_servers_behind_a_stub_count_where_there_is_nothing_but_the_stub(
    tmp_path: Path, resolv_conf: str | None, behind: str | None, expected: tuple[str, ...]
) -> None:
    files = tmp_path / "resolv.conf", tmp_path / "behind"
    for file, text in zip(files, (resolv_conf, behind), strict=True):
        if text is not None:
            file.write_text(text)
    assert HostResolver(*files).read().nameservers == expected


def test_a_file_that_has_changed_is_read_again_and_only_then(tmp_path: Path) -> None:
    file, target = tmp_path / "resolv.conf", tmp_path / "target"
    file.write_text("nameserver 192.0.2.1\n")
    host = HostResolver(file, tmp_path / "none")
    first = host.read()
    assert host.read() is first
    target.write_text("nameserver 192.0.2.2\n")
    file.unlink()
    file.symlink_to(target)
    assert host.read().nameservers == ("192.0.2.2",)
    target.unlink()
    assert host.read().nameservers == ()


def test_own_addresses_and_what_is_no_address_are_not_asked() -> None:
    named = ["10.96.0.10", "192.0.2.1", "dns.example", "192.0.2.1", "fe80::1%eth0", "2001:db8::1"]
    assert upstreams(named, ["10.96.0.10"]) == ("192.0.2.1", "fe80::1%eth0", "2001:db8::1")


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_program_that_has_the_port_everywhere_is_noticed_and_one_beside_us_is_not(
    kind: socket.SocketKind,
) -> None:
    port = free_port()
    for address, taken in (("0.0.0.0", True), ("127.0.0.53", False)):
        with socket.socket(socket.AF_INET, kind) as other:
            other.bind((address, port))
            if kind is socket.SOCK_STREAM:
                other.listen()
            assert taken_everywhere(port) is taken

"""What lies below a request: proxies, addresses and what refusals are called."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from minikube8s.cli.connection.dialing import Proxy, dial, matches, proxy_for
from minikube8s.cli.connection.statuses import sentence, status_of
from minikube8s.cli.connection.trust import show
from minikube8s.cli.connection.wire import Wire, address_of
from minikube8s.cli.errors import CommandError
from minikube8s.cli.kubeconfig.choosing import Access
from tests.support.tlspairs import made_pair


@pytest.mark.parametrize(
    ("server", "wanted"),
    [
        ("https://h:1", ("https", "h", 1, "")),
        ("https://h", ("https", "h", 443, "")),
        ("h:1", ("http", "h", 1, "")),
        ("https://h/k8s/c-1/", ("https", "h", 443, "/k8s/c-1")),
        ("https://[::1]:6443", ("https", "::1", 6443, "")),
    ],
)
def test_a_server_is_an_address_and_a_base(server: str, wanted: tuple[Any, ...]) -> None:
    assert address_of(server) == wanted


@pytest.mark.parametrize(
    "server",
    [
        "ftp://h",
        "https://",
        "https://h:x",
        "ht tp:x",
        "https://h:99999",
        "https://[::1",
        "https://a..b",
        f"https://{'a' * 70}",
        "https://h/\u00fc",
    ],
)
def test_what_is_no_address_is_refused(server: str) -> None:
    with pytest.raises(CommandError, match="is no address of a server"):
        address_of(server)


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ("*", True), ("h.example", True), (".example", True), ("example", True),
        ("*.example", True), ("h.example:443", True), ("h.example:80", False),
        ("other", False), ("", False), ("ample", False), ("10.0.0.0/8", False),
    ],
)  # fmt: skip
def test_no_proxy_names_hosts_domains_and_networks(rule: str, wanted: bool) -> None:
    assert matches("h.example", 443, rule) is wanted


def test_no_proxy_names_networks() -> None:
    assert matches("10.1.2.3", 443, "10.0.0.0/8")
    assert not matches("11.1.2.3", 443, "10.0.0.0/8")


def test_the_kubeconfigs_proxy_counts_more_than_the_environments() -> None:
    environment = {"HTTPS_PROXY": "http://env:1", "NO_PROXY": "b.example"}
    assert str(proxy_for("https", "a.example", 443, "", environment, "c")) == "http://env:1"
    assert str(proxy_for("https", "a.example", 443, "http://own", environment, "c")) == (
        "http://own:80"
    )
    assert proxy_for("https", "b.example", 443, "", environment, "c") is None
    assert proxy_for("https", "127.0.0.1", 443, "", environment, "c") is None
    with pytest.raises(CommandError, match="invalid 'proxy-url'"):
        proxy_for("https", "a.example", 443, "ftp://x", environment, "c")


@pytest.mark.parametrize("url", ["https://me:word@x:1", "me:word@x:99999", "http://me:word@a..b"])
def test_a_proxy_that_cannot_be_used_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(CommandError, match="invalid 'proxy-url'") as refused:
        Proxy(url, "c")
    assert "word" not in str(refused.value)


def test_a_server_without_tls_is_not_told_who_asks() -> None:
    access = Access()
    access.token, access.as_user = "abc", "eve"
    access.server = "http://127.0.0.1:1"
    assert Wire(access).identity() == [("Impersonate-User", "eve")]
    assert "https://" in Wire(access).unknown()
    access.server = "https://127.0.0.1:1"
    assert ("Authorization", "Bearer abc") in Wire(access).identity()


def played_proxy(answers: list[bytes]) -> tuple[int, list[bytes], threading.Thread]:
    """A proxy that gives fixed answers; its port, what it heard, and its thread."""
    listening = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []

    def play() -> None:
        with listening, listening.accept()[0] as connection:
            for answer in answers:
                heard.append(connection.recv(4096))
                connection.sendall(answer)

    thread = threading.Thread(target=play, daemon=True)
    thread.start()
    return listening.getsockname()[1], heard, thread


def test_an_http_proxy_is_asked_for_a_tunnel() -> None:
    port, heard, thread = played_proxy([b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nhello"])
    with dial("h.example", 443, 5, Proxy(f"http://me:word@127.0.0.1:{port}", "c")) as connection:
        assert connection.recv(5) == b"hello"
    thread.join(5)
    assert heard[0].startswith(b"CONNECT h.example:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic bWU6d29yZA==" in heard[0]


def test_a_socks_proxy_is_told_the_hosts_name() -> None:
    answers = [b"\x05\x02", b"\x01\x00", b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50hello"]
    port, heard, thread = played_proxy(answers)
    with dial("h.example", 443, 5, Proxy(f"socks5://me:word@127.0.0.1:{port}", "c")) as connection:
        assert connection.recv(5) == b"hello"
    thread.join(5)
    assert heard == [
        b"\x05\x02\x00\x02",
        b"\x01\x02me\x04word",
        b"\x05\x01\x00\x03\x09h.example\x01\xbb",
    ]


@pytest.mark.parametrize(
    ("host", "wanted"),
    [("10.1.2.3", b"\x01\x0a\x01\x02\x03"), ("fd00::1", b"\x04\xfd" + bytes(14) + b"\x01")],
)
def test_a_socks_proxy_is_told_addresses_as_such(host: str, wanted: bytes) -> None:
    port, heard, thread = played_proxy([b"\x05\x00", b"\x05\x00\x00\x01" + bytes(6)])
    dial(host, 443, 5, Proxy(f"socks5://127.0.0.1:{port}", "c")).close()
    thread.join(5)
    assert heard[1] == b"\x05\x01\x00" + wanted + b"\x01\xbb"


@pytest.mark.parametrize(
    ("scheme", "answers", "message"),
    [
        ("http", [b"HTTP/1.1 407 Authenticate\r\n\r\n"], "lets nobody through to .*407"),
        ("http", [b""], "closed the connection"),
        ("socks5", [b"\x05\xff"], "wants a user and password"),
        ("socks5", [b"\x05\x00", b"\x05\x05\x00\x01"], "does not reach h.example:443"),
    ],
)
def test_a_proxy_that_refuses_is_named(scheme: str, answers: list[bytes], message: str) -> None:
    port, _, thread = played_proxy(answers)
    with pytest.raises(CommandError, match=message):
        dial("h.example", 443, 5, Proxy(f"{scheme}://127.0.0.1:{port}", "c"))
    thread.join(5)


def test_a_key_with_a_password_is_refused_instead_of_asked_for(tmp_path: Path) -> None:
    certificate, key = made_pair("x")
    (tmp_path / "key").write_text(key)
    locked = subprocess.run(
        ["openssl", "pkcs8", "-topk8", "-in", tmp_path / "key", "-passout", "pass:word"],
        check=True, capture_output=True,
    ).stdout  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    show(context, certificate.encode(), key.encode())
    with pytest.raises(CommandError, match="the client key is encrypted"):
        show(context, certificate.encode(), locked)


@pytest.mark.parametrize(
    ("code", "body", "wanted"),
    [
        (
            404,
            b"404 page not found",
            "(NotFound): the server could not find the requested resource (4",
        ),
        (
            503,
            b"<html>down</html>",
            "(ServiceUnavailable): the server is currently unable to handle",
        ),
        (418, b"", "Error from server: an error on the server (HTTP 418) has prevented"),
        (401, b"", "error: You must be logged in to the server (the server has asked for"),
        (409, b'{"kind":"Status","reason":"AlreadyExists","message":"m"}', "(AlreadyExists): m"),
    ],
)
def test_any_refusal_becomes_a_sentence(code: int, body: bytes, wanted: str) -> None:
    assert wanted in sentence(status_of(code, body))


def test_what_is_invalid_is_told_cause_by_cause() -> None:
    causes = [{"field": "a", "message": "bad"}, {"field": "b", "message": "worse"}]
    details = {"kind": "Pod", "name": "x", "causes": causes}
    status = {"reason": "Invalid", "message": "all of it", "details": details}
    assert sentence(status) == 'The Pod "x" is invalid: \n* a: bad\n* b: worse'
    assert sentence({**status, "details": {**details, "causes": causes[:1]}}) == (
        'The Pod "x" is invalid: a: bad'
    )


def test_a_server_that_vanished_is_noticed_however_silent_the_talk_is() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        dial(*server.getsockname(), 5, None) as connection,
    ):
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        seconds = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
        assert 0 < seconds <= 60

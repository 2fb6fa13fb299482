"""What a machine says of a master that it does not get an answer from, and of strange answers."""

from __future__ import annotations

import errno
import http.client
import os
import socket
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import pytest

from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.membership import joining
from minikube8s.cluster.membership.masterclient import MasterClient

MASTER = "10.0.0.5:6443"


def certificate_error(code: int, message: str = "no good") -> ssl.SSLCertVerificationError:
    """As OpenSSL's x509_vfy.h numbers them."""
    error = ssl.SSLCertVerificationError(1, message)
    error.verify_code, error.verify_message = code, message
    return error


def tls_error(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


def os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


NO_WAY = r"no way from this machine to the master at 10\.0\.0\.5:6443 \(.*\): .*`ip route`"
AGAIN = r"hangs up\..*Join again then, with what `mk8s token create --print-join-command`"

TROUBLES: list[tuple[Exception, bool, str]] = [
    (certificate_error(9, "not yet valid"), False, r"\(not yet valid\).*`timedatectl set-ntp"),
    (certificate_error(10, "expired"), False, r"not valid by this machine's clock \(expired\)"),
    (certificate_error(62), False, r"does not name that host: .*--server-names 10\.0\.0\.5`"),
    (certificate_error(64), False, r"does not name that host: .*--server-names 10\.0\.0\.5`"),
    (
        certificate_error(20, "unknown issuer"),
        False,
        r"is not this cluster.s master \(unknown issuer\)",
    ),
    (
        tls_error("WRONG_VERSION_NUMBER"),
        False,
        "speaks no TLS as a master does .* the API server's",
    ),
    (tls_error("TLSV1_ALERT_UNKNOWN_CA"), False, "speaks no TLS as a master does"),
    (tls_error("TLSV1_ALERT_UNKNOWN_CA"), True, AGAIN),
    (http.client.RemoteDisconnected("bye"), True, AGAIN),
    (http.client.RemoteDisconnected("bye"), False, "does not answer: bye"),
    (socket.gaierror(-2, "unknown"), False, r"'10\.0\.0\.5' .* address"),
    (ConnectionRefusedError(), False, "refuses the connection: .*`mk8s up --listen"),
    (TimeoutError(), False, "is silent: either .* a firewall drops what goes to its port"),
    (os_error(errno.EHOSTUNREACH), False, NO_WAY),
    (os_error(errno.ENETUNREACH), False, NO_WAY),
    (os_error(errno.EMFILE), False, "does not answer: .*Too many open files"),
    (http.client.BadStatusLine("220 smtp"), False, "does not answer: 220 smtp"),
    (ValueError("odd"), False, "does not answer: odd"),
]


@pytest.mark.parametrize(("trouble", "identified", "told"), TROUBLES)
def test_whatever_keeps_a_master_from_answering_is_one_sentence(
    trouble: Exception, identified: bool, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = MasterClient(MASTER, None)
    client._identified = identified

    def fail(*_: object) -> None:
        raise trouble

    monkeypatch.setattr(client._connection, "request", fail)
    with pytest.raises(ClusterError, match=told) as caught:
        client.ask("GET", "/version")
    assert str(caught.value).endswith((".", "there")) and "\n" not in str(caught.value)


class Answering:
    """In place of a connection: one answer, at a time that may be another than this machine's."""

    def __init__(self, body: bytes, behind: float = 0.0) -> None:
        self._body, self._behind = body, behind
        self.sock = SimpleNamespace(settimeout=self._bear)
        self.borne = 0.0

    def _bear(self, seconds: float) -> None:
        self.borne = seconds

    def request(self, *_: object) -> None: ...

    def close(self) -> None: ...

    def getresponse(self) -> Any:
        date = format_datetime(datetime.now(UTC) - timedelta(seconds=self._behind), usegmt=True)
        lines = iter(self._body.splitlines())
        return SimpleNamespace(
            status=200,
            getheader=lambda *_: date,
            read=lambda _: self._body,
            readline=lambda _: next(lines, b""),
        )


def answered(
    monkeypatch: pytest.MonkeyPatch, body: bytes, authority: bytes | None = None, **how: float
) -> MasterClient:
    connection = Answering(body, **how)
    monkeypatch.setattr(http.client, "HTTPSConnection", lambda *_, **__: connection)
    context = ssl.create_default_context()
    monkeypatch.setattr(ssl, "create_default_context", lambda **_: context)
    return MasterClient(MASTER, authority)


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b'"text"', b"", b'{"data": []}', b"{}"])
def test_what_is_no_master_is_told_with_where_to_look(
    body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(monkeypatch, body)
    with pytest.raises(ClusterError, match=r"is not the API of an mk8s cluster.*`mk8s status`"):
        joining.find(MASTER, [f"sha256:{'0' * 64}"])


def test_a_clock_that_is_wrong_ends_a_talk_with_a_master_that_is_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before it is believed, who joins tells that with all else that is wrong."""
    client = answered(monkeypatch, b"{}", authority=b"CA", behind=400)
    with pytest.raises(ClusterError, match=r"clock is (399|400) s ahead of the master's"):
        client.ask("GET", "/version")
    client = answered(monkeypatch, b"{}", behind=400)
    assert client.ask("GET", "/version").content == {}
    assert 398 < client.ahead <= 400


def test_a_watch_that_is_quiet_is_borne_longer_than_a_connection_that_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = answered(monkeypatch, b'{"type": "ADDED"}\n{"type": "MODIFIED"}\n')
    assert [event["type"] for event in client.follow("/x")] == ["ADDED", "MODIFIED"]
    connection: Any = client._connection
    assert connection.borne > 30

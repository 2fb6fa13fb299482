"""Owns talking to another machine's master before anything of it is known: HTTP, TLS, sentences.

Standard library only.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, NamedTuple

from minikube8s.cluster.errors import ClusterError

_CONNECT_SECONDS = 10.0
_SILENT_SECONDS = 40.0
_SKEW_SECONDS = 300.0
"""How far clocks may differ: certificates begin so much before they are made."""
_NOT_YET_VALID = 9
_EXPIRED = 10
_WRONG_HOST = (62, 64)
"""OpenSSL's numbers of what is wrong with a certificate."""


class Answer(NamedTuple):
    """An HTTP status and the decoded JSON, None where the body was none."""

    code: int
    content: dict[str, Any] | None


class MasterClient:
    """One master's API at host:port, as the bearer of a token, by a certificate, or as nobody.

    Without an `authority` (PEM) whoever answers is believed. Every method raises ClusterError.
    """

    def __init__(
        self,
        master: str,
        authority: bytes | None,
        *,
        token: str = "",
        identity: tuple[Path, Path] | None = None,
    ) -> None:
        host, _, port = master.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise ClusterError(
                f"{master!r} does not say where the master is: it must read HOST:PORT, with the "
                "API server's port (6443 unless it was changed)."
            )
        self.master = master
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        context = ssl.create_default_context(
            cadata=authority.decode() if authority is not None else None
        )
        if authority is None:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if identity is not None:
            context.load_cert_chain(*identity)
        self._connection = http.client.HTTPSConnection(
            host.strip("[]"), int(port), context=context, timeout=_CONNECT_SECONDS
        )

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def ask(self, method: str, path: str, body: object = None) -> Answer:
        """Send one request and return what is answered."""
        with self._told():
            response = self._send(method, path, body)
            data = response.read()
        try:
            content = json.loads(data)
        except ValueError:
            content = None
        return Answer(response.status, content if isinstance(content, dict) else None)

    def follow(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield the events of a watch until it ends."""
        with self._told():
            response = self._send("GET", path, None)
            if self._connection.sock is not None:
                self._connection.sock.settimeout(_SILENT_SECONDS)
            while line := response.readline():
                yield json.loads(line)

    def _send(self, method: str, path: str, body: object) -> http.client.HTTPResponse:
        data = None if body is None else json.dumps(body).encode()
        headers = self._headers | ({"Content-Type": "application/json"} if data else {})
        self._connection.request(method, path, data, headers)
        response = self._connection.getresponse()
        self.check_clock(response.getheader("Date", ""))
        return response

    def check_clock(self, date: str) -> None:
        """Compare with what an answer's Date header says. Raises ClusterError."""
        try:
            theirs = parsedate_to_datetime(date).timestamp()
        except ValueError:
            return
        if abs(theirs - time.time()) > _SKEW_SECONDS:
            raise self._skewed(f"the master's is {abs(theirs - time.time()):.0f} s off")

    def _skewed(self, how: str) -> ClusterError:
        return ClusterError(
            f"The clocks of this machine and of the master at {self.master} differ too much for "
            f"certificates ({how}): set both right, for example with `timedatectl set-ntp true`."
        )

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what can go wrong into a sentence."""
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            if error.verify_code in (_NOT_YET_VALID, _EXPIRED):
                raise self._skewed(error.verify_message) from None
            if error.verify_code in _WRONG_HOST:
                raise ClusterError(
                    f"The certificate of the master at {self.master} does not name that address: "
                    "name one that the master listens on; after a change of addresses run `mk8s "
                    "down` and `mk8s up` there."
                ) from None
            raise ClusterError(
                f"Who answers at {self.master} cannot prove to be the master: "
                f"{error.verify_message}."
            ) from None
        except ssl.SSLError as error:
            raise ClusterError(
                f"What answers at {self.master} speaks no TLS as a master does "
                f"({error.reason or error}): name the API server's port."
            ) from None
        except socket.gaierror:
            host = self.master.rpartition(":")[0]
            raise ClusterError(
                f"The master's host {host!r} is not known: name its address."
            ) from None
        except (ConnectionRefusedError, TimeoutError) as error:
            why = "refuses the connection" if isinstance(error, ConnectionError) else "is silent"
            raise ClusterError(
                f"The master at {self.master} {why}. A master listens on 127.0.0.1 alone unless "
                "it was started with an address that others reach: run `mk8s down` and `mk8s up "
                "--listen 0.0.0.0` there, and see that no firewall is in between."
            ) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ClusterError(f"The master at {self.master} does not answer: {error}.") from None

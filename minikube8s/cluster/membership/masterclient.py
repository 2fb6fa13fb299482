"""Owns talking to another machine's master before anything of it is known: HTTP, TLS, sentences.

Standard library only.
"""

from __future__ import annotations

import contextlib
import errno
import http.client
import json
import re
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
_LARGEST = 32 << 20
"""Bytes of one answer, or of one event: whoever answers need not be a master."""
SKEW_SECONDS = 300.0
"""How far clocks may differ: certificates begin so much before they are made."""
_PLACE = re.compile(r"([\w.-]+|\[[\w:.%]+\]):[0-9]{1,5}")
_NOT_YET_VALID = 9
_EXPIRED = 10
_WRONG_HOST = (62, 64)
"""OpenSSL's numbers of what is wrong with a certificate."""


_SET_RIGHT = "set both clocks right, with `timedatectl set-ntp true` or by installing chrony"


class Answer(NamedTuple):
    """An HTTP status and the decoded JSON, None where the body was none."""

    code: int
    content: dict[str, Any] | None


def require_place(master: str) -> None:
    """Raise ClusterError unless that says where a master's API is."""
    if not _PLACE.fullmatch(master) or not 0 < int(master.rpartition(":")[2]) < 65536:
        raise ClusterError(
            f"{master!r} does not say where the master is: it must read HOST:PORT, with the API "
            "server's port (6443 unless it was changed)."
        )


class MasterClient:
    """One master's API at host:port, as the bearer of a token, by a certificate, or as nobody.

    Without an `authority` (PEM) whoever answers is believed, and nothing comes of a clock that is
    wrong. `ahead` is how many seconds this machine's clock is before the master's, as its last
    answer said. Every method raises ClusterError.
    """

    def __init__(
        self,
        master: str,
        authority: bytes | None,
        *,
        token: str = "",
        identity: tuple[Path, Path] | None = None,
    ) -> None:
        require_place(master)
        host, _, port = master.rpartition(":")
        self.master = master
        self.host = host
        self.ahead = 0.0
        self._trusting = authority is None
        self._identified = identity is not None
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
            data = response.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise ClusterError(
                f"What answers at {self.master} sends more than a master would: name the API "
                "server's address and port, as `mk8s status` shows them on the master."
            )
        try:
            content = json.loads(data)
        except ValueError:
            content = None
        return Answer(response.status, content if isinstance(content, dict) else None)

    def content(self, answer: Answer) -> dict[str, Any]:
        """Return what was answered. Raises ClusterError for a refusal."""
        if answer.code == 401:
            raise ClusterError(
                f"The master at {self.master} does not take the token: it has expired, was "
                "deleted, or is mistyped. Make a new one there: mk8s token create "
                "--print-join-command"
            )
        if answer.code >= 400:
            why = (answer.content or {}).get("message") or f"HTTP status {answer.code}"
            raise ClusterError(f"The master at {self.master} refuses: {why}.")
        return answer.content or {}

    def follow(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield the events of a watch until it ends."""
        with self._told():
            response = self._send("GET", path, None)
            if response.status >= 400:
                self.content(Answer(response.status, json.loads(response.read(_LARGEST))))
            if self._connection.sock is not None:
                self._connection.sock.settimeout(_SILENT_SECONDS)
            while line := response.readline(_LARGEST):
                yield json.loads(line)

    def _send(self, method: str, path: str, body: object) -> http.client.HTTPResponse:
        data = None if body is None else json.dumps(body).encode()
        headers = self._headers | ({"Content-Type": "application/json"} if data else {})
        self._connection.request(method, path, data, headers)
        began = time.time()
        response = self._connection.getresponse()
        self.ahead = ahead(response.getheader("Date", ""), (began + time.time()) / 2)
        if not self._trusting and (wrong := clock_problem(self.ahead)):
            raise ClusterError(wrong)
        return response

    def _turned_away(self) -> ClusterError:
        return ClusterError(
            f"The master at {self.master} hangs up. Unless it has just been stopped, it does not "
            "take this machine's certificate: that has expired, or the cluster was made anew. Join "
            "again then, with what `mk8s token create --print-join-command` prints there."
        )

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what can go wrong into a sentence."""
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            if error.verify_code in (_NOT_YET_VALID, _EXPIRED):
                raise ClusterError(
                    f"The certificate of the master at {self.master} is not valid by this "
                    f"machine's clock ({error.verify_message}), which says "
                    f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} UTC: {_SET_RIGHT}."
                ) from None
            if error.verify_code in _WRONG_HOST:
                raise ClusterError(
                    f"The certificate of the master at {self.master} does not name that host: run "
                    f"`mk8s down` and `mk8s up --server-names {self.host}` there, or name an "
                    "address that it listens on."
                ) from None
            raise ClusterError(
                f"What answers at {self.master} is not this cluster's master "
                f"({error.verify_message}): see the address; if the cluster was made anew, join "
                "again, with what `mk8s token create --print-join-command` prints there."
            ) from None
        except ssl.SSLError as error:
            if self._identified and "ALERT" in (error.reason or ""):
                raise self._turned_away() from None
            raise ClusterError(
                f"What answers at {self.master} speaks no TLS as a master does "
                f"({error.reason or error}): name the API server's port."
            ) from None
        except socket.gaierror:
            raise ClusterError(
                f"The master's name {self.host!r} leads to no address: give the address, or put "
                "the name into /etc/hosts."
            ) from None
        except ConnectionRefusedError:
            raise ClusterError(
                f"The master at {self.master} refuses the connection: nothing listens there. A "
                "master listens on 127.0.0.1 alone unless it was started with an address that "
                "others reach: run `mk8s down` and `mk8s up --listen 0.0.0.0` there."
            ) from None
        except TimeoutError:
            raise ClusterError(
                f"The master at {self.master} is silent: either that is not its address, or a "
                "firewall drops what goes to its port, which must be open."
            ) from None
        except OSError as error:
            if self._identified and isinstance(error, http.client.RemoteDisconnected):
                raise self._turned_away() from None
            if error.errno not in (errno.EHOSTUNREACH, errno.ENETUNREACH):
                raise ClusterError(
                    f"The master at {self.master} does not answer: {error}."
                ) from None
            raise ClusterError(
                f"There is no way from this machine to the master at {self.master} "
                f"({error.strerror}): see the address, and both machines' networks (`ip route`)."
            ) from None
        except (http.client.HTTPException, ValueError) as error:
            raise ClusterError(f"The master at {self.master} does not answer: {error}.") from None


def ahead(date: str, now: float) -> float:
    """How many seconds `now` is after what a Date header says, which leaves out fractions."""
    try:
        theirs = parsedate_to_datetime(date).timestamp()
    except ValueError:
        return 0.0
    early, late = now - theirs - 1, now - theirs
    return early if early > 0 else min(late, 0.0)


def clock_problem(seconds: float) -> str:
    """What is wrong where this machine's clock is so far ahead of the master's; "": nothing."""
    if abs(seconds) <= SKEW_SECONDS:
        return ""
    comes = "is not valid yet here" if seconds < 0 else "ends too early here"
    return (
        f"This machine's clock is {clock_difference(seconds)} the master's, so what is signed "
        f"there {comes}: {_SET_RIGHT}."
    )


def clock_difference(seconds: float) -> str:
    """`42 s behind`, `3 s ahead of`."""
    return f"{abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'}"

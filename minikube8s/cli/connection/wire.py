"""Owns connections to one API server as one user: how they are opened, what identifies the user.

Shared by all clients of a call, which may be threads.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import http.client
import os
import socket
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit

from minikube8s.cli.connection import dialing, trust
from minikube8s.cli.errors import CommandError

if TYPE_CHECKING:
    from minikube8s.cli.kubeconfig.choosing import Access
    from minikube8s.cli.kubeconfig.plugins import Credential, Plugin

_PORTS = {"http": 80, "https": 443}


class Wire:
    """One server and one identity. Raises CommandError for an identity that cannot be used.

    `warned` is what the server warned of: each is told once, whichever client hears it.
    """

    def __init__(self, access: Access) -> None:
        self.access = access
        self.warned: set[str] = set()
        self.scheme, self.host, self.port, self.base = address_of(access.server)
        self.context = trust.context_of(access) if self.scheme == "https" else None
        self.proxy = dialing.proxy_for(
            self.scheme, self.host, self.port, access.proxy_url, os.environ, access.cluster
        )
        self._plugin: Plugin | None = None
        self._credential: Credential | None = None
        self._lock = threading.Lock()
        if self.context and access.execute and not (access.token or access.token_file):
            from minikube8s.cli.kubeconfig.plugins import Plugin

            self._plugin = Plugin(access)

    @property
    def near(self) -> bool:
        """Whether the server is this machine, so that packing what it sends saves nothing."""
        return self.host in {"localhost", "::1"} or self.host.startswith("127.")

    def identity(self) -> list[tuple[str, str]]:
        """The headers that say who asks, impersonation included. Raises CommandError.

        Tokens and passwords go to servers with TLS only, as with kubectl.
        """
        access = self.access
        found = []
        if self.context is None:
            pass
        elif token := self._token():
            found.append(("Authorization", f"Bearer {token}"))
        elif access.username:
            pair = f"{access.username}:{access.password}".encode()
            found.append(("Authorization", f"Basic {base64.b64encode(pair).decode()}"))
        if access.as_user:
            found.append(("Impersonate-User", access.as_user))
        if access.as_uid:
            found.append(("Impersonate-Uid", access.as_uid))
        found += [("Impersonate-Group", group) for group in access.as_groups]
        for name, values in access.as_extra.items():
            escaped = quote(name, safe="")
            found += [(f"Impersonate-Extra-{escaped}", value) for value in values]
        if any(char in name + value for name, value in found for char in "\r\n\0"):
            raise CommandError(
                f"the name or token of user {access.user!r} has a line break in it, so it cannot "
                "be sent."
            )
        return found

    def moved(self, path: str, location: str) -> str:
        """The path to which the server sends on who asks for `path`.

        Raises CommandError where that is elsewhere: no other server is told who asks.
        """
        with contextlib.suppress(CommandError, ValueError):
            parts = urlsplit(location)
            named = f"{parts.scheme or self.scheme}://{parts.netloc}" if parts.netloc else ""
            target = urljoin(self.base + path, parts._replace(scheme="", netloc="").geturl())
            here = not named or address_of(named)[:3] == (self.scheme, self.host, self.port)
            if location and here and target.startswith(f"{self.base}/"):
                return target[len(self.base) :]
        raise CommandError(
            f"{self.access.server} sends on who asks for {path} to {location or 'nowhere'}: if "
            "that is meant, name it with --server."
        )

    def forget(self) -> bool:
        """Ask the plugin again at the next request; false where there is none to be asked."""
        with self._lock:
            used, self._credential = self._credential, None
        return used is not None

    def open(self, seconds: float | None) -> http.client.HTTPConnection:
        """A connection that is open. Raises OSError, CommandError."""
        if self._plugin is not None:
            self._asked()
        connection = http.client.HTTPConnection(self.host, self.port)
        # opened here alone: http.client knows neither our proxies nor our certificates
        connection.auto_open = 0
        connection.default_port = _PORTS[self.scheme]
        connection.sock = self.secured(self.dial(seconds))
        return connection

    def dial(self, seconds: float | None) -> socket.socket:
        """A connection without TLS. Raises OSError, CommandError."""
        return dialing.dial(self.host, self.port, seconds, self.proxy)

    def secured(self, plain: socket.socket) -> socket.socket:
        """The same connection with TLS, where the server has any. Raises ssl.SSLError, OSError."""
        if self.context is None:
            return plain
        return self.context.wrap_socket(plain, server_hostname=self.server_name)

    @property
    def server_name(self) -> str:
        """The name that the server's certificate has to be for."""
        return self.access.tls_server_name or self.host

    def failure(self, error: Exception) -> str:
        """Why nothing came of a request, as a sentence with the way out."""
        place = f"{self.host}:{self.port}"
        if isinstance(error, ssl.SSLError):
            return trust.refusal(error, self.access, self.host, self.port)
        if isinstance(error, ConnectionRefusedError):
            return f"The connection to the server {place} was refused - {self._way_out()}"
        if isinstance(error, socket.gaierror):
            return (
                f"Unable to connect to the server: no such host: {self.host}. "
                f"It is named by {self.access.named_by}."
            )
        if isinstance(error, TimeoutError):
            limit = f" within {self.access.seconds:g} s" if self.access.seconds else ""
            return (
                f"Unable to connect to the server: {place} does not answer{limit}: "
                f"{self._way_out()}"
            )
        # a server that takes no certificate says so, or only hangs up, once TLS stands
        if ended := trust.client_certificate_end(self.access):
            return f"Unable to connect to the server: {ended}"
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        said = f"The connection to the server {place} was lost ({why or 'it hung up'})."
        if isinstance(error, http.client.RemoteDisconnected) and self.access.cert_file:
            said += (
                f" If the server is well, it may not take the client certificate of user "
                f'"{self.access.user}": see {self.access.sources}.'
            )
        return said

    def unknown(self) -> str:
        """Why the server may not know the user, and what helps; empty where nothing is known."""
        access = self.access
        if self.context is None:
            return "over http:// nothing is sent that proves who asks: name the server by https://."
        if ended := trust.client_certificate_end(access):
            return ended
        if not access.user and not access.token:
            return f"no user is named by the context {access.context!r}: see `mk8s config view`."
        if end := self._token_end():
            return (
                f'the token of user "{access.user}" expired at {end:%FT%TZ}: get a new one, and '
                f"put it where {access.sources} has it."
            )
        what = "token" if access.token or access.token_file or self._plugin else "certificate"
        return f'the {what} of user "{access.user}" is not accepted: see {access.sources}.'

    def _token_end(self) -> datetime.datetime | None:
        """When the token ended, where it says so and has."""
        from minikube8s.cli.kubeconfig.validity import token_end

        end = token_end(self._token())
        return end if end is not None and end < datetime.datetime.now(datetime.UTC) else None

    def _way_out(self) -> str:
        if self.access.local:
            return "see `mk8s status`; start the cluster with `mk8s up`."
        return f"did you specify the right host or port? It is named by {self.access.named_by}."

    def _token(self) -> str:
        access = self.access
        if self._plugin is not None:
            return self._asked().token
        if access.token_file:
            try:
                return Path(access.token_file).read_text("ascii").strip()
            except (OSError, UnicodeDecodeError) as error:
                if not access.token:
                    why = error.strerror if isinstance(error, OSError) else "it is no text"
                    raise CommandError(
                        f"the token of {access.user} cannot be read: {access.token_file}: {why}."
                    ) from None
        return access.token

    def _asked(self) -> Credential:
        """What the plugin answers, asked once and again when that has expired."""
        assert self._plugin is not None
        with self._lock:
            known = self._credential
            if known is None or known.expired(datetime.datetime.now(datetime.UTC)):
                known = self._credential = self._plugin.ask()
                if known.certificate and self.scheme == "https":
                    self.context = trust.context_of(self.access)
                    trust.show(self.context, known.certificate, known.key)
            return known


def address_of(server: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and base path of a server; without a scheme it is http, as for kubectl.

    Raises CommandError.
    """
    try:
        parts = urlsplit(server if "://" in server else f"http://{server}")
        host, port = parts.hostname, parts.port
        (host or "").encode("idna")
        parts.path.encode("ascii")
    except ValueError:
        host = None
    if not host or parts.scheme not in _PORTS or " " in server:
        raise CommandError(
            f'"{server}" is no address of a server: it must be like https://HOST:PORT'
        )
    return parts.scheme, host, port or _PORTS[parts.scheme], parts.path.rstrip("/")

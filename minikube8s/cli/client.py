"""Owns talking HTTP to an API server: TLS, the administrator's certificate, errors as sentences.

Standard library only, because importing an HTTP framework costs more than the whole request.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import http.client
import json
import os
import ssl
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import click

from minikube8s.cli.errors import CommandError
from minikube8s.cluster.config import Home
from minikube8s.cluster.errors import ClusterError

if TYPE_CHECKING:
    from minikube8s.cli.websocket import WebSocket

TIMEOUT_SECONDS = 30.0


class ApiFailure(CommandError):
    """The server answered with a Status; ``status`` is that object."""

    def __init__(self, status: dict[str, Any]) -> None:
        reason = status.get("reason") or "Unknown"
        message = status.get("message") or "the server gave no message"
        super().__init__(f"Error from server ({reason}): {message}", prefix="")
        self.status = status

    @property
    def reason(self) -> str:
        """The Status' reason, such as ``NotFound``."""
        return str(self.status.get("reason", ""))


class Client:
    """One API server and one identity; every call is one request on a kept connection."""

    def __init__(self, server: str, context: ssl.SSLContext, headers: Mapping[str, str]) -> None:
        parts = urlsplit(server)
        self.server = server
        self._host, self._port = parts.hostname or "localhost", parts.port or 443
        self._context = context
        self._headers = dict(headers)
        self._kept: http.client.HTTPSConnection | None = None

    @staticmethod
    def of_home(home: Home) -> Client:
        """The administrator of the cluster in ``home``."""
        settings = home.load()
        context = ssl.create_default_context(cafile=home.pki / "ca.crt")
        context.load_cert_chain(home.pki / "admin.crt", home.pki / "admin.key")
        host = "127.0.0.1" if settings.bind == "0.0.0.0" else settings.bind
        return Client(f"https://{host}:{settings.api_port}", context, {})

    @staticmethod
    def of_flags(flags: Mapping[str, Any]) -> Client:
        """By ``--kubeconfig``, else the cluster in the home, else KUBECONFIG or ~/.kube/config."""
        if flags.get("kubeconfig"):
            return Client.of_kubeconfig(Path(str(flags["kubeconfig"])))
        home = Home.from_environment(flags.get("home"))
        try:
            if home.exists():
                return Client.of_home(home)
        except (ClusterError, OSError) as error:
            raise CommandError(_readable(error, home)) from None
        if home.is_joined() and not os.environ.get("KUBECONFIG"):
            raise CommandError(
                f"{home.path} is that of a node whose master is elsewhere: ask there, or name a "
                "kubeconfig of that cluster with --kubeconfig or KUBECONFIG."
            )
        first = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
        path = Path(first) if first else Path.home() / ".kube" / "config"
        if path.exists():
            return Client.of_kubeconfig(path)
        raise CommandError(
            f"There is no cluster in {home.path} and no kubeconfig at {path}. Create a cluster "
            "with `mk8s up`, or name one with --home or --kubeconfig."
        )

    @staticmethod
    def of_kubeconfig(path: Path) -> Client:
        """The current context of the kubeconfig at ``path``."""
        import yaml

        try:
            return _of_content(yaml.safe_load(path.read_text()))
        except ssl.SSLError as error:
            why = f"its certificates cannot be used ({error.reason or error})"
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 0
            why = f"line {line}: {error.problem}"
        except OSError as error:
            raise CommandError(
                f"{error.filename or path} cannot be read: {error.strerror}."
                + ("" if error.filename == str(path) else f" It is named in {path}.")
            ) from None
        except (yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
            why = str(error.args[0] if error.args else error)
        raise CommandError(f"{path} is not a usable kubeconfig: {why}.")

    def another(self) -> Client:
        """A client of the same server and identity with a connection of its own, for a thread."""
        return Client(self.server, self._context, self._headers)

    def json(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content_type: str = "application/json",
        accept: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The decoded answer. Raises ApiFailure for a Status, CommandError for no answer."""
        response = self._send(
            method, path, body, content_type, accept, query or {}, TIMEOUT_SECONDS
        )
        content = _decoded(response.read())
        if response.status >= 400:
            raise ApiFailure(content)
        self.warnings(response)
        return content

    @contextlib.contextmanager
    def stream(
        self,
        path: str,
        *,
        accept: str = "application/json",
        seconds: float | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Iterator[http.client.HTTPResponse]:
        """An answer to read as it comes (watch, logs); ``seconds`` bounds each silent wait."""
        response = self._send("GET", path, None, "", accept, query or {}, seconds)
        try:
            if response.status >= 400:
                raise ApiFailure(_decoded(response.read()))
            self.warnings(response)
            yield response
        finally:
            self.close()

    async def websocket(
        self, path: str, query: Sequence[tuple[str, str]], protocol: str
    ) -> WebSocket:
        """A WebSocket on a connection of its own. Raises ApiFailure, CommandError."""
        from minikube8s.cli.websocket import WebSocket

        target = f"{path}?{urlencode(query)}"
        answer = await WebSocket.connect(
            self._host, self._port, self._context, target, protocol, self._headers
        )
        if isinstance(answer, WebSocket):
            return answer
        raise ApiFailure(_decoded(answer[1]))

    def warnings(self, response: http.client.HTTPResponse) -> None:
        """Print the answer's Warning headers as kubectl does."""
        for header in response.headers.get_all("Warning") or []:
            text = header.partition('"')[2].rpartition('"')[0]
            click.echo(f"Warning: {text}", err=True)

    def close(self) -> None:
        """Close the kept connection."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _send(
        self,
        method: str,
        path: str,
        body: object,
        content_type: str,
        accept: str,
        query: Mapping[str, str],
        seconds: float | None,
    ) -> http.client.HTTPResponse:
        target = path + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": accept, "User-Agent": "mk8s", **self._headers}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = content_type
        for fresh in (self._kept is None, True):
            try:
                connection = self._connection(seconds)
                connection.request(method, target, data, headers)
                return connection.getresponse()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                # a kept connection may have been closed by a server that restarted
                self.close()
                if fresh:
                    raise CommandError(self._unreachable("it closed the connection")) from None
            except TimeoutError:
                self.close()
                raise CommandError(self._unreachable("it does not answer")) from None
            except ssl.SSLCertVerificationError as error:
                self.close()
                raise CommandError(
                    f"The certificate of {self.server} is not this cluster's: "
                    f"{error.verify_message}."
                ) from None
            except OSError as error:
                self.close()
                raise CommandError(self._unreachable(error.strerror or str(error))) from None
        raise AssertionError("unreachable")

    def _connection(self, seconds: float | None) -> http.client.HTTPSConnection:
        if self._kept is None:
            self._kept = http.client.HTTPSConnection(
                self._host, self._port, timeout=TIMEOUT_SECONDS, context=self._context
            )
            self._kept.connect()
        self._kept.timeout = seconds
        self._kept.sock.settimeout(seconds)
        return self._kept

    def _unreachable(self, why: str) -> str:
        return (
            f"The connection to the server {self._host}:{self._port} was refused or lost ({why}). "
            "See `mk8s status`; start the cluster with `mk8s up`."
        )


def raise_last(failures: Sequence[CommandError]) -> None:
    """Print all ``failures`` but the last and raise that; nothing when there are none."""
    for failure in failures[:-1]:
        click.echo(str(failure), err=True)
    if failures:
        raise failures[-1]


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        return {"reason": "Unknown", "message": body.decode(errors="replace").strip()[:500]}
    return content


def _of_content(content: dict[str, Any]) -> Client:
    """The current context of a kubeconfig. Raises what comes of a wrong one."""
    if not isinstance(content, dict) or "current-context" not in content:
        raise KeyError("it names no current-context")
    context = _named(content, "contexts", content["current-context"])["context"]
    cluster = _named(content, "clusters", context["cluster"])["cluster"]
    user = _named(content, "users", context["user"])["user"]
    authority = cluster.get("certificate-authority")
    if authority and not Path(authority).exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), authority)
    tls = ssl.create_default_context(
        cafile=authority, cadata=_text(cluster, "certificate-authority")
    )
    if cluster.get("insecure-skip-tls-verify"):
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    with contextlib.ExitStack() as files:
        certificate = _file(files, user, "client-certificate")
        if certificate:
            tls.load_cert_chain(certificate, _file(files, user, "client-key"))
    token = user.get("token")
    return Client(cluster["server"], tls, {"Authorization": f"Bearer {token}"} if token else {})


def _named(content: dict[str, Any], section: str, name: str) -> dict[str, Any]:
    for entry in content.get(section) or []:
        if entry["name"] == name:
            found: dict[str, Any] = entry
            return found
    raise KeyError(f"it has no {section[:-1]} named {name!r}")


def _text(entry: Mapping[str, str], field: str) -> str | None:
    data = entry.get(f"{field}-data")
    return base64.b64decode(data, validate=True).decode() if data else None


def _file(files: contextlib.ExitStack, entry: Mapping[str, str], field: str) -> str | None:
    """A path for ``field``: its own, or a private file made of its embedded data."""
    text = _text(entry, field)
    if text is None:
        return entry.get(field)
    made = tempfile.NamedTemporaryFile("w", suffix=".pem")  # noqa: SIM115 - the stack closes it
    files.enter_context(made)
    made.write(text)
    made.flush()
    return made.name


def _readable(error: Exception, home: Home) -> str:
    if isinstance(error, PermissionError):
        return f"The cluster in {home.path} belongs to root: use sudo, or a kubeconfig of your own."
    return str(error)

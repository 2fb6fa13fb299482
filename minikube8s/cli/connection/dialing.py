"""Opening connections: straight to a server, or through the proxy that a kubeconfig names.

HTTP proxies are asked for a tunnel whatever goes through it, SOCKS5 ones are told the host's name.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from minikube8s.cli.errors import CommandError

SCHEMES = ("http", "socks5", "socks5h")
_HEAD_BYTES = 64 * 1024
_KEEPALIVE_SECONDS = 20


class Proxy:
    """One proxy: its address, and whom it is to take us for."""

    __slots__ = ("host", "password", "port", "scheme", "user")

    def __init__(self, url: str, cluster: str) -> None:
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            self.scheme, self.host, port = parts.scheme, parts.hostname or "", parts.port
            self.host.encode("idna")
        except ValueError:
            self.scheme = self.host = ""
        if self.scheme not in SCHEMES or not self.host:
            start, at, end = url.rpartition("@")
            # who reads of it need not know the password
            shown = start.partition("://")[0] + "://" + end if at and "://" in start else end
            raise CommandError(
                f'invalid \'proxy-url\' "{shown}" for cluster "{cluster}": it must be '
                "http://HOST:PORT or socks5://HOST:PORT"
            )
        self.port = port or (80 if self.scheme == "http" else 1080)
        self.user, self.password = unquote(parts.username or ""), unquote(parts.password or "")

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


def proxy_for(
    scheme: str, host: str, port: int, named: str, environment: Mapping[str, str], cluster: str
) -> Proxy | None:
    """The proxy on the way to a server: the kubeconfig's, else that of the environment."""
    if named:
        return Proxy(named, cluster)
    if _is_here(host):
        return None
    variable = f"{scheme}_proxy"
    url = environment.get(variable.upper()) or environment.get(variable)
    skipped = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    if not url or any(matches(host, port, rule.strip()) for rule in skipped.split(",")):
        return None
    return Proxy(url, cluster)


def matches(host: str, port: int, rule: str) -> bool:
    """Whether a rule of NO_PROXY is about a host: `*`, an address, a network, a name or domain."""
    if not rule:
        return False
    if rule == "*":
        return True
    if "/" in rule:
        import ipaddress

        try:
            return ipaddress.ip_address(host) in ipaddress.ip_network(rule, strict=False)
        except ValueError:
            return False
    name, colon, wanted = rule.rpartition(":")
    if colon and wanted.isdigit() and "]" not in wanted and name.count(":") in {0}:
        if int(wanted) != port:
            return False
        rule = name
    rule = rule.lower().removeprefix("*")
    host = host.lower()
    return host == rule.lstrip(".") or host.endswith("." + rule.lstrip("."))


def dial(host: str, port: int, seconds: float | None, proxy: Proxy | None) -> socket.socket:
    """A connection to a server. Raises OSError as the system does; CommandError from a proxy."""
    if proxy is None:
        connection = socket.create_connection((host, port), seconds)
    else:
        try:
            connection = socket.create_connection((proxy.host, proxy.port), seconds)
        except OSError as error:
            raise CommandError(
                f"the proxy {proxy} on the way to {host}:{port} cannot be reached: "
                f"{error.strerror or error}. It is named by proxy-url in the kubeconfig or by "
                "HTTPS_PROXY."
            ) from None
        try:
            if proxy.scheme == "http":
                _tunnel(connection, proxy, host, port)
            else:
                _socks(connection, proxy, host, port)
        except BaseException:
            connection.close()
            raise
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # a shell may be silent for hours: a server that vanished is noticed all the same
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _KEEPALIVE_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    return connection


def _tunnel(connection: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {where} HTTP/1.1", f"Host: {where}", "User-Agent: mk8s"]
    if proxy.user:
        import base64

        word = base64.b64encode(f"{proxy.user}:{proxy.password}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {word}")
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    head = b""
    while b"\r\n\r\n" not in head:
        # byte by byte: what comes after the head is already the server's
        data = connection.recv(1)
        if not data or len(head) > _HEAD_BYTES:
            raise CommandError(f"the proxy {proxy} closed the connection to {where}.")
        head += data
    status = head.split(b"\r\n", 1)[0].decode(errors="replace")
    if status.split(" ")[1:2] != ["200"]:
        raise CommandError(f"the proxy {proxy} lets nobody through to {where}: {status}.")


def _socks(connection: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    """https://www.rfc-editor.org/rfc/rfc1928, user and password as in RFC 1929."""
    connection.sendall(b"\x05\x02\x00\x02" if proxy.user else b"\x05\x01\x00")
    method = _exactly(connection, 2, proxy)[1]
    if method == 2:
        user, password = proxy.user.encode(), proxy.password.encode()
        connection.sendall(bytes((1, len(user))) + user + bytes((len(password),)) + password)
        if _exactly(connection, 2, proxy)[1]:
            raise CommandError(f"the proxy {proxy} does not take its user and password.")
    elif method:
        raise CommandError(f"the proxy {proxy} wants a user and password: put them in proxy-url.")
    connection.sendall(b"\x05\x01\x00" + _socks_address(host) + port.to_bytes(2, "big"))
    _, code, _, kind = _exactly(connection, 4, proxy)
    if code:
        raise CommandError(f"the proxy {proxy} does not reach {host}:{port} (SOCKS code {code}).")
    length = {1: 4, 4: 16}.get(kind) or _exactly(connection, 1, proxy)[0]
    _exactly(connection, length + 2, proxy)


def _socks_address(host: str) -> bytes:
    """An address by its kind: 1 and 4 are IPv4 and IPv6, 3 is a name."""
    import ipaddress

    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.encode("idna")
        return bytes((3, len(name))) + name
    return bytes((1 if address.version == 4 else 4,)) + address.packed


def _exactly(connection: socket.socket, count: int, proxy: Proxy) -> bytes:
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise CommandError(f"the proxy {proxy} closed the connection.")
        data += more
    return data


def _is_here(host: str) -> bool:
    return host == "localhost" or host.startswith("127.") or host == "::1"

"""A web server such as pods run, that tells what it was asked."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGE = b'<html><a href="/x">x</a><img src="pic.png"><a href="https://other/">o</a></html>'


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def handle_any(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/switch":
            self.switch()
        elif path == "/redirect":
            self.answer(302, b"", Location="/landing?a=1")
        elif path == "/page":
            self.answer(200, PAGE, Content_Type="text/html; charset=utf-8")
        elif path == "/odd":
            self.answer(418, b"short and stout", X_Odd="yes", Keep_Alive="timeout=5")
        elif path == "/flow":
            self.flow()
        elif path == "/hang-up":
            self.close_connection = True
        elif path == "/cut":
            self.cut()
        elif path == "/large":
            self.answer(200, b"x" * (8 << 20), Content_Type="application/octet-stream")
        else:
            self.echo()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_any

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def echo(self) -> None:
        body = self.body()
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        told = {
            "method": self.command,
            "path": self.path,
            "headers": [[name.lower(), value] for name, value in self.headers.items()],
            "length": len(body),
            "body": body[:100].decode(),
        }
        self.answer(200, json.dumps(told).encode(), Content_Type="application/json")

    def answer(self, code: int, data: bytes, **headers: str) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def flow(self) -> None:
        """Send a piece at once and the rest when the test says so."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\nfirst\r\n")
        assert self.server.go_on.wait(20)  # type: ignore[attr-defined]
        self.wfile.write(b"4\r\nlast\r\n0\r\n\r\n")

    def cut(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"some")
        self.close_connection = True

    def switch(self) -> None:
        """Leave HTTP and shout back what comes."""
        self.send_response(101)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", self.headers["Upgrade"])
        self.end_headers()
        self.wfile.write(b"early ")
        self.close_connection = True
        while data := self.connection.recv(65536):
            self.wfile.write(data.upper())


class Backend(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.go_on = threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])


@contextmanager
def backend(certificate: Path | None = None) -> Iterator[Backend]:
    """A backend that serves; with a certificate (`NAME.crt`, beside it `NAME.key`) in TLS."""
    server = Backend()
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])

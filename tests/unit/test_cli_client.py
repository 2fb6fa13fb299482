"""The client of the command line: kept connections, packed answers, warnings, lost connections."""

from __future__ import annotations

import gzip
import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from minikube8s.cli.connection import exchanges
from minikube8s.cli.connection.client import ApiFailure, Client, Unreachable
from minikube8s.cli.connection.wire import Wire
from minikube8s.cli.errors import CommandError
from minikube8s.cli.kubeconfig.choosing import Access
from tests.support.wait import until


class Played(http.server.BaseHTTPRequestHandler):
    """Answers by the path alone, and remembers headers and how many connections there were."""

    protocol_version = "HTTP/1.1"
    connections: ClassVar[list[Any]] = []
    heard: ClassVar[list[dict[str, str]]] = []

    def setup(self) -> None:
        self.connections.append(self.client_address)
        super().setup()

    def do_GET(self) -> None:
        self.heard.append(dict(self.headers.items()))
        body, code = json.dumps({"kind": "Table", "path": self.path}).encode(), 200
        if self.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"{}\n")
            self.close_connection = True
            return
        if self.path == "/hang-up":
            self.close_connection = True
            return
        if self.path == "/page":
            body = b"<html>"
        if self.path == "/gone":
            code, body = 410, b"too old"
        if self.path == "/moved":
            code = 302
        packed = "gzip" in self.headers.get("Accept-Encoding", "")
        body = gzip.compress(body) if packed and self.path != "/garbled" else body
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        if packed:
            self.send_header("Content-Encoding", "gzip")
        if code == 302:
            self.send_header("Location", self.headers["Accept"])
        self.send_header("Warning", '299 - "old \x1b[31mform"')
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.path == "/last"

    def do_POST(self) -> None:
        self.heard.append(dict(self.headers.items()))
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/hang-up":
            self.close_connection = True
            return
        while self.headers.get("Transfer-Encoding") and (size := int(self.rfile.readline(), 16)):
            body += self.rfile.read(size)
            self.rfile.readline()
        if self.headers.get("Transfer-Encoding"):
            self.rfile.readline()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def client() -> Iterator[Client]:
    Played.connections.clear()
    Played.heard.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Played)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    access = Access()
    access.server = f"http://127.0.0.1:{server.server_address[1]}"
    access.as_user, access.as_groups = "eve", ("a", "b")
    made = Client(Wire(access))
    yield made
    made.close()
    server.shutdown()
    server.server_close()


def test_requests_share_a_connection_and_another_client_has_its_own(client: Client) -> None:
    for _ in range(3):
        assert client.json("GET", "/x", query={"a": "b c"})["path"] == "/x?a=b+c"
    assert len(Played.connections) == 1
    other = client.another()
    other.json("GET", "/x")
    other.close()
    assert len(Played.connections) == 2


def test_a_kept_connection_that_the_server_closed_is_opened_again(client: Client) -> None:
    client.json("GET", "/last")
    assert client.json("GET", "/x")["path"] == "/x"
    assert len(Played.connections) == 2


def test_a_server_that_hangs_up_is_unreachable(client: Client) -> None:
    with pytest.raises(Unreachable, match="was lost"):
        client.json("GET", "/hang-up")
    with client.stream("/x") as answer:
        assert answer.read()
    with pytest.raises(Unreachable, match="was lost"), client.stream("/cut") as answer:
        answer.read()


def test_answers_come_packed_where_the_way_is_long(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.json("GET", "/x")
    assert "Accept-Encoding" not in Played.heard[-1]
    monkeypatch.setattr(Wire, "near", False)
    assert client.json("GET", "/x")["kind"] == "Table"
    assert Played.heard[-1]["Accept-Encoding"] == "gzip"
    with pytest.raises(ApiFailure, match=r"\(Expired\).*too old"):
        client.json("GET", "/gone")


def test_the_same_warning_is_printed_once_and_is_harmless(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        client.json("GET", "/x")
    assert capsys.readouterr().err == "Warning: old ^[[31mform\n"


def test_what_is_no_object_is_no_answer_of_kubernetes(client: Client) -> None:
    with pytest.raises(CommandError, match="is no Kubernetes API server"):
        client.json("GET", "/page")


@pytest.mark.parametrize("user", ["a\nb", "a\r\nX-Other: b"])
def test_nobodys_name_makes_another_header(client: Client, user: str) -> None:
    client._wire.access.as_user = user
    with pytest.raises(CommandError, match="has a line break in it"):
        client.json("GET", "/x")
    client._wire.access.as_user = "eve"
    with pytest.raises(CommandError, match="such a request cannot be sent"):
        client.json("GET", "/x\ny")
    assert client.json("GET", "/x")["path"] == "/x"


def test_names_may_be_of_any_script(client: Client) -> None:
    client._wire.access.as_user = "한별"
    assert client.json("GET", "/x")["path"] == "/x"
    assert Played.heard[-1]["Impersonate-User"].encode("latin-1").decode() == "한별"


def test_a_body_is_sent_while_it_is_made(client: Client) -> None:
    blocks = (bytes((65 + number,)) * 1000 for number in range(3))
    with client.upload("/x", blocks, "application/x-tar", seconds=5) as answer:
        assert answer.read() == b"A" * 1000 + b"B" * 1000 + b"C" * 1000
    assert Played.heard[-1]["Content-Type"] == "application/x-tar"


def test_impersonation_goes_with_every_request(client: Client) -> None:
    client._wire.access.as_extra = {"a.example/b": ["c"]}
    client.json("GET", "/x")
    assert Played.heard[-1]["Impersonate-User"] == "eve"
    assert Played.heard[-1]["Impersonate-Extra-a.example%2Fb"] == "c"
    client._wire.access.as_extra = {}
    assert client._wire.identity()[1:] == [
        ("Impersonate-Group", "a"),
        ("Impersonate-Group", "b"),
    ]


def test_a_get_goes_where_the_server_sends_it_but_to_no_other_server(client: Client) -> None:
    assert client.json("GET", "/moved", accept="/new?a=b")["path"] == "/new?a=b"
    assert client.json("GET", "/moved", accept=f"{client.server}/new")["path"] == "/new"
    with client.stream("/moved", accept="/new") as response:
        assert json.loads(response.read())["path"] == "/new"
    for place in ("http://127.0.0.1:1/new", "//x/new", "https://[", ""):
        with pytest.raises(CommandError, match="sends on who asks for /moved"):
            client.raw("GET", "/moved", accept=place)
    with pytest.raises(ApiFailure, match="HTTP 302"):
        client.raw("GET", "/moved", accept="/moved")


def test_what_is_posted_is_never_posted_twice(client: Client) -> None:
    client.json("GET", "/one")
    with pytest.raises(Unreachable):
        client.json("POST", "/hang-up", {"a": 1})
    assert sum("Content-Length" in headers for headers in Played.heard) == 1


def test_a_post_goes_over_a_new_connection_where_the_server_has_closed_the_kept_one(
    client: Client,
) -> None:
    client.json("GET", "/last")
    kept = client._kept
    assert kept is not None
    until("the server has closed", lambda: exchanges.ended(kept))
    assert client.json("POST", "/made", {"a": 1}) == {"a": 1}
    assert len(Played.connections) == 2


def test_an_answer_that_cannot_be_unpacked_is_told_in_a_sentence(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Wire, "near", False)
    with pytest.raises(Unreachable, match="was lost"):
        client.json("GET", "/garbled")

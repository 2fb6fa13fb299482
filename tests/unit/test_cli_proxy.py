"""What `mk8s proxy` lets through, and what of it the server sees."""

from __future__ import annotations

import asyncio
import contextlib
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.cli.apiproxy import rules, serving
from minikube8s.cli.apiproxy.rules import Request, Rules
from minikube8s.cli.errors import CommandError


def request(target="/api/v1/pods", method="GET", host="localhost:8001", **headers):
    return Request(method, target, [("host", host), *headers.items()])


@pytest.mark.parametrize(
    ("asked", "passes"),
    [
        (request(), True),
        (request(host="127.0.0.1"), True),
        (request(host="[::1]:8001"), True),
        (request(host="evil.example"), False),
        (request(host="localhost.evil.example"), False),
        (request(host=""), False),
        (request("/api/v1/namespaces/x/pods/p/exec"), False),
        (request("/api/v1/namespaces/x/pods/p/attach?stdin=1"), False),
        (request("/api/v1/namespaces/x/pods/p/%65xec"), False),
        (request("/apis/../api/v1/namespaces/x/pods/p/exec"), False),
        (request("//api/v1/namespaces/x/pods/p/exec"), False),
        (request("/api/v1/namespaces/x/pods/p/log"), True),
    ],
)
def test_only_this_machine_asks_and_nobody_runs_commands(asked, passes):
    assert Rules().pass_on(asked) is passes


def test_rules_are_what_the_flags_say():
    assert Rules(hosts="^a$,^b$").pass_on(request(host="b"))
    assert not Rules(paths="^/healthz").pass_on(request())
    assert not Rules(refused_methods="POST,PUT").pass_on(request(method="PUT"))
    assert Rules(every=True).pass_on(request("/api/v1/namespaces/x/pods/p/exec", host="evil"))
    with pytest.raises(CommandError, match="no regular expression"):
        Rules(paths="(")


def test_the_head_of_a_request_is_read():
    head = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\nAccept:  y \r\n\r\n"
    assert rules.parse(head) == Request("GET", "/a?b=c", [("host", "x"), ("accept", "y")])


@pytest.mark.parametrize(
    "head",
    [
        b"GET /\r\n\r\n",
        b"GET http://evil/ HTTP/1.1\r\n\r\n",
        b"GET / HTTP/2\r\n\r\n",
        b"GET / HTTP/1.1\r\n folded: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nnocolon\r\n\r\n",
        b"GET / HTTP/1.1\nX:y\r\n\r\n",
        b"GET /\nX:y HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: y\nImpersonate-User: root\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: y\rImpersonate-User: root\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused(head):
    with pytest.raises(ValueError):
        rules.parse(head)


@given(st.binary(max_size=80))
def test_whatever_comes_is_a_request_or_refused(data):
    with contextlib.suppress(ValueError):
        rules.parse(data)


@pytest.mark.parametrize(
    ("target", "prefix", "below"),
    [
        ("/api/v1?x=/y", "/", "/api/v1?x=/y"),
        ("/k8s/api/v1?x=y", "/k8s", "/api/v1?x=y"),
        ("/k8s/api/v1", "k8s/", "/api/v1"),
        ("/k8s", "/k8s/", "/"),
        ("/k8sx/api", "/k8s", None),
        ("/api/v1", "/k8s", None),
    ],
)
def test_the_api_is_served_below_its_prefix(target, prefix, below):
    assert rules.below(target, prefix) == below


def test_the_server_sees_who_we_are_and_not_whom_the_caller_would_be():
    asked = request(
        authorization="Bearer stolen", connection="keep-alive, x",
        **{"impersonate-user": "root", "x-kept": "1", "Content-Length": "3"},
    )  # fmt: skip
    head = rules.passed_on(asked, "/x", "server:6443", [("Authorization", "Bearer mine")])
    assert head.decode().split("\r\n") == [
        "GET /x HTTP/1.1", "host: server:6443", "x-kept: 1", "Content-Length: 3",
        "Authorization: Bearer mine", "connection: close", "", "",
    ]  # fmt: skip
    upgraded = request(connection="Upgrade", upgrade="websocket")
    assert b"connection: Upgrade\r\n" in rules.passed_on(upgraded, "/x", "h:1", [])


class Written:
    def __init__(self):
        self.data = b""

    def write(self, data):
        self.data += data


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/k8s/api/v1/namespaces/x/pods/p/exec", b"403"),
        ("/k8s/../api/v1/namespaces/x/pods/p/exec", b"403"),
        ("/other/api/v1", b"404"),
        ("/static/page", b"200"),
    ],
)
async def test_the_rules_hold_wherever_the_api_is_served(target, code, tmp_path):
    (tmp_path / "page").write_text("x")
    gateway = serving.Gateway(None, Rules(), "/k8s", str(tmp_path), "/static/")
    written = Written()
    await gateway._answer(request(target), None, written)
    assert written.data.split()[1] == code


def test_what_cannot_be_read_is_not_served(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError

    (tmp_path / "page").write_text("x")
    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    assert serving._file(tmp_path, "/page").startswith(b"HTTP/1.1 403")


def test_files_are_served_and_nothing_beside_them(tmp_path):
    root = tmp_path / "www"
    (root / "deep").mkdir(parents=True)
    (root / "page.html").write_text("<p>")
    (root / "deep" / "index.html").write_text("index")
    (tmp_path / "secret").write_text("secret")
    (root / "out").symlink_to(tmp_path / "secret")
    assert b"text/html" in serving._file(root, "/page.html")
    assert serving._file(root, "/deep/").endswith(b"index")
    assert serving._file(root, "/").endswith(b"deep/\nout\npage.html\n")
    for path in ("/../secret", "/out", "/none"):
        assert serving._file(root, path).startswith(b"HTTP/1.1 404")


def test_a_file_where_the_socket_would_be_stays(tmp_path, monkeypatch):
    from click.testing import CliRunner

    from minikube8s.cli.session import Session
    from minikube8s.cli.verbs import proxy

    config = tmp_path / "config"
    config.write_text(
        '{"clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}],'
        '"contexts": [{"name": "c", "context": {"cluster": "c"}}], "current-context": "c"}'
    )
    monkeypatch.setenv("KUBECONFIG", str(config))
    theirs = tmp_path / "file"
    theirs.write_text("theirs")
    done = CliRunner().invoke(proxy.command, ["-u", str(theirs)], obj=Session())
    assert isinstance(done.exception, CommandError) and "cannot listen" in str(done.exception)
    assert theirs.read_text() == "theirs"


async def test_a_watch_ends_with_who_watches(monkeypatch):
    asked, gone = asyncio.Event(), asyncio.Event()

    async def watched(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        assert await reader.read() == b""
        gone.set()
        writer.close()

    server = await asyncio.start_server(watched, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()

    async def opened(_):
        return await asyncio.open_connection(host, port)

    monkeypatch.setattr(serving, "opened", opened)
    wire = SimpleNamespace(identity=list, host=host, port=port, base="")
    gateway = serving.Gateway(wire, Rules(), "/", "", "/static/")
    proxy = await asyncio.start_server(gateway.serve, "127.0.0.1", 0)
    try:
        async with asyncio.timeout(10):
            _, writer = await asyncio.open_connection(*proxy.sockets[0].getsockname())
            writer.write(b"GET /api/v1/pods?watch=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await asked.wait()
            writer.close()
            await gone.wait()
    finally:
        proxy.close()
        server.close()


async def test_the_end_of_the_program_is_no_failure_of_its_connections():
    failures = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: failures.append(told))
    begun = asyncio.Event()

    class Waiting(serving.Gateway):
        async def _answer(self, *_):
            begun.set()
            await asyncio.Event().wait()

    gateway = Waiting(None, Rules(), "/", "", "/static/")
    proxy = await asyncio.start_server(gateway.serve, "127.0.0.1", 0)
    _, writer = await asyncio.open_connection(*proxy.sockets[0].getsockname())
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    await begun.wait()
    every = asyncio.all_tasks() - {asyncio.current_task()}
    for task in every:
        task.cancel()
    await asyncio.wait(every)
    await asyncio.sleep(0)
    writer.close()
    proxy.close()
    assert not failures

"""What clients do wrong, and what must not happen because of it."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minikube8s.cluster.authority.certificates import Authority
from minikube8s.server.verbs import read, watch
from tests.api.apiserver import ApiServer, configmap, pod
from tests.support.wait import until

MEGABYTE = "x" * 1_000_000


@pytest.fixture
def base(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/configmaps"


def test_a_watcher_that_does_not_read_is_disconnected(
    api: ApiServer, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "WRITE_DEADLINE", 0.5)
    streams = api.server._streams
    before = len(streams)
    with api.watch(f"{base}?watch=true"):
        until("the watch counts", lambda: len(streams) == before + 1)
        for number in range(30):
            body = configmap("a", {"n": str(number), "fill": MEGABYTE})
            method, path = ("PUT", f"{base}/a") if number else ("POST", base)
            assert api.request(method, path, body).code in {200, 201}
        until("the watcher is gone", lambda: len(streams) == before)


def test_bookmarks_come_to_those_who_asked(
    api: ApiServer, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "BOOKMARK_SECONDS", 0.1)
    query = "watch=true&timeoutSeconds=1&resourceVersion=" + str(api.registry.revision)
    with api.watch(f"{base}?{query}") as without:
        assert list(without) == []
    with api.watch(f"{base}?{query}&allowWatchBookmarks=true") as bookmarked:
        api.create("/api/v1/namespaces/default/secrets", {"metadata": {"generateName": "s-"}})
        latest = api.registry.revision
        for event in bookmarked:
            assert event["type"] == "BOOKMARK"
            if int(event["object"]["metadata"]["resourceVersion"]) >= latest:
                break
        else:
            raise AssertionError("no bookmark told how far the server is")


def test_a_fault_is_an_internal_error_and_the_next_request_is_served(
    api: ApiServer, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: object) -> None:
        raise RuntimeError("secret detail")

    with monkeypatch.context() as patch:
        patch.setattr(read, "list_query", fault)
        reply = api.get(base)
    assert (reply.code, reply.json["reason"]) == (500, "InternalError")
    assert b"secret detail" not in reply.data
    assert api.get(base).code == 200


def test_a_fault_in_a_stream_hangs_up(
    api: ApiServer, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import http.client

    api.create(base, configmap("a"))

    def fault(*_: object, **__: object) -> bytes:
        raise RuntimeError("no frame")

    monkeypatch.setattr("minikube8s.server.rendering.Renderer.event", fault)
    with (
        api.watch(f"{base}?watch=true") as broken,
        pytest.raises((http.client.HTTPException, OSError)),
    ):
        broken.response.read()


def test_a_write_is_finished_when_its_client_leaves(
    api: ApiServer, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, begun, go_on = api.registry.create, threading.Event(), threading.Event()

    async def slow(*arguments: Any) -> Any:
        begun.set()
        await asyncio.to_thread(go_on.wait, 10)
        return await create(*arguments)

    monkeypatch.setattr(api.registry, "create", slow)
    web = api.server._web
    assert web is not None
    until("nobody else is connected", lambda: not web.connections)
    connection = api.connect()
    connection.request("POST", base, b'{"metadata":{"name":"left"}}')
    assert begun.wait(10)
    connection.close()
    until("the server has seen it leave", lambda: not web.connections)
    go_on.set()
    until("the object is there", lambda: api.get(f"{base}/left").code == 200)


def test_more_requests_than_allowed_are_turned_away(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    api = ApiServer(tmp_path_factory.mktemp("pki"), max_writing=1)
    api.start()
    try:
        slow = api.connect()
        slow.putrequest("POST", "/api/v1/namespaces/default/configmaps")
        slow.putheader("Content-Length", "1000")
        slow.endheaders(b"{")
        path = "/api/v1/namespaces/default/configmaps"
        until(
            "the second write is refused",
            lambda: api.post(path, configmap(f"c{time.monotonic_ns()}")).code == 429,
        )
        assert api.get(path).code == 200
        slow.close()
        until("the place is free again", lambda: api.post(path, configmap("z")).code == 201)
    finally:
        api.stop()


def test_followed_logs_do_not_hold_up_the_end(tmp_path_factory: pytest.TempPathFactory) -> None:
    api = ApiServer(tmp_path_factory.mktemp("pki"), shutdown_seconds=30)
    api.start()
    base = "/api/v1/namespaces/default/pods"
    body = pod("p")
    body["spec"]["nodeName"] = "node1"
    created = api.create(base, body)
    state = {"running": {"startedAt": "2024-01-01T00:00:00Z"}}
    container = {"name": "main", "image": "", "imageID": "", "ready": True, "restartCount": 0}
    created["status"]["containerStatuses"] = [container | {"state": state}]
    assert api.request("PUT", f"{base}/p/status", created).code == 200
    connection = api.connect()
    connection.request("GET", f"{base}/p/log?follow=true")
    assert connection.getresponse().readline() == b"hello\n"
    start = time.monotonic()
    stopper = threading.Thread(target=api.stop)
    stopper.start()
    stopper.join(20)
    assert time.monotonic() - start < 15
    assert api.pod_streams.closed.is_set()
    connection.close()


def test_who_connects_is_shown_the_certificate_of_now_and_who_is_connected_stays(
    tmp_path: Path,
) -> None:
    api = ApiServer(tmp_path / "server")
    api.start()
    try:
        before = api.connect()
        before.request("GET", "/version")
        assert before.getresponse().read()
        Authority(api.directory).server("server", ["127.0.0.1", "192.0.2.77"])
        api.run(called(api.server.identify))
        after = api.connect()
        after.connect()
        assert isinstance(after.sock, ssl.SSLSocket)
        names = (after.sock.getpeercert() or {})["subjectAltName"]
        assert ("IP Address", "192.0.2.77") in list(names)
        for connection in (before, after):
            connection.request("GET", "/version")
            assert connection.getresponse().read()
    finally:
        api.stop()


async def called(function: Callable[[], None]) -> None:
    function()


def test_plain_http_and_silence_do_no_harm(api: ApiServer) -> None:
    silent = socket.create_connection(("127.0.0.1", api.server.port))
    plain = socket.create_connection(("127.0.0.1", api.server.port))
    plain.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
    plain.settimeout(10)
    assert not plain.recv(100).startswith(b"HTTP/1.1 200")
    assert api.get("/version", user="").code == 200
    silent.close()
    plain.close()


def test_nothing_is_created_or_cleared_in_all_namespaces_at_once(api: ApiServer) -> None:
    assert api.post("/api/v1/configmaps", configmap("a")).code == 405
    assert api.request("DELETE", "/api/v1/configmaps").code == 405


def test_a_flood_of_warnings_is_cut(api: ApiServer, base: str) -> None:
    body = configmap("a") | {f"field{number}\r\n": 1 for number in range(500)}
    reply = api.post(base, body)
    assert reply.code == 201
    warnings = reply.headers.get_all("Warning") or []
    assert len(warnings) == 21
    assert "480 more warnings" in warnings[-1]


def test_a_protobuf_body_is_read(api: ApiServer, base: str) -> None:
    from minikube8s.api import protobuf

    data = protobuf.encode(configmap("a", {"k": "v"}))
    reply = api.post(base, data, content_type=protobuf.MEDIA_TYPE)
    assert reply.code == 201, reply.data
    assert reply.json["data"] == {"k": "v"}
    broken = api.post(base, data[:-20], content_type=protobuf.MEDIA_TYPE)
    assert (broken.code, broken.json["reason"]) == (400, "BadRequest")


def test_patches_that_are_shallow_one_by_one_do_not_make_a_deep_object(
    api: ApiServer, base: str
) -> None:
    api.create(base, configmap("a"))
    deep: Any = {}
    for _ in range(60):
        deep = {"a": deep}
    operations = [{"op": "add", "path": "/x", "value": deep}]
    operations += [{"op": "add", "path": "/x" + "/a" * 60 * n, "value": deep} for n in range(1, 9)]
    kind = "application/json-patch+json"
    reply = api.request("PATCH", f"{base}/a", operations, content_type=kind)
    assert (reply.code, reply.json["reason"]) == (400, "BadRequest")
    assert "levels deep" in reply.json["message"]


def test_head_has_no_answer_for_resources(api: ApiServer, base: str) -> None:
    assert api.request("HEAD", f"{base}?watch=true").code == 405
    assert api.request("HEAD", "/version").code == 200


def test_nonsense_from_a_client_is_not_logged_as_a_fault(
    api: ApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    plain = socket.create_connection(("127.0.0.1", api.server.port))
    with api.tls().wrap_socket(plain, server_hostname="127.0.0.1") as secure:
        secure.settimeout(10)
        secure.sendall(b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n")
        assert secure.recv(100).split()[1] == b"400"
        secure.close()
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []

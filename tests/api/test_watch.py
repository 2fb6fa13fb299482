"""Watches: nothing missed, nothing twice, and an end for everything."""

import threading
import time

import pytest

from tests.api.apiserver import ApiServer, configmap, pod

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.fixture
def base(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/configmaps"


def seen(event: dict) -> tuple[str, str]:
    return event["type"], event["object"]["metadata"]["name"]


def test_a_watch_continues_a_list(api: ApiServer, base: str) -> None:
    api.create(base, configmap("a"))
    revision = api.get(base).json["metadata"]["resourceVersion"]
    with api.watch(f"{base}?watch=true&resourceVersion={revision}") as watch:
        api.create(base, configmap("b"))
        api.request("PUT", f"{base}/b", configmap("b", {"k": "v"}))
        api.request("DELETE", f"{base}/b")
        events = [watch.next() for _ in range(3)]
    assert [seen(event) for event in events] == [
        ("ADDED", "b"),
        ("MODIFIED", "b"),
        ("DELETED", "b"),
    ]
    revisions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert revisions == sorted(set(revisions))


@pytest.mark.parametrize("query", ["watch=true", "watch=1&resourceVersion=0", "watch"])
def test_a_watch_from_nowhere_starts_with_what_exists(
    api: ApiServer, base: str, query: str
) -> None:
    api.create(base, configmap("a"))
    with api.watch(f"{base}?{query}") as watch:
        assert seen(watch.next()) == ("ADDED", "a")
        api.create(base, configmap("b"))
        assert seen(watch.next()) == ("ADDED", "b")


def test_initial_events_end_with_an_annotated_bookmark(api: ApiServer, base: str) -> None:
    api.create(base, configmap("a"))
    query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
    with api.watch(f"{base}?{query}&allowWatchBookmarks=true") as watch:
        assert seen(watch.next()) == ("ADDED", "a")
        bookmark = watch.next()
        assert bookmark["type"] == "BOOKMARK"
        assert bookmark["object"]["kind"] == "ConfigMap"
        metadata = bookmark["object"]["metadata"]
        assert metadata["annotations"] == {"k8s.io/initial-events-end": "true"}
        after = f"{base}?watch=true&resourceVersion={metadata['resourceVersion']}"
    with api.watch(after) as watch:
        api.create(base, configmap("b"))
        assert seen(watch.next()) == ("ADDED", "b")


def test_a_selection_sees_objects_enter_and_leave(api: ApiServer, base: str) -> None:
    api.create(base, configmap("a", color="red"))
    with api.watch(f"{base}?watch=true&labelSelector=color%3Dblue") as watch:
        for color in ("blue", "red", "blue"):
            api.request("PUT", f"{base}/a", configmap("a", {"c": color}, color=color))
        api.request("DELETE", f"{base}/a")
        events = [watch.next() for _ in range(4)]
    assert [event["type"] for event in events] == ["ADDED", "DELETED", "ADDED", "DELETED"]
    left = events[1]["object"]
    assert left["metadata"]["labels"] == {"color": "blue"}
    revisions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert revisions == sorted(set(revisions))


def test_one_object_can_be_watched_by_name(api: ApiServer, base: str) -> None:
    api.create(base, configmap("a"))
    query = "watch=true&fieldSelector=metadata.name%3Da&timeoutSeconds=1"
    with api.watch(f"{base}?{query}") as watch:
        api.create(base, configmap("b"))
        assert [seen(event) for event in watch] == [("ADDED", "a")]


def test_a_watch_ends_when_its_time_is_over(api: ApiServer, base: str) -> None:
    start = time.monotonic()
    with api.watch(f"{base}?watch=true&timeoutSeconds=1") as watch:
        assert list(watch) == []
    assert 0.9 < time.monotonic() - start < 10


def test_a_revision_that_is_forgotten_is_an_error_event(api: ApiServer, base: str) -> None:
    for number in range(3):
        api.request("PUT", f"{base}/a", configmap("a", {"n": str(number)}))
    with api.watch(f"{base}?watch=true&resourceVersion=999999") as watch:
        assert watch.response.status == 504


def test_only_the_first_frame_of_tables_defines_columns(api: ApiServer, namespace: str) -> None:
    base = f"/api/v1/namespaces/{namespace}/pods"
    api.create(base, pod("a"))
    api.create(base, pod("b"))
    with api.watch(f"{base}?watch=true", accept=TABLE) as watch:
        first, second = watch.next(), watch.next()
    assert first["object"]["columnDefinitions"]
    assert second["object"]["columnDefinitions"] == []
    assert second["object"]["rows"][0]["cells"][0] == "b"


def test_an_old_revision_is_answered_with_expired(tmp_path_factory: pytest.TempPathFactory) -> None:
    api = ApiServer(tmp_path_factory.mktemp("pki"))
    api.start()
    try:
        base = "/api/v1/namespaces/default/configmaps"
        api.create(base, configmap("a"))
        old = api.get(base).json["metadata"]["resourceVersion"]
        connection = api.connect()
        for number in range(1100):
            body = configmap("a", {"n": str(number)})
            import json

            connection.request(
                "PUT", f"{base}/a", json.dumps(body), {"Content-Type": "application/json"}
            )
            connection.getresponse().read()
        connection.close()
        with api.watch(f"{base}?watch=true&resourceVersion={old}") as watch:
            event = watch.next()
        assert event["type"] == "ERROR"
        assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")
    finally:
        api.stop()


def test_the_server_ends_its_watches_when_it_stops(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    api = ApiServer(tmp_path_factory.mktemp("pki"), shutdown_seconds=30)
    api.start()
    with api.watch("/api/v1/pods?watch=true") as watch:
        stopper = threading.Thread(target=api.stop)
        start = time.monotonic()
        stopper.start()
        assert list(watch) == []
        stopper.join(20)
        assert time.monotonic() - start < 15


def test_a_client_that_leaves_is_forgotten(api: ApiServer, base: str) -> None:
    from tests.support.wait import until

    streams = api.server._streams
    before = len(streams)
    watch = api.watch(f"{base}?watch=true")
    until("the watch counts", lambda: len(streams) == before + 1)
    watch.response.close()
    watch._connection.close()
    until("the watch is forgotten", lambda: len(streams) == before)


def test_too_many_watches_are_turned_away(tmp_path_factory: pytest.TempPathFactory) -> None:
    api = ApiServer(tmp_path_factory.mktemp("pki"), max_streams=1)
    api.start()
    try:
        with api.watch("/api/v1/pods?watch=true"):
            reply = api.get("/api/v1/pods?watch=true")
            assert (reply.code, reply.json["reason"]) == (429, "TooManyRequests")
            assert reply.headers["Retry-After"] == "1"
    finally:
        api.stop()

"""/metrics over HTTP: who may read it, and that it tells what happened."""

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.api.apiserver import ApiServer, configmap
from tests.support.wait import until


def scrape(api: ApiServer) -> dict[str, list[tuple[dict[str, str], float]]]:
    reply = api.get("/metrics")
    assert reply.code == 200
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(reply.data.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def value(api: ApiServer, name: str, **labels: str) -> float:
    """Return the sum of the samples with such labels."""
    return sum(
        number
        for given, number in scrape(api).get(name, ())
        if all(given.get(key) == wanted for key, wanted in labels.items())
    )


def test_requests_are_counted_by_what_they_are_and_how_they_ended(
    api: ApiServer, namespace: str
) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"

    def count(verb: str, code: str, scope: str) -> float:
        return value(
            api, "apiserver_request_total",
            verb=verb, code=code, scope=scope, resource="configmaps", group="", version="v1",
        )  # fmt: skip

    before = {
        case: count(*case)
        for case in (
            ("POST", "201", "resource"), ("GET", "200", "resource"), ("GET", "404", "resource"),
            ("LIST", "200", "namespace"), ("LIST", "200", "cluster"), ("APPLY", "200", "resource"),
            ("PATCH", "200", "resource"), ("LIST", "403", "namespace"),
        )
    }  # fmt: skip
    api.create(path, configmap("a"))
    api.get(f"{path}/a")
    api.get(f"{path}/absent")
    api.get(path)
    api.get("/api/v1/configmaps")
    api.get(path, user="guest")
    media = "application/merge-patch+json"
    api.request("PATCH", f"{path}/a", {"data": {"k": "v"}}, content_type=media)
    applied = configmap("a", {"z": "v"})
    media = "application/apply-patch+yaml"
    reply = api.request("PATCH", f"{path}/a?fieldManager=t", applied, content_type=media)
    assert reply.code == 200
    for case, number in before.items():
        assert count(*case) == number + 1, case
    assert value(api, "apiserver_request_duration_seconds_count", resource="configmaps") >= 8


def test_watches_are_counted_while_they_are_open(api: ApiServer, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    about = {"verb": "WATCH", "resource": "configmaps"}
    events = value(api, "apiserver_watch_events_total", resource="configmaps")
    with api.watch(f"{path}?watch=1") as watch:
        api.create(path, configmap("w"))
        watch.next()
        assert value(api, LONG_RUNNING, **about) == 1
        assert value(api, "apiserver_registered_watchers", kind="ConfigMap") == 1
    until("no watch is open", lambda: value(api, LONG_RUNNING, **about) == 0)
    assert value(api, "apiserver_watch_events_total", resource="configmaps") == events + 1


def test_stored_objects_are_counted_by_resource(api: ApiServer, namespace: str) -> None:
    def stored() -> float:
        return value(api, "apiserver_resource_objects", group="", resource="configmaps")

    before = stored()
    api.create(f"/api/v1/namespaces/{namespace}/configmaps", configmap("counted"))
    assert stored() == before + 1
    assert value(api, "apiserver_storage_objects", resource="deployments.apps") == 0


def test_the_process_and_its_version_are_told(api: ApiServer) -> None:
    found = scrape(api)
    [(build, one)] = found["kubernetes_build_info"]
    assert (build["major"], build["minor"], one) == ("1", "36", 1)
    for name in (
        "process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
        "process_start_time_seconds", "process_virtual_memory_bytes", "process_max_fds",
    ):  # fmt: skip
        [(_, number)] = found[name]
        assert number > 0, name
    kinds: dict[str, Any] = {tuple(given.values()) for given, _ in found[IN_FLIGHT]}
    assert kinds == {("readOnly",), ("mutating",)}


IN_FLIGHT = "apiserver_current_inflight_requests"
LONG_RUNNING = "apiserver_longrunning_requests"


def test_only_who_may_get_the_path_reads_metrics(api: ApiServer) -> None:
    assert api.get("/metrics", user="").code == 403
    assert api.get("/metrics", user="guest").code == 403
    monitor = {"impersonate_user": "prometheus", "impersonate_group": "system:monitoring"}
    assert api.get("/metrics", **monitor).code == 200

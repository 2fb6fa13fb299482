"""Lists: selectors, pages, revisions, tables."""

from urllib.parse import quote

import pytest

from tests.api.apiserver import ApiServer, configmap, pod

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PARTIAL = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


@pytest.fixture
def maps(api: ApiServer, namespace: str) -> str:
    """The path of five ConfigMaps, a to e, of which a, c and e are odd."""
    base = f"/api/v1/namespaces/{namespace}/configmaps"
    for number, name in enumerate("abcde", 1):
        api.create(base, configmap(name, parity="odd" if number % 2 else "even"))
    return base


def names(document: dict) -> list[str]:
    return [item["metadata"]["name"] for item in document["items"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "abcde"),
        ("labelSelector=parity%3Dodd", "ace"),
        ("labelSelector=parity%20in%20(even)", "bd"),
        ("labelSelector=!parity", ""),
        ("fieldSelector=metadata.name%3Dc", "c"),
        ("fieldSelector=metadata.name!%3Dc", "abde"),
        ("labelSelector=parity%3Dodd&fieldSelector=metadata.name!%3Dc", "ae"),
    ],
)
def test_selectors_select(api: ApiServer, maps: str, query: str, found: str) -> None:
    assert names(api.get(f"{maps}?{query}").json) == list(found)


@pytest.mark.parametrize(
    "query",
    [
        "fieldSelector=spec.nope%3D1",
        "labelSelector=a%20in",
        "limit=x",
        "resourceVersion=x",
        "continue=nonsense",
    ],
)
def test_parameters_that_make_no_sense_are_refused(api: ApiServer, maps: str, query: str) -> None:
    reply = api.get(f"{maps}?{query}")
    assert (reply.code, reply.json["reason"]) == (400, "BadRequest")


def test_pages_show_one_moment_whatever_happens_in_between(api: ApiServer, maps: str) -> None:
    first = api.get(f"{maps}?limit=2").json
    assert names(first) == ["a", "b"]
    assert first["metadata"]["remainingItemCount"] == 3
    api.request("DELETE", f"{maps}/c")
    api.create(maps, configmap("bb"))
    second = api.get(f"{maps}?limit=2&continue={first['metadata']['continue']}").json
    assert names(second) == ["c", "d"]
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    third = api.get(f"{maps}?limit=2&continue={second['metadata']['continue']}").json
    assert names(third) == ["e"]
    assert "continue" not in third["metadata"]


def test_a_token_that_is_too_old_offers_one_to_go_on_with(api: ApiServer, maps: str) -> None:
    from minikube8s.server.pagination import Token

    api.create(maps, configmap("bb"))
    old = Token(1, "configmaps/" + maps.split("/")[4] + "/b").encode()
    reply = api.get(f"{maps}?limit=2&continue={old}")
    assert (reply.code, reply.json["reason"]) == (410, "Expired")
    token = reply.json["metadata"]["continue"]
    assert names(api.get(f"{maps}?limit=2&continue={token}").json) == ["bb", "c"]


def test_a_revision_of_the_future_is_a_timeout_to_retry(api: ApiServer, maps: str) -> None:
    reply = api.get(f"{maps}?resourceVersion=999999&resourceVersionMatch=NotOlderThan")
    assert reply.code == 504
    assert reply.headers["Retry-After"] == "1"
    assert "Too large resource version" in reply.json["message"]


def test_all_namespaces_are_listed_together(api: ApiServer, namespace: str) -> None:
    api.create(f"/api/v1/namespaces/{namespace}/secrets", {"metadata": {"name": "s"}})
    api.create("/api/v1/namespaces/default/secrets", {"metadata": {"name": "s"}})
    found = api.get("/api/v1/secrets").json["items"]
    assert {item["metadata"]["namespace"] for item in found} >= {namespace, "default"}
    query = f"fieldSelector=metadata.namespace%3D{namespace}"
    assert len(api.get(f"/api/v1/secrets?{query}").json["items"]) == 1


def test_a_table_has_columns_cells_and_metadata(api: ApiServer, namespace: str) -> None:
    base = f"/api/v1/namespaces/{namespace}/pods"
    api.create(base, pod("p"))
    table = api.get(base, accept=TABLE).json
    assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    columns = [column["name"] for column in table["columnDefinitions"]]
    assert columns[:5] == ["Name", "Ready", "Status", "Restarts", "Age"]
    (row,) = table["rows"]
    assert row["cells"][:3] == ["p", "0/1", "Pending"]
    assert row["object"]["kind"] == "PartialObjectMetadata"
    whole = api.get(base + "?includeObject=Object", accept=TABLE).json["rows"][0]
    assert whole["object"]["spec"]["containers"][0]["name"] == "main"
    none = api.get(base + "?includeObject=None", accept=TABLE).json["rows"][0]
    assert "object" not in none
    single = api.get(base + "/p", accept=TABLE).json
    assert single["rows"][0]["cells"][0] == "p"


def test_metadata_alone_is_served(api: ApiServer, maps: str) -> None:
    listed = api.get(maps, accept=PARTIAL).json
    assert (listed["kind"], len(listed["items"])) == ("PartialObjectMetadataList", 5)
    assert "data" not in listed["items"][0]
    accept = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
    one = api.get(f"{maps}/a", accept=accept).json
    assert (one["kind"], one["metadata"]["name"]) == ("PartialObjectMetadata", "a")


def test_a_selector_with_characters_of_its_own_survives(api: ApiServer, namespace: str) -> None:
    base = f"/api/v1/namespaces/{namespace}/configmaps"
    body = configmap("a")
    body["metadata"]["labels"] = {"app.kubernetes.io/name": "x_y.z"}
    api.create(base, body)
    query = "labelSelector=" + quote("app.kubernetes.io/name=x_y.z")
    assert names(api.get(f"{base}?{query}").json) == ["a"]

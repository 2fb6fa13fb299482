import json
from datetime import UTC, datetime

import pytest
import yaml

from minikube8s.api.resources import CONFIGMAPS, PODS
from minikube8s.server import yaml_documents
from minikube8s.server.negotiation import Answer
from minikube8s.server.rendering import ListMeta, Renderer
from minikube8s.server.responses import warning
from minikube8s.store.encode import blob
from minikube8s.store.entry import Entry

NOW = datetime(2024, 1, 1, tzinfo=UTC)
TABLE = Answer("table", "v1", "json")
PARTIAL = Answer("partial", "v1", "json")


def entry(name: str) -> Entry:
    obj = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {"a": "b"}, "uid": "u"},
        "data": {"k": "ü"},
    }
    return Entry(f"configmaps/default/{name}", blob(obj).at(5), 5)


def test_an_object_is_its_stored_bytes() -> None:
    assert Renderer(CONFIGMAPS).one(entry("a"), NOW) is not None
    stored = entry("a")
    assert Renderer(CONFIGMAPS).one(stored, NOW) is stored.value
    assert stored.value in Renderer(CONFIGMAPS).event("ADDED", stored, NOW, first=True)


def test_a_list_is_the_stored_bytes_joined() -> None:
    first, second = entry("a"), entry("b")
    renderer = Renderer(CONFIGMAPS)
    page = renderer.listed(renderer.items([first, second], NOW), ListMeta(9, "token", 3))
    assert first.value + b"," + second.value in page
    document = json.loads(page)
    assert (document["kind"], document["apiVersion"]) == ("ConfigMapList", "v1")
    assert document["metadata"] == {
        "resourceVersion": "9",
        "continue": "token",
        "remainingItemCount": 3,
    }


def test_an_empty_list_has_items() -> None:
    assert json.loads(Renderer(CONFIGMAPS).listed([], ListMeta(9)))["items"] == []


def test_metadata_alone_leaves_the_rest_out() -> None:
    partial = json.loads(Renderer(CONFIGMAPS, PARTIAL).one(entry("a"), NOW))
    assert partial["kind"] == "PartialObjectMetadata"
    assert partial["metadata"]["labels"] == {"a": "b"}
    assert set(partial) == {"kind", "apiVersion", "metadata"}


@pytest.mark.parametrize("answer", [Answer("object", "", "json"), TABLE, PARTIAL])
def test_a_bookmark_carries_a_revision_in_every_form(answer: Answer) -> None:
    frame = Renderer(PODS, answer).bookmark(7, {"k": "v"}, first=True)
    event = json.loads(frame)
    assert frame.endswith(b"\n")
    assert event["type"] == "BOOKMARK"
    assert event["object"]["metadata"]["resourceVersion"] == "7"


def test_a_row_has_a_cell_for_every_column() -> None:
    table = json.loads(Renderer(CONFIGMAPS, TABLE).one(entry("a"), NOW))
    assert len(table["rows"][0]["cells"]) == len(table["columnDefinitions"])
    mark = json.loads(Renderer(CONFIGMAPS, TABLE).bookmark(7, {}, first=True))["object"]
    assert len(mark["rows"][0]["cells"]) == len(mark["columnDefinitions"])


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ('unknown field "a"', '299 - "unknown field \\"a\\""'),
        ("two\r\nlines: x", '299 - "two lines: x"'),
        ("nul\x00", '299 - "nul?"'),
        ("back\\slash", '299 - "back\\\\slash"'),
    ],
)
def test_a_warning_cannot_break_out_of_its_header(text: str, header: str) -> None:
    assert warning(text) == header


@pytest.mark.parametrize(("phase", "ended"), [("Succeeded", True), ("Running", False)])
def test_a_row_of_a_pod_that_has_ended_says_so(phase: str, ended: bool) -> None:
    obj = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "uid": "u"},
        "status": {"phase": phase},
    }
    stored = Entry("pods/default/p", blob(obj).at(5), 5)
    renderer = Renderer(PODS, TABLE)
    page = renderer.listed(renderer.items([stored], NOW), ListMeta(5))
    (row,) = json.loads(page)["rows"]
    assert [one["type"] for one in row.get("conditions", [])] == (["Completed"] if ended else [])


@pytest.mark.parametrize("key", ["items", "rows"])
def test_a_long_list_in_yaml_is_the_same_text_as_in_one_piece(key: str) -> None:
    items = [{"b": f"line\n{number}", "a": [{}, "x: y", None, "ü" * 90]} for number in range(20)]
    value = {"kind": "List", "apiVersion": "v1", "metadata": {"k": "é"}, key: items, "zone": [1]}
    whole = yaml.safe_dump(value, default_flow_style=False, allow_unicode=True, encoding="utf-8")
    assert yaml_documents.dump(value) == whole
    assert yaml_documents.dump({key: items}).startswith(f"{key}:\n- a:\n".encode())

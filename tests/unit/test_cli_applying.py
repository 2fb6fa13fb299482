"""Applying: what an object keeps of what was applied, what is patched, and in which order."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.api.resources import DEPLOYMENTS, Resource
from minikube8s.cli.applying import lastapplied, migrating, patching
from minikube8s.cli.applying.batches import batches
from minikube8s.cli.applying.beside import Beside
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming.places import Place

KEPT = lastapplied.ANNOTATION


def _object(**metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", **metadata}}


def test_the_annotation_is_what_kubectl_writes() -> None:
    done = lastapplied.annotated({**_object(namespace="n"), "data": {"k": "<a & ü>\u2028"}})
    assert done["metadata"]["annotations"] == {
        KEPT: '{"apiVersion":"v1","data":{"k":"\\u003ca \\u0026 ü\\u003e\\u2028"},'
        '"kind":"ConfigMap","metadata":{"annotations":{},"name":"a","namespace":"n"}}\n'
    }


def test_an_object_that_was_applied_before_keeps_only_what_is_applied_now() -> None:
    once = lastapplied.annotated(_object(annotations={"mine": "1"}))
    assert lastapplied.annotated(once) == once
    assert lastapplied.of(once)["metadata"]["annotations"] == {"mine": "1"}
    assert lastapplied.of(_object()) == {}


@pytest.mark.parametrize("text", ["{", "[]", "1"])
def test_an_annotation_that_is_no_object_is_told_with_the_way_out(text: str) -> None:
    with pytest.raises(CommandError, match=r"of a is not JSON\. Set it anew with `mk8s apply set"):
        lastapplied.of(_object(annotations={KEPT: text}))


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=9), max_size=4))
def test_what_is_kept_is_the_object(data: dict[str, str]) -> None:
    obj = {**_object(annotations={}), "data": data}
    assert lastapplied.of(lastapplied.annotated(obj)) == obj
    assert json.loads(lastapplied.text_of(obj)) == obj


def test_a_kind_of_our_table_is_patched_by_its_definition_and_another_by_json() -> None:
    foreign = Resource("example.com", "v1", "Web", "webs", "web", True)
    wanted = {"spec": {"list": [{"name": "x"}]}}
    assert patching.between(foreign, {}, wanted, {"spec": {"list": []}}) == (
        wanted,
        patching.MERGE,
    )
    body, content_type = patching.between(
        DEPLOYMENTS, {}, {"spec": {"replicas": 2}}, {"spec": {"replicas": 1}}
    )
    assert (body, content_type) == ({"spec": {"replicas": 2}}, patching.STRATEGIC)


def _batched(*words: str) -> list[list[str]]:
    places = ((Place(kind, "n", name), word) for word in words for kind, name in [word.split("/")])
    return batches(places)


def test_what_others_need_is_there_before_them() -> None:
    assert _batched("namespaces/n", "configmaps/a", "deployments.apps/b", "services/c") == [
        ["namespaces/n"],
        ["configmaps/a", "deployments.apps/b", "services/c"],
    ]
    assert _batched("serviceaccounts/a", "pods/b", "pods/c", "serviceaccounts/d") == [
        ["serviceaccounts/a"],
        ["pods/b", "pods/c"],
        ["serviceaccounts/d"],
    ]


def test_an_object_that_stands_twice_is_written_twice_one_after_the_other() -> None:
    assert _batched("configmaps/a", "configmaps/b", "configmaps/a") == [
        ["configmaps/a", "configmaps/b"],
        ["configmaps/a"],
    ]


_WORDS = st.sampled_from(["pods/a", "pods/b", "configmaps/a", "services/a", "namespaces/n"])


@given(st.lists(_WORDS, max_size=12))
def test_batches_keep_the_order_and_lose_nothing(words: list[str]) -> None:
    found = _batched(*words)
    assert [word for batch in found for word in batch] == words
    assert all(batch and len(set(batch)) == len(batch) for batch in found)


@pytest.mark.parametrize("count", [0, 1, 5, 50])
def test_results_come_in_order_whoever_is_done_first(count: int) -> None:
    last = threading.Event()

    def work(connection: int, item: int) -> int:
        if item == 0 and count > 5:
            assert last.wait(20)
        if item == 3:
            last.set()
        return item * 2

    pool = Beside(0, lambda: 1)
    assert list(pool.each(work, range(count))) == [item * 2 for item in range(count)]


def test_no_connection_has_two_requests_at_once_and_there_are_few() -> None:
    made, busy, mixed = [0], set(), []

    def another() -> int:
        made.append(len(made))
        return made[-1]

    def work(connection: int, item: int) -> None:
        if connection in busy:
            mixed.append(connection)
        busy.add(connection)
        threading.Event().wait(0.001)
        busy.discard(connection)

    list(Beside(0, another).each(work, range(40)))
    assert len(made) == 4
    assert mixed == []


def test_an_error_that_is_returned_is_a_result_as_any_other() -> None:
    failed = ValueError("five")
    results = list(
        Beside(0, lambda: 1).each(lambda _, item: failed if item == 5 else item, range(9))
    )
    assert results == [0, 1, 2, 3, 4, failed, 6, 7, 8]


def test_what_fails_is_raised_at_its_place() -> None:
    def work(_: int, item: int) -> int:
        if item == 10:
            raise ValueError("ten")
        return item

    got = []
    with pytest.raises(ValueError, match="ten"):
        got.extend(Beside(0, lambda: 1).each(work, range(20)))
    assert got == list(range(10))


def _entry(manager: str, operation: str, fields: dict[str, Any], part: str = "") -> dict[str, Any]:
    entry = {"manager": manager, "operation": operation, "fieldsV1": fields}
    return entry | ({"subresource": part} if part else {})


_OWN = {"f:metadata": {"f:annotations": {f"f:{KEPT}": {}}}}


def test_a_server_side_apply_takes_over_what_client_side_ones_had() -> None:
    before = [
        _entry("old", "Update", _OWN | {"f:data": {"f:gone": {}, "f:k": {}}}),
        _entry("kubectl", "Apply", {"f:data": {"f:k": {}}}),
        _entry("scaler", "Update", {"f:spec": {}}),
        _entry("old", "Update", {"f:status": {}}, "status"),
    ]
    former = migrating.owners(before, "Update")
    assert former == {"old"}
    assert migrating.owners(before, "Apply") == set()
    after = migrating.taken_over(before, former, "kubectl")
    fields = _OWN | {"f:data": {"f:k": {}, "f:gone": {}}}
    assert after == [_entry("kubectl", "Apply", fields), before[2], before[3]]
    assert after is not None
    assert migrating.owners(after, "Apply") == {"kubectl"}
    assert migrating.taken_over(after, former, "kubectl") is None
    assert before[1]["fieldsV1"] == {"f:data": {"f:k": {}}}

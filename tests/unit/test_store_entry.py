"""Encoding and lazy decoding."""

from __future__ import annotations

import json

import msgspec

from minikube8s.store.encode import blob, decode, unrevised
from minikube8s.store.entry import META_BYTES, Entry, Warmth

POD = {
    "kind": "Pod",
    "spec": {"b": 1, "a": {"z": None, "y": [1.5, "ü"]}},
    "metadata": {"name": "x", "resourceVersion": "7", "labels": {"b": "2", "a": "1"}},
    "apiVersion": "v1",
}


def test_equal_objects_encode_alike_whatever_the_order_of_their_keys() -> None:
    shuffled = json.loads(json.dumps(POD, sort_keys=True))
    assert list(shuffled) != list(POD)
    assert blob(shuffled) == blob(POD)


def test_the_revision_fills_the_hole_and_the_rest_is_kept() -> None:
    expected = json.loads(json.dumps(POD))
    expected["metadata"]["resourceVersion"] = "42"
    assert decode(blob(POD).at(42)) == expected
    assert POD["metadata"]["resourceVersion"] == "7"  # type: ignore[index]


def test_the_head_comes_first() -> None:
    assert list(decode(blob(POD).at(1)))[:3] == ["apiVersion", "kind", "metadata"]


def test_an_object_without_metadata_members_or_content_is_valid_json() -> None:
    assert decode(blob({"apiVersion": "v1", "kind": "X", "metadata": {}}).at(3)) == {
        "apiVersion": "v1",
        "kind": "X",
        "metadata": {"resourceVersion": "3"},
    }


def test_what_is_not_stored_shows_no_revision() -> None:
    assert "resourceVersion" not in decode(unrevised(POD))["metadata"]


def test_an_object_is_decoded_once_and_shared() -> None:
    class Kind(msgspec.Struct):
        kind: str

    entry = Entry("pods/default/x", blob(POD).at(1), 1)
    assert entry.object is entry.object
    assert entry.view(Kind) is entry.view(Kind)
    assert entry.view(Kind).kind == "Pod"
    assert entry.labels == {"a": "1", "b": "2"}


def test_names_come_from_the_key() -> None:
    assert (Entry("pods/ns/x", b"", 1).namespace, Entry("pods/ns/x", b"", 1).name) == ("ns", "x")
    assert (Entry("nodes/x", b"", 1).namespace, Entry("nodes/x", b"", 1).name) == ("", "x")


def test_only_the_recently_decoded_objects_stay_decoded() -> None:
    value = blob(POD).at(1)
    warmth = Warmth(limit=3 * len(value))
    entries = [Entry(f"pods/default/{n}", value, n, warmth) for n in range(5)]
    decoded = [entry.object for entry in entries]
    assert entries[4].object is decoded[4]
    assert entries[2].object is decoded[2]
    assert entries[1].object is not decoded[1]
    assert entries[1].object == decoded[1]


def test_where_more_is_stored_more_stays_decoded() -> None:
    value = blob(POD).at(1)
    warmth = Warmth(limit=3 * len(value))
    entries = [Entry(f"pods/default/{n}", value, n, warmth) for n in range(8 * 5)]
    for _ in entries:
        warmth.store(len(value))
    decoded = [entry.object for entry in entries]
    kept = [one.object is was for one, was in zip(entries[-5:], decoded[-5:], strict=True)]
    assert all(kept)
    warmth.store(-len(entries) * len(value))
    assert entries[0].object is entries[0].object
    assert entries[-4].object is not decoded[-4]


def test_heads_count_little_so_that_a_selector_finds_those_of_many_objects_decoded() -> None:
    value = blob({**POD, "data": "x" * 10 * META_BYTES}).at(1)
    warmth = Warmth(limit=10 * META_BYTES)
    entries = [Entry(f"pods/default/{n}", value, n, warmth) for n in range(10)]
    heads = [entry.meta for entry in entries]
    assert all(entry.meta is head for entry, head in zip(entries, heads, strict=True))


def test_what_is_being_decoded_is_never_the_one_that_is_dropped() -> None:
    value = blob(POD).at(1)
    warmth = Warmth(limit=len(value) + META_BYTES)
    first, second = (Entry(f"pods/default/{n}", value, n, warmth) for n in range(2))
    assert (first.labels, second.labels) == (POD["metadata"]["labels"],) * 2  # type: ignore[index]
    decoded = first.object
    assert first.object is decoded
    assert warmth.held == first.heat <= len(value) + META_BYTES

"""Random objects of every served kind survive protobuf, alone and in what the server answers."""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minikube8s.api import protobuf, schema
from minikube8s.api.protobuf import encodable
from minikube8s.api.resources import RESOURCES, Resource
from minikube8s.server.negotiation import Answer
from minikube8s.server.protobuf_rendering import ProtobufRenderer
from minikube8s.server.rendering import ListMeta, Renderer
from minikube8s.store.encode import blob
from minikube8s.store.entry import Entry
from tests.support import protoreader

NOW = datetime(2024, 1, 1, tzinfo=UTC)

text = st.text("abcé/-", min_size=1, max_size=4)
objects = st.dictionaries(text, st.integers() | text | st.none(), max_size=2)
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": text,
    "boolean": st.just(True),
    "int32": st.integers(-(2**31), 2**31 - 1).filter(bool),
    "int64": st.integers(-(2**63), 2**63 - 1).filter(bool),
    "double": st.floats(allow_nan=False, allow_infinity=False).filter(bool),
    "bytes": st.sampled_from(["AA==", "aGVsbG8=", "////"]),
    # In protobuf a time at the epoch means none, as in Kubernetes.
    "time": st.datetimes()
    .map(lambda at: at.isoformat(timespec="seconds") + "Z")
    .filter(lambda at: at != "1970-01-01T00:00:00Z"),
    "micro-time": st.sampled_from(["2024-02-03T04:05:06.000001Z", "1999-12-31T23:59:59.999999Z"]),
    "duration": st.sampled_from(["0s", "15.032s", "1h2m0.5s"]),
    "quantity": st.sampled_from(["250m", "1Gi", "0", "12e6"]),
    "int-or-string": st.integers(1, 2**31 - 1) | text,
    "any": objects,
    "object": objects,
}
# Fields that the table calls "any" but that hold a schema, or what may stand for one.
schemas = st.fixed_dictionaries({"type": text})
INSTEAD: dict[str, st.SearchStrategy[Any]] = {
    "additionalItems": schemas | st.booleans(),
    "additionalProperties": schemas | st.booleans(),
    "items": schemas | st.lists(schemas, min_size=1, max_size=2),
    "dependencies": st.dictionaries(
        text, schemas | st.lists(text, min_size=1, max_size=2), min_size=1, max_size=2
    ),
}


@st.composite
def values(draw: st.DrawFn, type_: schema.Type, depth: int) -> Any:
    if type_.kind == "list":
        assert type_.element is not None
        return draw(st.lists(values(type_.element, depth), min_size=1, max_size=2))
    if type_.kind == "map":
        assert type_.element is not None
        return draw(st.dictionaries(text, values(type_.element, depth), min_size=1, max_size=2))
    if type_.kind == "ref":
        return draw(definitions(type_.ref, depth - 1))
    return draw(SCALARS[type_.kind])


@st.composite
def definitions(draw: st.DrawFn, name: str, depth: int) -> dict[str, Any]:
    fields = schema.definition(name).fields
    usable = sorted(
        key
        for key, field in fields.items()
        if key not in ("apiVersion", "kind") and (depth > 0 or not _nested(field.type))
    )
    chosen = draw(st.lists(st.sampled_from(usable), unique=True, max_size=4)) if usable else []
    # References of objects name an apiVersion and kind of their own; roots get theirs below.
    instead = INSTEAD if name.endswith(".JSONSchemaProps") else {}
    return {key: draw(instead.get(key) or values(fields[key].type, depth)) for key in chosen}


def _nested(type_: schema.Type) -> bool:
    return type_.kind == "ref" or (type_.element is not None and _nested(type_.element))


@pytest.mark.parametrize("row", RESOURCES.all(), ids=lambda row: row.plural)
def test_every_kind_survives_protobuf(row: Resource) -> None:
    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(definitions(row.schema, 5))
    def survives(fields: dict[str, Any]) -> None:
        obj = {"apiVersion": row.api_version, "kind": row.kind, **fields}
        assert schema.check(row.schema, obj) == []
        assert protobuf.decode(protobuf.encode(obj)) == obj

    survives()


def bare(document: dict[str, Any]) -> dict[str, Any]:
    """A list whose items do not repeat their kind, which no message has a place for."""
    items = [
        {key: value for key, value in item.items() if key not in ("apiVersion", "kind")}
        for item in document["items"]
    ]
    return document | {"items": items}


@pytest.mark.parametrize("row", RESOURCES.all(), ids=lambda row: f"{row.plural}-{row.group}")
def test_what_is_answered_in_protobuf_is_what_is_answered_in_json(row: Resource) -> None:
    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(definitions(row.schema, 5))
    def same(fields: dict[str, Any]) -> None:
        metadata = fields.get("metadata", {}) | {"name": "x", "uid": "u"}
        obj = {"apiVersion": row.api_version, "kind": row.kind, **fields, "metadata": metadata}
        entry = Entry(row.key("default" if row.namespaced else None, "x"), blob(obj).at(7), 7)
        for form, version in (("object", ""), ("partial", "v1"), ("partial", "v1beta1")):
            inj = Renderer(row, Answer(form, version, "json"))  # type: ignore[arg-type]
            inp = ProtobufRenderer(row, Answer(form, version, "protobuf"))  # type: ignore[arg-type]
            document = json.loads(inj.one(entry, NOW))
            assert protoreader.read(inp.one(entry, NOW)) == document
            event = inp.event("ADDED", entry, NOW, first=True)
            assert int.from_bytes(event[:4]) == len(event) - 4
            assert protoreader.read_event(event[4:]) == {"type": "ADDED", "object": document}
            if encodable(row.api_version, f"{row.kind}List"):
                meta = ListMeta(9, "token", 3)
                listed = json.loads(inj.listed(inj.items([entry, entry], NOW), meta))
                data = inp.listed(inp.items([entry, entry], NOW), meta)
                assert protoreader.read(data) == bare(listed)

    same()


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(data: bytes) -> None:
    prefix = protobuf.MAGIC + bytes.fromhex("0a090a0276311203506f64") + b"\x12"
    for body in (protobuf.MAGIC + data, prefix + bytes([min(len(data), 127)]) + data):
        with contextlib.suppress(protobuf.Undecodable):
            assert protobuf.decode(body)["kind"] == "Pod"

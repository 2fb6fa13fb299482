"""Objects as answers: as they are stored, as Tables, as their metadata only. Pure.

An object is encoded once, when it is written. Here its bytes are joined, wrapped and cut, never
decoded and encoded again, except for YAML, which a client has to ask for.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from minikube8s.api import tables
from minikube8s.api.errors import ApiError
from minikube8s.api.resources import Resource
from minikube8s.server.negotiation import PLAIN, Answer
from minikube8s.store.entry import Entry

INITIAL_EVENTS_END = {"k8s.io/initial-events-end": "true"}

_encode = msgspec.json.encode


class _Metadata(msgspec.Struct):
    metadata: msgspec.Raw


_metadata = msgspec.json.Decoder(_Metadata)


class ListMeta(NamedTuple):
    """What a list says about itself; `token` empty on the last page, `remaining` -1 if unknown."""

    revision: int
    token: str = ""
    remaining: int = -1

    def fields(self) -> dict[str, Any]:
        """Return the ListMeta object."""
        fields: dict[str, Any] = {"resourceVersion": str(self.revision)}
        if self.token:
            fields["continue"] = self.token
            if self.remaining >= 0:
                fields["remainingItemCount"] = self.remaining
        return fields


class Renderer:
    """Writes objects of one resource in the form that one client asked for, as JSON.

    `include` is a Table's includeObject: None, Metadata or Object. `now` dates a Table's ages.
    """

    def __init__(self, resource: Resource, answer: Answer = PLAIN, include: str = "") -> None:
        self._resource = resource
        self._answer = answer
        self._include = include or "Metadata"

    def one(self, entry: Entry, now: datetime) -> bytes:
        """Return a single object."""
        match self._answer.form:
            case "table":
                return self._table(ListMeta(entry.revision), [self._row(entry, now)], columns=True)
            case "partial":
                return self._partial(entry.value)
        return entry.value

    @property
    def at_once(self) -> int:
        """How many items may be made without letting others into the event loop in between."""
        return sys.maxsize if self._answer.form == "object" else 250

    def items(self, entries: Iterable[Entry], now: datetime) -> list[Any]:
        """Return the items of a list, as `listed` takes them."""
        match self._answer.form:
            case "table":
                return [self._row(entry, now) for entry in entries]
            case "partial":
                return [self._partial(entry.value) for entry in entries]
        return [entry.value for entry in entries]

    def listed(self, items: Sequence[Any], meta: ListMeta) -> bytes:
        """Return a list."""
        if self._answer.form == "table":
            return self._table(meta, items, columns=True)
        head = self._head(self._answer.form)
        return b'{"kind":"%sList","apiVersion":"%s","metadata":%s,"items":[%s]}\n' % (
            head["kind"].encode(),
            head["apiVersion"].encode(),
            _encode(meta.fields()),
            b",".join(items),
        )

    def event(self, type_: str, entry: Entry, now: datetime, *, first: bool) -> bytes:
        """Return a watch frame; only the `first` of a stream of Tables defines their columns."""
        if self._answer.form == "table":
            row = self._row(entry, now)
            return frame(type_, self._table(ListMeta(entry.revision), [row], columns=first))
        return frame(type_, self.one(entry, now))

    def bookmark(self, revision: int, annotations: dict[str, str], *, first: bool) -> bytes:
        """Return a BOOKMARK frame, which tells how far the watcher is."""
        metadata: dict[str, Any] = {"resourceVersion": str(revision), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        if self._answer.form == "table":
            cells = [""] * len(tables.columns(self._resource))
            row = {"cells": cells, "object": self._head("partial") | {"metadata": metadata}}
            body = self._table(ListMeta(revision), [row], columns=first)
        else:
            body = _encode(self._head(self._answer.form) | {"metadata": metadata})
        return frame("BOOKMARK", body)

    def error(self, error: ApiError) -> bytes:
        """Return an ERROR frame, the last of a watch."""
        return frame("ERROR", _encode(error.status()))

    def _head(self, form: str) -> dict[str, Any]:
        if form == "object":
            return {"kind": self._resource.kind, "apiVersion": self._resource.api_version}
        version = self._answer.version or "v1"
        return {"kind": "PartialObjectMetadata", "apiVersion": f"meta.k8s.io/{version}"}

    def _partial(self, value: bytes) -> bytes:
        version = (self._answer.version or "v1").encode()
        return b'{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/%s","metadata":%s}' % (
            version,
            bytes(_metadata.decode(value).metadata),
        )

    def _row(self, entry: Entry, now: datetime) -> dict[str, Any]:
        row: dict[str, Any] = {"cells": tables.row(self._resource, entry.object, now)}
        conditions = tables.conditions(self._resource, entry.object)
        if conditions:
            row["conditions"] = conditions
        if self._include == "Object":
            row["object"] = msgspec.Raw(entry.value)
        elif self._include == "Metadata":
            row["object"] = msgspec.Raw(self._partial(entry.value))
        return row

    def _table(self, meta: ListMeta, rows: Sequence[dict[str, Any]], *, columns: bool) -> bytes:
        return _encode(
            {
                "kind": "Table",
                "apiVersion": f"meta.k8s.io/{self._answer.version}",
                "metadata": meta.fields(),
                "columnDefinitions": tables.columns(self._resource) if columns else [],
                "rows": rows,
            }
        )


def frame(type_: str, value: bytes) -> bytes:
    """Return one watch event as a line."""
    return b'{"type":"%s","object":%s}\n' % (type_.encode(), value)

"""Objects as answers in protobuf: whole ones and their metadata only. Pure.

Stored bytes are JSON, so an object is encoded a second time here, when the first client asks; the
entry keeps the result as long as it keeps other decoded forms. Lists and events wrap it. Tables
have no protobuf form: negotiation never asks for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from minikube8s.api import protobuf
from minikube8s.api.errors import ApiError
from minikube8s.server.rendering import ListMeta, Renderer
from minikube8s.store.encode import decode
from minikube8s.store.entry import Entry


class _Metadata(msgspec.Struct):
    metadata: dict[str, Any]


_metadata = msgspec.json.Decoder(_Metadata)


class ProtobufRenderer(Renderer):
    """Writes objects of one resource as Kubernetes' protobuf."""

    def one(self, entry: Entry, now: datetime) -> bytes:
        """Return a single object."""
        head = self._head(self._answer.form)
        return protobuf.enveloped(head["apiVersion"], head["kind"], self._bare(entry))

    @property
    def at_once(self) -> int:
        """How many items may be made without letting others into the event loop in between."""
        return 100

    def items(self, entries: Iterable[Entry], now: datetime) -> list[bytes]:
        """Return the items of a list, as `listed` takes them."""
        return [self._bare(entry) for entry in entries]

    def listed(self, items: Sequence[bytes], meta: ListMeta) -> bytes:
        """Return a list."""
        head = self._head(self._answer.form)
        return protobuf.encode_list(head["apiVersion"], head["kind"] + "List", meta.fields(), items)

    def event(self, type_: str, entry: Entry, now: datetime, *, first: bool) -> bytes:
        """Return a watch frame."""
        return protobuf.watch_frame(type_, self.one(entry, now))

    def bookmark(self, revision: int, annotations: dict[str, str], *, first: bool) -> bytes:
        """Return a BOOKMARK frame, which tells how far the watcher is."""
        metadata = {"resourceVersion": str(revision), "annotations": annotations}
        body = protobuf.encode(self._head(self._answer.form) | {"metadata": metadata})
        return protobuf.watch_frame("BOOKMARK", body)

    def error(self, error: ApiError) -> bytes:
        """Return an ERROR frame."""
        return protobuf.watch_frame("ERROR", protobuf.encode(error.status()))

    def _bare(self, entry: Entry) -> bytes:
        if self._answer.form == "partial":
            partial = {"metadata": _metadata.decode(entry.value).metadata}
            return protobuf.encode_bare(self._head("partial") | partial)
        return entry.form(_encoded)


def _encoded(value: bytes) -> bytes:
    return protobuf.encode_bare(decode(value))

"""Builds documents, compressed and with their hash, each once.

Bounded by the number of group versions and three; a document is some 50 kB.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from hashlib import sha256

from minikube8s.api.openapi import documents
from minikube8s.api.openapi.media import Document
from minikube8s.api.resources import RESOURCES, ResourceTable


class Publisher:
    """The OpenAPI documents of one resource table, each built on its first request."""

    def __init__(self, table: ResourceTable = RESOURCES) -> None:
        self._table = table
        self._built: dict[str, Document] = {}

    def v3_index(self) -> Document:
        """The index of the v3 documents; builds them all, since it names their hashes."""
        return self._document("v3", lambda: documents.v3_index(self._hashes()))

    def v3_document(self, path: str) -> Document:
        """One v3 document, `api/v1` or `apis/apps/v1`. Raises LookupError when there is none."""
        return self._document(f"v3/{path}", lambda: documents.v3_document(path, self._table))

    def v2_document(self) -> Document:
        """The v2 document as JSON."""
        return self._document("v2", lambda: documents.v2_document(self._table))

    def v2_protobuf(self) -> Document:
        """The v2 document as protobuf."""
        return self._document("v2 protobuf", lambda: documents.v2_protobuf(self._table))

    def all(self) -> dict[str, Document]:
        """Every document by its name: `v2`, `v2 protobuf`, `v3` (the index), `v3/apis/apps/v1`…"""
        self.v2_document()
        self.v2_protobuf()
        self.v3_index()
        return dict(self._built)

    def _hashes(self) -> dict[str, str]:
        return {path: self.v3_document(path).etag for path in documents.v3_paths(self._table)}

    def _document(self, name: str, build: Callable[[], bytes]) -> Document:
        found = self._built.get(name)
        if found is None:
            data = build()
            digest = sha256(data).hexdigest().upper()
            found = Document(gzip.compress(data, compresslevel=6, mtime=0), digest)
            self._built[name] = found
        return found

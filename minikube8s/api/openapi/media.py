"""What a published document is on the wire. Imports nothing, so that serving documents costs only
their bytes."""

from __future__ import annotations

from typing import NamedTuple

V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
"""The media type of the v2 document in protobuf; Go refuses an `@` in an answer."""

V2_PROTOBUF_ASKED = (V2_PROTOBUF, "application/com.github.proto-openapi.spec.v2@v1.0+protobuf")
"""How clients ask for it."""


class Document(NamedTuple):
    """A published document: gzip bytes as nearly every client takes them, and their name."""

    gzipped: bytes
    etag: str

    def plain(self) -> bytes:
        """The document, uncompressed."""
        import gzip  # noqa: PLC0415 - kubectl takes it compressed

        return gzip.decompress(self.gzipped)

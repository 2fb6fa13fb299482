"""Kubernetes' protobuf: the wire form that typed Go clients prefer for built-in kinds.

Pure: bytes to the dict that the same object's JSON gives, and back. Field numbers come from a table
of facts; a message is looked up when first met. Kinds without a message (custom resources, Table)
have no such form.
"""

from minikube8s.api.protobuf.envelope import (
    MAGIC,
    MEDIA_TYPE,
    NotEncodable,
    Undecodable,
    decode,
    encodable,
    encode,
    encode_bare,
    encode_list,
    enveloped,
    watch_frame,
)

__all__ = [
    "MAGIC",
    "MEDIA_TYPE",
    "NotEncodable",
    "Undecodable",
    "decode",
    "encodable",
    "encode",
    "encode_bare",
    "encode_list",
    "enveloped",
    "watch_frame",
]

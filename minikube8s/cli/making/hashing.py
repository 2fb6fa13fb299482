"""The ending of a name that tells what a ConfigMap or Secret holds (`--append-hash`)."""

from __future__ import annotations

import hashlib
import json

from minikube8s.cli.making.base import Object

_LENGTH = 10
# letters in place of digits and vowels, so that no words come about
_SAFE = str.maketrans("013ae", "ghkmt")


def with_hash(obj: Object) -> Object:
    """``obj`` with the hash of its content after its name, as kubectl and kustomize reckon it."""
    metadata = dict(obj["metadata"])
    metadata["name"] += f"-{content_hash(obj)}"
    return {**obj, "metadata": metadata}


def content_hash(obj: Object) -> str:
    """Ten letters and digits of the SHA-256 of kind, name, type and data."""
    told = {"kind": obj["kind"], "name": obj["metadata"]["name"], "data": obj.get("data") or ""}
    if obj["kind"] == "Secret":
        told["type"] = obj.get("type", "")
    elif obj.get("binaryData"):
        told["binaryData"] = obj["binaryData"]
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for sign, escape in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(sign, escape)
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH].translate(_SAFE)

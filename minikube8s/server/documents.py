"""Request bodies: JSON, YAML and protobuf into dicts, with every key that is there twice. Pure.

Owns decoding and its complaints. What the decoded object should look like is known elsewhere.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import msgspec

_KEY_END = b'":'
_MISCOUNTED = (b"\\u", b'" ', b'"\t', b'"\n', b'"\r')

DEEPEST = 200
"""How deeply objects may be nested; Kubernetes' own need some 20. What they pass through later
calls itself for each level."""
TOO_DEEP = f"json parse error: exceeded max depth of {DEEPEST}"

Encoding = Literal["json", "yaml", "protobuf"]


class Document(NamedTuple):
    """A decoded body and the paths of the keys that it gives more than once."""

    value: Any
    duplicates: tuple[str, ...]


class Undecodable(Exception):
    """The body is not what its media type says; the message tells why and where.

    `version` and `kind` are those of the object, empty where the body does not get so far.
    """

    version = ""
    kind = ""


def decode(data: bytes, encoding: Encoding, *, find_duplicates: bool) -> Document:
    """Decode a body. Raises Undecodable, also for one that is nested too deeply."""
    try:
        match encoding:
            case "yaml":
                document = _yaml(data)
            case "protobuf":
                document = _protobuf(data)
            case _:
                document = _json_with_duplicates(data) if find_duplicates else _json(data)
    except RecursionError:
        raise Undecodable(TOO_DEEP) from None
    flat = encoding == "json" and data.count(b"{") + data.count(b"[") <= DEEPEST
    if not flat and too_deep(document.value):
        raise Undecodable(TOO_DEEP)
    return document


def too_deep(value: Any) -> bool:
    """Whether a value is nested more deeply than objects may be."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(DEEPEST + 1):
        level = [
            part
            for whole in level
            for part in (whole.values() if isinstance(whole, dict) else whole)
            if isinstance(part, (dict, list))
        ]
        if not level:
            return False
    return True


def _json(data: bytes) -> Document:
    try:
        return Document(msgspec.json.decode(data), ())
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Undecodable(f"json parse error: {error}") from error


class _Repeating(dict[str, Any]):
    """An object of the body that has a key twice."""

    repeated: tuple[str, ...] = ()


def _json_with_duplicates(data: bytes) -> Document:
    # The strict decoder first: the standard library's takes NaN, lone surrogates and the like.
    value = _json(data).value
    if not _may_repeat(data, value):
        return Document(value, ())
    found = False

    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal found
        plain = dict(pairs)
        if len(plain) == len(pairs):
            return plain
        found = True
        repeating = _Repeating(plain)
        counts = Counter(key for key, _ in pairs)
        repeating.repeated = tuple(key for key, count in counts.items() if count > 1)
        return repeating

    structure = json.loads(data, object_pairs_hook=build)
    return Document(value, tuple(_repeated(structure, "")) if found else ())


def _may_repeat(data: bytes, value: Any) -> bool:
    """Whether a JSON text may give a key twice: what it says would have fewer keys in it.

    Only a look at the text's own objects tells for sure; this spares most texts that. Quotes that
    are escaped by number, and keys with a space before the colon, would be miscounted.
    """
    if any(mark in data for mark in _MISCOUNTED):
        return True
    try:
        return data.count(_KEY_END) != msgspec.json.encode(value).count(_KEY_END)
    except UnicodeEncodeError:
        return True


def _repeated(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, _Repeating):
        yield from (join(path, key) for key in value.repeated)
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _repeated(item, join(path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _repeated(item, f"{path}[{index}]")


def join(path: str, key: str) -> str:
    """Return the path of a key below a path, as Kubernetes writes it."""
    return f"{path}.{key}" if path else key


def _yaml(data: bytes) -> Document:
    # YAML bodies are rare (kubectl converts before sending), and the module is not small.
    from minikube8s.server import yaml_documents  # noqa: PLC0415

    value, duplicates = yaml_documents.load(data)
    return Document(value, duplicates)


def _protobuf(data: bytes) -> Document:
    # The table of messages is loaded for the first client that speaks it.
    from minikube8s.api import protobuf  # noqa: PLC0415

    try:
        return Document(protobuf.decode(data), ())
    except protobuf.Undecodable as error:
        refused = Undecodable(str(error))
        refused.version, refused.kind = error.api_version.rpartition("/")[2], error.kind
        raise refused from error

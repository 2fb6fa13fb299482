"""Media types: in which form a client wants its answer, and in which form its body came. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

from minikube8s.api import errors
from minikube8s.server.documents import Encoding

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"

_ENCODINGS: dict[str, Encoding] = {JSON: "json", YAML: "yaml", PROTOBUF: "protobuf"}
_NAMES: dict[Encoding, str] = {encoding: name for name, encoding in _ENCODINGS.items()}
_ANY = frozenset({"*/*", "application/*"})
_STREAM = ";stream=watch"
_CONVERTING = frozenset({"as", "g", "v"})
_META_VERSIONS = frozenset({"v1", "v1beta1"})


class MediaType(NamedTuple):
    """One range of an Accept header, or a Content-Type: `application/json;as=Table`."""

    name: str
    parameters: dict[str, str]


class Answer(NamedTuple):
    """How to write the answer.

    `form` is the object as it is, a Table, or its metadata only; `version` is that of
    meta.k8s.io for the latter two.
    """

    form: Literal["object", "table", "partial"]
    version: str
    encoding: Encoding


PLAIN = Answer("object", "", "json")


def media_type(text: str) -> MediaType:
    """Read one media type with its parameters; names and parameter names in lower case."""
    name, *pieces = text.split(";")
    parameters = {}
    for piece in pieces:
        key, _, value = piece.partition("=")
        parameters[key.strip().lower()] = value.strip().strip('"')
    return MediaType(name.strip().lower(), parameters)


def accepted(header: str) -> list[MediaType]:
    """Return an Accept header's media types, the preferred first; an absent header takes any."""
    ranges = [media_type(text) for text in header.split(",") if text.strip()]
    ranges = ranges or [MediaType("*/*", {})]
    weighted = [(_quality(entry.parameters.get("q", "1")), entry) for entry in ranges]
    # The sort is stable: among equals the client's order counts, which is what Go clients rely on.
    weighted.sort(key=lambda pair: (-pair[0], pair[1].name.count("*")))
    return [entry for quality, entry in weighted if quality > 0]


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


@lru_cache(maxsize=256)
def negotiate(header: str, *, streaming: bool = False) -> Answer:
    """Return the first form in an Accept header that can be served. Raises NotAcceptable.

    A `streaming` answer has no YAML form: who prefers that is refused, as in Kubernetes.
    """
    for entry in accepted(header):
        answer = _answer(entry)
        if answer is None:
            continue
        if streaming and answer.encoding == "yaml":
            break
        return answer
    if streaming:
        raise errors.not_acceptable((JSON + _STREAM, PROTOBUF + _STREAM))
    raise errors.not_acceptable(tuple(_ENCODINGS))


def plain_encoding(header: str) -> Encoding:
    """Return how to write what has no other forms, a Status above all; JSON when in doubt."""
    for entry in accepted(header):
        encoding = _encoding(entry)
        if encoding is not None and not entry.parameters.keys() & _CONVERTING:
            return encoding
    return "json"


def _encoding(entry: MediaType) -> Encoding | None:
    return "json" if entry.name in _ANY else _ENCODINGS.get(entry.name)


def _answer(entry: MediaType) -> Answer | None:
    encoding = _encoding(entry)
    if encoding is None:
        return None
    if not entry.parameters.keys() & _CONVERTING:
        return Answer("object", "", encoding)
    version = entry.parameters.get("v", "")
    if entry.parameters.get("g") != "meta.k8s.io" or version not in _META_VERSIONS:
        return None
    match entry.parameters.get("as"):
        case "Table" if encoding != "protobuf":
            return Answer("table", version, encoding)
        case "PartialObjectMetadata" | "PartialObjectMetadataList":
            return Answer("partial", version, encoding)
    return None


def body_encoding(content_type: str) -> Encoding:
    """Return how a request body is encoded; no Content-Type means JSON. Raises 415."""
    encoding = _ENCODINGS.get(media_type(content_type).name) if content_type else "json"
    if encoding is None or _malformed(content_type):
        raise errors.unsupported_media_type(tuple(_ENCODINGS))
    return encoding


def _malformed(content_type: str) -> bool:
    """Whether a media type has parameters without a value, or one that is there twice."""
    pieces = [piece.strip() for piece in content_type.split(";")[1:]]
    names = [piece.partition("=")[0].lower() for piece in pieces if piece]
    return len(names) > len(set(names)) or any("=" not in piece for piece in pieces if piece)


def content_type(encoding: Encoding, *, streaming: bool = False) -> str:
    """Return the Content-Type of an answer in this encoding."""
    name = _NAMES[encoding]
    return name + _STREAM if streaming and encoding != "json" else name

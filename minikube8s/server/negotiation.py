"""Media types: in which form a client wants its answer, and in which form its body came. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

from minikube8s.api import errors
from minikube8s.server.documents import Encoding

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"

_FORMS = (JSON, YAML)
_YAML_NAMES = frozenset({YAML, "text/yaml", "application/x-yaml", "text/x-yaml"})
_ANY = frozenset({"*/*", "application/*"})
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
    encoding: Literal["json", "yaml"]


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
    weighted.sort(key=lambda pair: -pair[0])
    return [entry for quality, entry in weighted if quality > 0]


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


@lru_cache(maxsize=256)
def negotiate(header: str) -> Answer:
    """Return the first form in an Accept header that can be served. Raises NotAcceptable."""
    for entry in accepted(header):
        answer = _answer(entry)
        if answer is not None:
            return answer
    raise errors.not_acceptable(_FORMS)


def _answer(entry: MediaType) -> Answer | None:
    encoding: Literal["json", "yaml"]
    if entry.name == JSON or entry.name in _ANY:
        encoding = "json"
    elif entry.name in _YAML_NAMES:
        encoding = "yaml"
    else:
        return None
    kind = entry.parameters.get("as")
    if kind is None:
        return Answer("object", "", encoding)
    version = entry.parameters.get("v", "")
    if entry.parameters.get("g") != "meta.k8s.io" or version not in _META_VERSIONS:
        return None
    match kind:
        case "Table":
            return Answer("table", version, encoding)
        case "PartialObjectMetadata" | "PartialObjectMetadataList":
            return Answer("partial", version, encoding)
    return None


def body_encoding(content_type: str) -> Encoding:
    """Return how a request body is encoded; no Content-Type means JSON. Raises 415."""
    name = media_type(content_type).name
    if name in {"", JSON}:
        return "json"
    if name in _YAML_NAMES:
        return "yaml"
    if name == PROTOBUF:
        return "protobuf"
    raise errors.unsupported_media_type((*_FORMS, PROTOBUF))


def content_type(answer: Answer) -> str:
    """Return the Content-Type of an answer's encoding."""
    return JSON if answer.encoding == "json" else YAML

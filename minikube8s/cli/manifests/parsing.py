"""Owns what a manifest's text says: YAML or JSON, several documents, Lists unrolled. Pure.

Reads what kubectl reads (a BOM, UTF-16, JSON objects one after the other), and refuses what can
only be a mistake: a key twice in one mapping, bytes that are no text, a web page.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

import yaml

from minikube8s.cli.errors import CommandError
from minikube8s.cli.manifests import depth, numbers

EXPANDED_VALUES = 5_000_000
"""How many values a document may have once its aliases are written out."""
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_FLOAT, _BOOL = "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool"
_UNREAD = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value", "tag:yaml.org,2002:int"}

_NUMBER = re.compile(rf"{numbers.NUMBER.pattern}|[-+]?\.(inf|Inf|INF)$|\.(nan|NaN|NAN)$")
_CORE_TRUTH = re.compile("(true|True|TRUE|false|False|FALSE)$")
_TRUTH = re.compile(rf"{_CORE_TRUTH.pattern}|(y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF)$")
_OURS = {_FLOAT: _NUMBER, _BOOL: _TRUTH}
# the C parser where PyYAML was built with it: ten times faster
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Document(NamedTuple):
    """One object, and the name of the file (or URL) that it stands in."""

    source: str
    obj: dict[str, Any]


class _StrictLoader(_Loader):  # type: ignore[misc]
    """Refuses a key that stands twice in one mapping; leaves timestamps as the text they are."""

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, _OURS.get(tag, regexp)) for tag, regexp in resolvers if tag not in _UNREAD]
        for first, resolvers in _Loader.yaml_implicit_resolvers.items()
    }

    bool_values: ClassVar = {**_Loader.bool_values, "y": True, "n": False}

    def construct_yaml_float(self, node: yaml.ScalarNode) -> int | float:
        """Any number, as kubectl reads it."""
        found = numbers.number(node.value)
        return float(super().construct_yaml_float(node)) if found is None else found

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[str, Any]:
        """A mapping with every key once, and as text: JSON has no other keys."""
        seen = set()
        for key_node, _ in node.value:
            key = key_node.value
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            if not isinstance(key, str):
                raise _problem("a key must be text", key_node.start_mark)
            if key in seen:
                raise _problem(f'key "{key}" already set in map', key_node.start_mark)
            seen.add(key)
        self.flatten_mapping(node)
        pairs = [(self.construct_object(one, True), other) for one, other in node.value]
        return {
            key if isinstance(key, str) else json.dumps(key): self.construct_object(value, deep)
            for key, value in pairs
        }

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Write out what a mapping merges (`<<`): each key once, or ten merges of ten explode."""
        super().flatten_mapping(node)
        last = {
            key.value if isinstance(key, yaml.ScalarNode) else id(key): (key, value)
            for key, value in node.value
        }
        node.value = list(last.values())


_StrictLoader.add_constructor(_FLOAT, _StrictLoader.construct_yaml_float)


class _CoreLoader(_StrictLoader):
    """Takes `yes`, `on` and `y` for text, as YAML 1.2 does."""

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, _CORE_TRUTH if tag == _BOOL else regexp) for tag, regexp in resolvers]
        for first, resolvers in _StrictLoader.yaml_implicit_resolvers.items()
    }


def documents(source: str, data: bytes, *, core: bool = False) -> Iterator[Document]:
    """Every object in ``data``, in order. Raises CommandError with the place, at that place.

    ``core``: it is YAML 1.2, as what a kustomization names is.
    """
    text = decoded(source, data)
    start = text.lstrip()[:64].lower()
    if start.startswith(("<!doctype", "<html", "<?xml")):
        raise CommandError(
            f"error parsing {source}: it is a web page, not a manifest. Ask for the raw file."
        )
    for line, document in _json(text) or _yaml(source, text, core):
        for obj in _unrolled(document):
            _check(source, line, obj)
            yield Document(source, obj)


def values(source: str, text: str, *, core: bool = False) -> list[Any]:
    """Every document in ``text``, whatever it is. Raises CommandError with the place."""
    return [value for _, value in _json(text) or _yaml(source, text, core)]


def decoded(source: str, data: bytes) -> str:
    """``data`` as text, whatever byte order mark it has. Raises CommandError with the line."""
    encoding = "utf-16" if data.startswith(_UTF16) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CommandError(f"error parsing {source}: line {line}: it is not UTF-8 text") from None


def _json(text: str) -> list[tuple[int, Any]] | None:
    """JSON objects one after the other; None when it is something else (YAML in braces, say)."""
    if not text.lstrip().startswith("{"):
        return None
    decoder = json.JSONDecoder(
        object_pairs_hook=_once, parse_float=numbers.whole, parse_constant=_no_constant
    )
    at = 0
    found = []
    try:
        while at < len(text):
            if text[at].isspace():
                at += 1
                continue
            value, end = decoder.raw_decode(text, at)
            found.append((text.count("\n", 0, at) + 1, value))
            at = end
    except (ValueError, RecursionError):
        # YAML's reader says where, and takes more than JSON's (a comma at the end, say)
        return None
    return found


def _yaml(source: str, text: str, core: bool) -> Iterator[tuple[int, Any]]:
    loader = _CoreLoader(text) if core else _StrictLoader(text)
    try:
        depth.check(text, _Loader)
        while loader.check_node():
            node = loader.get_node()
            value = loader.construct_document(node)
            _weigh(value, {})
            if value is not None:
                yield node.start_mark.line + 1, value
    except yaml.YAMLError as error:
        raise CommandError(f"error parsing {source}: {_where(error, text)}") from None
    except RecursionError:
        raise CommandError(f"error parsing {source}: it is nested too deeply") from None
    except ValueError as error:
        raise CommandError(f"error parsing {source}: {error}") from None
    finally:
        loader.dispose()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _weigh(value: Any, known: dict[int, int]) -> int:
    """How many values there are, aliases written out. Raises ValueError for what is no JSON."""
    if isinstance(value, dict | list):
        mark = id(value)
        if mark not in known:
            known[mark] = EXPANDED_VALUES  # of a value that holds itself
            children = value.values() if isinstance(value, dict) else value
            known[mark] = 1 + sum(_weigh(child, known) for child in children)
        if known[mark] >= EXPANDED_VALUES:
            raise ValueError("its aliases make it far too large")
        return known[mark]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is a number that JSON does not have")
    if not isinstance(value, str | int | float | None):
        raise ValueError(f"it has a value that JSON does not have: {value!r:.60}")
    return 1


def _unrolled(document: Any) -> list[Any]:
    if not isinstance(document, dict):
        return [document]
    kind = document.get("kind")
    if isinstance(kind, str) and kind.endswith("List") and isinstance(document.get("items"), list):
        # items of a typed list need not say again what they are
        said = {"apiVersion": document.get("apiVersion"), "kind": kind.removesuffix("List")}
        return [
            {**said, **item} if isinstance(item, dict) and said["kind"] else item
            for item in document["items"]
        ]
    return [document]


def _check(source: str, line: int, obj: Any) -> None:
    complaint = ""
    if not isinstance(obj, dict):
        complaint = f"invalid object to validate: it must be a mapping, not {obj!r:.60}"
    else:
        for field in ("apiVersion", "kind"):
            if not complaint and (not isinstance(obj.get(field), str) or not obj[field]):
                complaint = f"{field} not set"
        metadata = obj.get("metadata")
        if not complaint and not isinstance(metadata, dict | None):
            complaint = "metadata must be a mapping"
        for field in ("name", "namespace"):
            value = metadata.get(field) if isinstance(metadata, dict) else None
            if not complaint and not isinstance(value, str | None):
                complaint = f"metadata.{field} must be text: put {value!r:.40} in quotes"
    if complaint:
        raise CommandError(f'error validating "{source}", line {line}: {complaint}')


def _problem(problem: str, mark: yaml.Mark) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, mark)


def _where(error: yaml.YAMLError, text: str) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        line = error.problem_mark.line
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        lines = text.splitlines()
        if line < len(lines) and lines[line].lstrip(" ").startswith("\t"):
            problem = "it is indented with a tab: YAML takes spaces only"
        return f"line {max(1, min(line + 1, len(lines)))}: {problem}"
    if isinstance(error, yaml.reader.ReaderError):
        return f"it has a character that YAML does not allow: {chr(error.character)!r}"
    return str(error)

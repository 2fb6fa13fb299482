"""YAML as Kubernetes reads and writes it: YAML 1.1 without dates, one document. Pure.

Imported only when a client sends or asks for YAML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isfinite
from typing import Any

import yaml

from minikube8s.server.documents import DEEPEST, TOO_DEEP, Undecodable, join

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

_LONG = 10
"""From how many items on a list is written piece by piece."""
_MAX_BITS = 1024
"""Of a whole number: what a double can hold."""
_UNSUSPICIOUS = 10_000
_EXPANSION = 10
"""Beyond so many values, a document may not come to more than so many times those it spells out."""


_TAG = "tag:yaml.org,2002:"
_NUMBERS = {
    "int": re.compile(r"[-+]?(0b[01_]+|0[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)$"),
    "float": re.compile(
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"
        r"|[-+]?\.(inf|Inf|INF)$|\.(nan|NaN|NAN)$"
    ),
}
"""What is a number, as Go's YAML has it: 1e3 is one, 22:22 is not."""
_PLAIN = {"bool", "null", "merge"}
_NOT_IN_JSON = {"binary", "timestamp", "omap", "pairs", "set"}


class _Loader(_Base):  # type: ignore[misc]
    """A safe loader of what JSON can say: dates, 2024-01-01, are text."""


_Loader.yaml_constructors = {
    tag: construct
    for tag, construct in _Base.yaml_constructors.items()
    if str(tag).removeprefix(_TAG) not in _NOT_IN_JSON
}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in entries if tag.removeprefix(_TAG) in _PLAIN]
    for first, entries in _Base.yaml_implicit_resolvers.items()
}
for _name, _pattern in _NUMBERS.items():
    _Loader.add_implicit_resolver(_TAG + _name, _pattern, list("-+.0123456789"))


def load(data: bytes) -> tuple[Any, tuple[str, ...]]:
    """Return the one document and the paths of repeated keys. Raises Undecodable."""
    try:
        _check_size(data)
        loader = _Loader(data)
        try:
            node = loader.get_single_node()
            if node is None:
                return None, ()
            duplicates = tuple(_repeated(node, ""))
            value = loader.construct_document(node)
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError, LookupError) as error:
        raise Undecodable(f"yaml: {' '.join(str(error).split())}") from error
    return _stringify_keys(value), duplicates


def _check_size(data: bytes) -> None:
    """Refuse what would be too deep or too large once it is built. Raises Undecodable.

    The parser's events come one by one, so that neither its stack nor aliases of aliases, of which
    a few lines make millions of values, can get out of hand.
    """
    sizes: dict[str, int] = {}
    nested: list[tuple[str | None, int]] = []
    told = total = 0
    for event in yaml.parse(data, Loader=_Base):
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, before = nested.pop()
            if anchor is not None:
                sizes[anchor] = total - before
            continue
        if isinstance(event, yaml.AliasEvent):
            if any(event.anchor == anchor for anchor, _ in nested):
                raise Undecodable(f"yaml: anchor '{event.anchor}' value contains itself")
            total += sizes.get(event.anchor or "", 1)
            if total > _UNSUSPICIOUS and total > _EXPANSION * told:
                raise Undecodable("yaml: document contains excessive aliasing")
        elif isinstance(event, yaml.NodeEvent):
            told, total = told + 1, total + 1
            if isinstance(event, yaml.CollectionStartEvent):
                nested.append((event.anchor, total - 1))
                if len(nested) > DEEPEST:
                    raise Undecodable(TOO_DEEP)


def dump(value: Any) -> bytes:
    """Return the value as block-style YAML with its keys sorted, as Kubernetes prints it."""
    long = _long(value)
    if not long:
        return _dump(value)
    # The emitter lets no other thread run, so the items of a long list are given to it one by one.
    before = {key: item for key, item in value.items() if key < long}
    after = {key: item for key, item in value.items() if key > long}
    pieces = [_dump(before) if before else b"", long.encode(), b":\n"]
    pieces += [_dump([item]) for item in value[long]]
    pieces.append(_dump(after) if after else b"")
    return b"".join(pieces)


def _long(value: Any) -> str:
    """Return the name of the long list that an answer is, empty when it is none."""
    if not isinstance(value, dict):
        return ""
    lists = [key for key in ("items", "rows") if isinstance(value.get(key), list)]
    return next((key for key in lists if len(value[key]) > _LONG), "")


def _dump(value: Any) -> bytes:
    text: bytes = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=False, allow_unicode=True, encoding="utf-8"
    )
    return text


def _repeated(node: yaml.Node, path: str) -> Iterator[str]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise Undecodable("yaml: the keys of a map must be scalars")
            below = join(path, key.value)
            if key.value in seen:
                yield below
            seen.add(key.value)
            yield from _repeated(item, below)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _repeated(item, f"{path}[{index}]")


def _stringify_keys(value: Any) -> Any:
    """Make every key a string, because JSON objects have no others; refuse what JSON cannot say."""
    if isinstance(value, float) and not isfinite(value):
        raise Undecodable(f"json: unsupported value: {value}")
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        raise Undecodable("json: unsupported value: the number is too large")
    if isinstance(value, dict):
        return {_key(key): _stringify_keys(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_stringify_keys(item) for item in value]
    return value


def _key(key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    return "null" if key is None else str(key)

"""YAML as Kubernetes reads and writes it: YAML 1.1 without dates, one document. Pure.

Imported only when a client sends or asks for YAML.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from minikube8s.server.documents import DEEPEST, TOO_DEEP, Undecodable, join

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


_UNSUSPICIOUS = 10_000
_EXPANSION = 10
"""Beyond so many values, a document may not come to more than so many times those it spells out."""


class _Loader(_Base):  # type: ignore[misc]
    """A safe loader that leaves dates alone: JSON has none, so 2024-01-01 is text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in entries if tag != "tag:yaml.org,2002:timestamp"]
    for first, entries in _Base.yaml_implicit_resolvers.items()
}


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
    except (yaml.YAMLError, ValueError) as error:
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
    text: bytes = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=False, allow_unicode=True, encoding="utf-8"
    )
    return text


def _repeated(node: yaml.Node, path: str) -> Iterator[str]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, item in node.value:
            below = join(path, str(key.value))
            if key.value in seen:
                yield below
            seen.add(str(key.value))
            yield from _repeated(item, below)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _repeated(item, f"{path}[{index}]")


def _stringify_keys(value: Any) -> Any:
    """Make every key a string, because JSON objects have no others."""
    if isinstance(value, dict):
        return {_key(key): _stringify_keys(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_stringify_keys(item) for item in value]
    return value


def _key(key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    return "null" if key is None else str(key)

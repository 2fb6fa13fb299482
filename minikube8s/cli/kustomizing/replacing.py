"""Owns `replacements`: values of one object's field copied into fields of others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from minikube8s.cli.errors import CommandError
from minikube8s.cli.kustomizing.patching import select
from minikube8s.cli.kustomizing.resources import Res, Set
from minikube8s.cli.kustomizing.scalars import fitting, text_of

_NAME = "metadata.name"


def replace(found: Set, entry: Mapping[str, Any]) -> None:
    """Do one replacement. Raises CommandError where its source or a target's field is not there."""
    source = entry.get("source") or {}
    value = _source(found, source)
    for target in entry.get("targets") or ():
        chosen = target.get("select")
        if not chosen:
            raise CommandError("replacements: a target has no select")
        rejected = [id(res) for one in target.get("reject") or () for res in _exactly(found, one)]
        for res in _exactly(found, chosen):
            if id(res) in rejected:
                continue
            for path in target.get("fieldPaths") or (_NAME,):
                _set(res, str(path), value, target.get("options") or {})


def _exactly(found: Set, chosen: Mapping[str, Any]) -> list[Res]:
    """Those that are selected by their whole names, which are no patterns here."""
    quoted = {
        field: re.escape(str(chosen[field])) if field in {"name", "namespace"} else chosen[field]
        for field in chosen
        if chosen[field]
    }
    return select(found, quoted)


def _source(found: Set, source: Mapping[str, Any]) -> Any:
    path = str(source.get("fieldPath") or _NAME)
    chosen = {field: source[field] for field in source if field not in {"fieldPath", "options"}}
    known = _exactly(found, chosen)
    if len(known) != 1:
        what = "matches several resources" if known else "matches no resource"
        raise CommandError(f"replacements: the source {dict(chosen)} {what}")
    values = [holder[key] for holder, key in _places(known[0].obj, _split(path), False)]
    if len(values) != 1:
        raise CommandError(f"replacements: {known[0].id} has no field {path}")
    value = values[0]
    options = source.get("options") or {}
    if options.get("delimiter"):
        parts = text_of(value).split(options["delimiter"])
        index = options.get("index") or 0
        if not 0 <= index < len(parts):
            raise CommandError(f"replacements: {value!r} has no part {index}")
        return parts[index]
    return value


def _set(res: Res, path: str, value: Any, options: Mapping[str, Any]) -> None:
    places = _places(res.obj, _split(path), bool(options.get("create")))
    if not places:
        raise CommandError(
            f"replacements: unable to find field {path!r} in replacement target {res.id}"
            + ("" if options.get("create") else "; `create: true` makes it")
        )
    res.renamed()
    for holder, key in places:
        known = holder[key] if isinstance(holder, list) else holder.get(key)
        new = _part(known, value, options) if options.get("delimiter") else value
        if known is None and path.startswith("metadata.annotations."):
            known = ""
        holder[key] = fitting(known, new, f"replacements: {path} of {res.id}")


def _part(known: Any, value: Any, options: Mapping[str, Any]) -> str:
    delimiter, index = options["delimiter"], options.get("index") or 0
    parts = ("" if known is None else text_of(known)).split(delimiter)
    if index < 0:
        parts.insert(0, text_of(value))
    elif index >= len(parts):
        parts.append(text_of(value))
    else:
        parts[index] = text_of(value)
    return str(delimiter).join(parts)


def _split(path: str) -> list[str]:
    """`spec.containers.[name=a].image` in its parts; `\\.` is a dot within one."""
    parts: list[str] = []
    for dotted in re.split(r"(?<!\\)\.(?![^\[]*\])", path):
        parts += [one for one in re.split(r"(\[[^\]]*\])", dotted.replace("\\.", ".")) if one]
    return [one[1:-1] if one.startswith("[") and "=" not in one else one for one in parts]


def _places(node: Any, path: list[str], create: bool) -> list[tuple[Any, Any]]:
    """The holders and keys of all fields that ``path`` leads to."""
    head, rest = path[0], path[1:]
    found: list[tuple[Any, Any]] = []
    for holder, key in _steps(node, head, create):
        if not rest:
            found.append((holder, key))
            continue
        inner = holder[key] if isinstance(holder, list) else holder.get(key)
        if inner is None and create:
            inner = holder[key] = [] if rest[0].isdigit() or rest[0].startswith("[") else {}
        found += _places(inner, rest, create)
    return found


def _steps(node: Any, head: str, create: bool) -> list[tuple[Any, Any]]:
    if isinstance(node, list):
        return [(node, index) for index in _indices(node, head, create)]
    if not isinstance(node, dict):
        return []
    if head == "*":
        return [(node, key) for key in node]
    return [(node, head)] if head in node or create else []


def _indices(node: list[Any], head: str, create: bool) -> list[int]:
    if head == "*":
        return list(range(len(node)))
    if head.startswith("["):
        field, _, wanted = head[1:-1].partition("=")
        found = [
            index
            for index, item in enumerate(node)
            if isinstance(item, dict) and str(item.get(field)) == wanted
        ]
        if create and not found:
            node.append({field: wanted})
            return [len(node) - 1]
        return found
    index = int(head) if head.isdigit() else -1
    if create and index == len(node):
        node.append(None)
    return [index] if 0 <= index < len(node) else []

"""Owns ConfigMaps and Secrets that are made of files, literals and lists of variables."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, Protocol

from minikube8s.api.names import config_key
from minikube8s.cli.errors import CommandError
from minikube8s.cli.kustomizing.resources import Object, Res, Set


class Reads(Protocol):
    """What reads a file of the kustomization."""

    def bytes(self, name: str) -> bytes:
        """The file's content. Raises CommandError."""


def generate(
    found: Set, kind: str, arguments: Mapping[str, Any], options: Mapping[str, Any], files: Reads
) -> None:
    """Add a generated object, or merge it into the one that ``found`` has. Raises CommandError."""
    options = _options(options, arguments.get("options") or {})
    name = arguments.get("name")
    if not name:
        raise CommandError(f"a {kind[0].lower()}{kind[1:]}Generator has no name")
    metadata: Object = {"name": name}
    for field in ("labels", "annotations"):
        if options.get(field):
            metadata[field] = dict(options[field])
    if arguments.get("namespace"):
        metadata["namespace"] = arguments["namespace"]
    obj: Object = {"apiVersion": "v1", "kind": kind, "metadata": metadata}
    if kind == "Secret":
        obj["type"] = arguments.get("type") or "Opaque"
        obj["data"] = {}
    _fill(obj, kind, _pairs(arguments, files))
    if options.get("immutable"):
        obj["immutable"] = True
    res = Res(obj, hashed=not options.get("disableNameSuffixHash"))
    _take(found, res, str(arguments.get("behavior") or "create"))


def _options(common: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**common, **own}
    for field in ("labels", "annotations"):
        merged[field] = {**(common.get(field) or {}), **(own.get(field) or {})}
    for field in ("disableNameSuffixHash", "immutable"):
        merged[field] = bool(common.get(field) or own.get(field))
    return merged


def _pairs(arguments: Mapping[str, Any], files: Reads) -> list[tuple[str, bytes]]:
    """Keys and values in kustomize's order: variables, files, literals. Raises CommandError."""
    found: list[tuple[str, bytes]] = []
    lists = [*(arguments.get("envs") or ()), *filter(None, [arguments.get("env")])]
    for name in lists:
        found += _variables(name, files.bytes(name))
    for source in arguments.get("files") or ():
        key, equals, path = source.partition("=")
        if equals and not (key and path):
            raise CommandError(f"files: {source!r} should be FILE or KEY=FILE")
        path = path if equals else source
        found.append((key if equals else PurePosixPath(path).name, files.bytes(path)))
    for literal in arguments.get("literals") or ():
        key, equals, value = str(literal).partition("=")
        if not equals or not key:
            raise CommandError(f"literals: invalid literal source {literal}, expected key=value")
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        found.append((key, value.encode()))
    seen: set[str] = set()
    for key, _ in found:
        problems = config_key(key)
        if problems:
            raise CommandError(f'"{key}" is not a valid key name: {"; ".join(problems)}')
        if key in seen:
            raise CommandError(f"cannot add key {key}, another key by that name already exists")
        seen.add(key)
    return found


def _variables(name: str, content: bytes) -> Iterable[tuple[str, bytes]]:
    """The lines of a list of variables; a name alone takes its value from the environment."""
    try:
        text = content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise CommandError(f"{name} is not UTF-8 text") from None
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.lstrip()
        if not stripped or stripped.startswith("#"):
            continue
        key, equals, value = stripped.partition("=")
        if not key:
            raise CommandError(f"{name}, line {number}: there is no name before the =")
        yield key, (value if equals else os.environ.get(key, "")).encode()


def _fill(obj: Object, kind: str, pairs: list[tuple[str, bytes]]) -> None:
    for key, value in pairs:
        if kind == "Secret":
            obj.setdefault("data", {})[key] = base64.b64encode(value).decode()
            continue
        try:
            obj.setdefault("data", {})[key] = value.decode()
        except UnicodeDecodeError:
            obj.setdefault("binaryData", {})[key] = base64.b64encode(value).decode()


def _take(found: Set, res: Res, behavior: str) -> None:
    if behavior not in {"create", "merge", "replace"}:
        raise CommandError(f"behavior {behavior!r} is none of create, merge, replace")
    known = found.matching(lambda id: id.same(res.id))
    if behavior == "create":
        if known:
            raise CommandError(f"id {res.id} exists; behavior must be merge or replace")
        found.add([res])
        return
    if len(known) != 1:
        problem = "matches several" if known else "does not exist"
        raise CommandError(f"id {res.id} {problem}; cannot merge or replace")
    (old,) = known
    for field in ("labels", "annotations"):
        merged = {**(old.metadata.get(field) or {}), **(res.metadata.get(field) or {})}
        if merged:
            res.metadata[field] = merged
    for field in ("name", "namespace"):
        if old.metadata.get(field):
            res.metadata[field] = old.metadata[field]
    if behavior == "merge":
        for field in ("data", "binaryData"):
            merged = {**(old.obj.get(field) or {}), **(res.obj.get(field) or {})}
            if merged:
                res.obj[field] = merged
    old.obj, old.hashed = res.obj, old.hashed or res.hashed

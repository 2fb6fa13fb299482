"""Owns what `patches`, `patchesStrategicMerge` and `patchesJson6902` do to whom."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from minikube8s.api.errors import ApiError
from minikube8s.api.selectors import parse_labels
from minikube8s.cli.errors import CommandError
from minikube8s.cli.kustomizing.merging import merge
from minikube8s.cli.kustomizing.resources import Id, Object, Res, Set

Loads = Callable[..., list[Any]]
"""Reads YAML: where it stands, the text, and whether it is YAML 1.2 (``core``)."""


def patch(found: Set, text: str, where: str, loads: Loads, entry: Mapping[str, Any]) -> None:
    """Apply one entry of `patches`; ``text`` is its patch. Raises CommandError."""
    target, options = entry.get("target"), entry.get("options") or {}
    documents = [one for one in loads(where, text) if one is not None]
    if len(documents) == 1 and isinstance(documents[0], list):
        if not target:
            raise CommandError(f"{where}: a JSON patch needs a target")
        for res in select(found, target):
            _change(res, documents[0], where)
        return
    if not documents:
        raise CommandError(f"{where}: the patch is empty")
    for document in loads(where, text, core=True):
        if document is None:
            continue
        if not isinstance(document, dict):
            raise CommandError(f"{where}: a patch is a mapping of fields or a list of operations")
        if target:
            for res in select(found, target):
                _merge(found, res, document, options)
        else:
            _merge(found, _named(found, document, where), document, options)


def patch_exactly(
    found: Set, text: str, where: str, loads: Loads, target: Mapping[str, Any]
) -> None:
    """Apply one entry of `patchesJson6902`, which has one object as its target."""
    wanted = Id(
        str(target.get("group") or ""),
        str(target.get("version") or ""),
        str(target.get("kind") or ""),
        str(target.get("namespace") or ""),
        str(target.get("name") or ""),
    )
    known = found.matching(lambda id: id.same(wanted))
    if len(known) != 1:
        raise CommandError(f"{where}: {_unmatched(wanted, known)}")
    documents = [one for one in loads(where, text) if one is not None]
    if len(documents) != 1 or not isinstance(documents[0], list):
        raise CommandError(f"{where}: a JSON patch is a list of operations")
    _change(known[0], documents[0], where)


def select(found: Set, target: Mapping[str, Any]) -> list[Res]:
    """The objects that a target selects: by patterns of names, by kind, labels, annotations."""
    name, namespace = _pattern(target.get("name")), _pattern(target.get("namespace"))
    labels = _selector(target.get("labelSelector"))
    annotations = _selector(target.get("annotationSelector"))
    return [
        res
        for res in found.all
        if all(
            _pattern(target.get(field)).fullmatch(value)
            for field, value in zip(("group", "version", "kind"), res.id[:3], strict=True)
        )
        and any(name.fullmatch(known.name) for known in res.ids())
        and any(namespace.fullmatch(known.namespace or "default") for known in res.ids())
        and labels(res.metadata.get("labels") or {})
        and annotations(res.metadata.get("annotations") or {})
    ]


def _pattern(text: Any) -> re.Pattern[str]:
    try:
        return re.compile(str(text) if text else ".*", re.DOTALL)
    except re.error as error:
        raise CommandError(f"{text!r} is no regular expression: {error}") from None


def _selector(text: Any) -> Callable[[Mapping[str, str]], bool]:
    try:
        return parse_labels(str(text or "")).matches
    except ApiError as error:
        raise CommandError(str(error)) from None


def _named(found: Set, document: Object, where: str) -> Res:
    metadata = document.get("metadata") or {}
    if not (document.get("apiVersion") and document.get("kind") and metadata.get("name")):
        raise CommandError(
            f"{where}: a patch without a target says by apiVersion, kind and metadata.name "
            "which object it is for"
        )
    wanted = Res({**document, "metadata": dict(metadata)}).id
    known = found.matching(lambda id: id.same(wanted))
    if len(known) != 1:
        raise CommandError(f"{where}: {_unmatched(wanted, known)}")
    return known[0]


def _unmatched(wanted: Id, known: list[Res]) -> str:
    if known:
        return f"several resources match the patch {wanted}: {', '.join(str(r.id) for r in known)}"
    return f"no resource matches the patch {wanted}"


def _merge(found: Set, res: Res, document: Object, options: Mapping[str, Any]) -> None:
    before = res.id
    merged = merge(res.obj, document)
    if merged is None:
        found.all.remove(res)
        return
    _keep(res, merged, before, options)


def _change(res: Res, operations: list[Any], where: str) -> None:
    from minikube8s.api.patch.json_patch import json_patch

    try:
        changed = json_patch(res.obj, operations)
    except ApiError as error:
        # the words of a server, which nobody asked here
        why = str(error).partition("an error in our request: ")
        raise CommandError(f"{where}: {why[2] or why[0]}") from None
    res.renamed()
    res.obj = changed


def _keep(res: Res, merged: Object, before: Id, options: Mapping[str, Any]) -> None:
    """Take over a patched object; its name and kind change only where that is allowed."""
    res.renamed()
    metadata = merged.setdefault("metadata", {})
    if not options.get("allowKindChange"):
        merged["kind"], merged["apiVersion"] = res.obj["kind"], res.obj["apiVersion"]
    if not options.get("allowNameChange") and before.name:
        metadata["name"] = before.name
    if before.namespace:
        metadata["namespace"] = before.namespace
    else:
        metadata.pop("namespace", None)
    res.obj = merged

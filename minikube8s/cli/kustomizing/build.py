"""Owns the order in which a kustomization is built: what is named, made, changed, then renamed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from minikube8s.api.patch.values import copied
from minikube8s.cli.errors import CommandError
from minikube8s.cli.kustomizing import (
    fields,
    generators,
    images,
    labelling,
    naming,
    ordering,
    patching,
    references,
    replacing,
)
from minikube8s.cli.kustomizing.folders import Folder
from minikube8s.cli.kustomizing.paths import Spec
from minikube8s.cli.kustomizing.resources import Object, Res, Set


def build(path: str, warn: Callable[[str], None], *, free: bool = False) -> list[Object]:
    """The objects that the folder's kustomization describes. Raises CommandError.

    ``warn`` is told of fields that are deprecated; ``free``: files of other folders may be named.
    """
    folder = Folder(Path(path), free=free)
    found = Set()
    try:
        _accumulate(folder, found, warn)
        naming.hash_names(found.all)
        references.follow(found)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CommandError(
            f"{folder.where}: a field of an object that it names is not what it should be: {error}"
        ) from None
    for res in found.all:
        if not res.metadata.get("annotations", True):
            del res.metadata["annotations"]
    return [res.obj for res in ordering.ordered(found.all, folder.content.get("sortOptions"))]


def _accumulate(folder: Folder, found: Set, warn: Callable[[str], None]) -> None:
    """Add what a folder describes to ``found``, and change all of it as the folder says."""
    content = folder.content
    for text in fields.warnings(content):
        warn(text)
    for name in (*(content.get("resources") or ()), *(content.get("bases") or ())):
        inner = folder.inner(str(name))
        if inner is None:
            _add(found, folder, str(name))
            continue
        if inner.content.get("kind") == "Component":
            raise CommandError(f"{folder.where}: {name!r} is a component: name it in components")
        layer = Set()
        _accumulate(inner, layer, warn)
        found.add(layer.all)
    for field, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
        for arguments in content.get(field) or ():
            options = content.get("generatorOptions") or {}
            generators.generate(found, kind, arguments, options, folder)
    for name in content.get("components") or ():
        inner = folder.inner(str(name))
        if inner is None or inner.content.get("kind") != "Component":
            raise CommandError(f"{folder.where}: {name!r} is no folder of the kind Component")
        _accumulate(inner, found, warn)
    _transform(folder, found)


def _add(found: Set, folder: Folder, name: str) -> None:
    from minikube8s.cli.manifests import parsing

    found_in = parsing.documents(str(folder.path / name), folder.text(name).encode(), core=True)
    objects = [document.obj for document in found_in]
    for obj in objects:
        metadata = obj.get("metadata") or {}
        if not metadata.get("name") and not metadata.get("generateName"):
            raise CommandError(f"{folder.path / name}: a {obj['kind']} has no metadata.name")
    found.add(Res(copied(obj)) for obj in objects)


def _transform(folder: Folder, found: Set) -> None:
    """Change what was accumulated, in kustomize's order."""
    content = folder.content
    _patches(folder, found)
    if content.get("namespace"):
        naming.place(found, str(content["namespace"]))
    naming.affix(found.all, content.get("namePrefix") or "", content.get("nameSuffix") or "")
    _labels(content, found)
    labelling.annotate(found.all, content.get("commonAnnotations") or {})
    for index, entry in enumerate(content.get("patchesJson6902") or ()):
        text, where = _patch_text(folder, "patchesJson6902", index, entry)
        target = entry.get("target")
        if not target:
            raise CommandError(f"{where}: a JSON patch needs a target")
        patching.patch_exactly(found, text, where, folder.loads, target)
    for entry in content.get("replicas") or ():
        images.change_replicas(found, entry)
    for entry in content.get("images") or ():
        images.change_images(found, entry)
    for entry in content.get("replacements") or ():
        if not entry.get("path"):
            replacing.replace(found, entry)
            continue
        for document in folder.loads(entry["path"], folder.text(entry["path"])):
            for one in document if isinstance(document, list) else [document]:
                fields.shaped(entry["path"], "replacements", one, fields.REPLACEMENT)
                replacing.replace(found, one)


def _patches(folder: Folder, found: Set) -> None:
    for index, entry in enumerate(folder.content.get("patchesStrategicMerge") or ()):
        where, text = f"{folder.where}: patchesStrategicMerge[{index}]", str(entry)
        if "\n" not in text and not text.lstrip().startswith("{"):
            where, text = str(folder.path / text), folder.text(text)
        patching.patch(found, text, where, folder.loads, {})
    for index, entry in enumerate(folder.content.get("patches") or ()):
        text, where = _patch_text(folder, "patches", index, entry)
        patching.patch(found, text, where, folder.loads, entry)


def _patch_text(
    folder: Folder, field: str, index: int, entry: Mapping[str, Any]
) -> tuple[str, str]:
    where = f"{folder.where}: {field}[{index}]"
    path, patch = entry.get("path"), entry.get("patch")
    if bool(path) == bool(patch):
        raise CommandError(f"{where} must specify one of patch and path")
    return (folder.text(path), str(folder.path / path)) if path else (str(patch), where)


def _labels(content: Mapping[str, Any], found: Set) -> None:
    for entry in content.get("labels") or ():
        specs = [
            Spec(
                str(one.get("path", "")),
                bool(one.get("create")),
                one.get("kind") or "",
                one.get("group"),
            )
            for one in entry.get("fields") or ()
        ]
        labelling.label(
            found.all,
            entry.get("pairs") or {},
            selectors=bool(entry.get("includeSelectors")),
            templates=bool(entry.get("includeTemplates")),
            fields=specs,
        )
    labelling.label(found.all, content.get("commonLabels") or {}, selectors=True, templates=True)

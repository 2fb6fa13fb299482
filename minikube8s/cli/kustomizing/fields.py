"""Owns which fields a kustomization has, and the sentences about those that it should not have."""

from __future__ import annotations

import difflib
from typing import Any

from minikube8s.cli.errors import CommandError

_LISTS = (
    "resources",
    "bases",
    "components",
    "labels",
    "images",
    "replicas",
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
    "configMapGenerator",
    "secretGenerator",
    "replacements",
)
_MAPS = ("commonLabels", "commonAnnotations", "generatorOptions", "sortOptions", "metadata")
_WORDS = ("apiVersion", "kind", "namespace", "namePrefix", "nameSuffix")
_NOT_HERE = {
    "vars": "write `replacements` instead",
    "helmCharts": "render the chart with helm, and name what it gives as a resource",
    "helmChartInflationGenerator": "render the chart with helm, and name what it gives",
    "helmGlobals": "render the chart with helm, and name what it gives as a resource",
    "generators": "plugins are not run",
    "transformers": "plugins are not run",
    "validators": "plugins are not run",
    "configurations": "fields of other kinds are not followed",
    "crds": "fields of other kinds are not followed",
    "openapi": "the schemas that mk8s knows are used",
    "buildMetadata": "where objects come from is not noted in them",
}
_OLD = {
    "bases": "resources",
    "commonLabels": "labels",
    "patchesJson6902": "patches",
    "patchesStrategicMerge": "patches",
}
"""Fields that are still understood, and what is written instead today."""
_INNER = {
    "labels": ("pairs", "includeSelectors", "includeTemplates", "fields"),
    "images": ("name", "newName", "newTag", "tagSuffix", "digest"),
    "replicas": ("name", "count"),
    "patches": ("path", "patch", "target", "options"),
    "patchesJson6902": ("path", "patch", "target"),
    "configMapGenerator": (
        "name", "namespace", "behavior", "files", "literals", "env", "envs", "options",
    ),
    "secretGenerator": (
        "name", "namespace", "behavior", "files", "literals", "env", "envs", "options", "type",
    ),
    "generatorOptions": ("labels", "annotations", "disableNameSuffixHash", "immutable"),
    "replacements": ("path", "source", "targets"),
    "sortOptions": ("order", "legacySortOptions"),
}  # fmt: skip


def check(where: str, content: Any) -> dict[str, Any]:
    """The kustomization, if it is one that can be built. Raises CommandError."""
    if content is None:
        raise CommandError(f"{where} is empty")
    if not isinstance(content, dict):
        raise CommandError(f"{where}: a kustomization is a mapping of fields")
    for field, value in content.items():
        if value is None or (field in _NOT_HERE and not value):
            continue
        if field in _NOT_HERE:
            raise CommandError(f"{where}: {field} is not supported: {_NOT_HERE[field]}")
        if field in _LISTS:
            _expect(where, field, value, list, "a list")
            for item in value:
                _inner(where, field, item)
        elif field in _MAPS:
            _expect(where, field, value, dict, "a mapping")
            _inner(where, field, value)
        elif field in _WORDS:
            _expect(where, field, value, str, "text")
        else:
            _unknown(where, str(field), (*_LISTS, *_MAPS, *_WORDS))
    kind = content.get("kind") or "Kustomization"
    if kind not in {"Kustomization", "Component"}:
        raise CommandError(f"{where}: kind should be Kustomization or Component, not {kind}")
    return {field: value for field, value in content.items() if value is not None}


def warnings(content: dict[str, Any]) -> list[str]:
    """What is said of fields that there is something newer for."""
    return [
        f"# Warning: '{field}' is deprecated. Please use '{newer}' instead."
        for field, newer in _OLD.items()
        if field in content
    ]


def _inner(where: str, field: str, value: Any) -> None:
    known = _INNER.get(field)
    if known is None:
        return
    _expect(where, f"an entry of {field}", value, dict, "a mapping")
    for name in value:
        if name not in known:
            _unknown(f"{where}: {field}", str(name), known)


def _expect(where: str, field: str, value: Any, kind: type, words: str) -> None:
    if not isinstance(value, kind):
        raise CommandError(f"{where}: {field} should be {words}, not {value!r:.60}")


def _unknown(where: str, name: str, known: tuple[str, ...]) -> None:
    near = difflib.get_close_matches(name, known, 1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise CommandError(f'{where}: unknown field "{name}"{hint}')

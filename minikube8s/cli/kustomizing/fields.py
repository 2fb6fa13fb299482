"""Owns which fields a kustomization has, and the sentences about those that it should not have."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, TypeAlias

from minikube8s.cli.errors import CommandError

Shape: TypeAlias = "type | list[Shape] | dict[str, Shape]"
"""What a value is: of a type, a list of one shape, or a mapping with certain fields."""
PAIRS: dict[str, Shape] = {}
"""A mapping of text to text."""
_WORDS = {str: "text", int: "a number", bool: "true or false", dict: "a mapping", list: "a list"}
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
_TARGET: dict[str, Shape] = {
    "group": str,
    "version": str,
    "kind": str,
    "name": str,
    "namespace": str,
    "labelSelector": str,
    "annotationSelector": str,
}
_OPTIONS: Shape = {
    "labels": PAIRS,
    "annotations": PAIRS,
    "disableNameSuffixHash": bool,
    "immutable": bool,
}
_GENERATOR: dict[str, Shape] = {
    "name": str,
    "namespace": str,
    "behavior": str,
    "files": [str],
    "literals": [str],
    "env": str,
    "envs": [str],
    "options": _OPTIONS,
}
_PART: Shape = {"delimiter": str, "index": int, "encoding": str, "create": bool}
REPLACEMENT: Shape = {
    "path": str,
    "source": {**_TARGET, "fieldPath": str, "options": _PART},
    "targets": [{"select": _TARGET, "reject": [_TARGET], "fieldPaths": [str], "options": _PART}],
}
_LABEL_FIELD: Shape = {"path": str, "create": bool, "kind": str, "group": str, "version": str}
_KUSTOMIZATION: Shape = {
    "apiVersion": str,
    "kind": str,
    "metadata": dict,
    "namespace": str,
    "namePrefix": str,
    "nameSuffix": str,
    "resources": [str],
    "bases": [str],
    "components": [str],
    "commonLabels": PAIRS,
    "commonAnnotations": PAIRS,
    "labels": [
        {
            "pairs": PAIRS,
            "includeSelectors": bool,
            "includeTemplates": bool,
            "fields": [_LABEL_FIELD],
        }
    ],
    "images": [{"name": str, "newName": str, "newTag": str, "tagSuffix": str, "digest": str}],
    "replicas": [{"name": str, "count": int}],
    "patches": [
        {
            "path": str,
            "patch": str,
            "target": _TARGET,
            "options": {"allowNameChange": bool, "allowKindChange": bool},
        }
    ],
    "patchesStrategicMerge": [str],
    "patchesJson6902": [{"path": str, "patch": str, "target": _TARGET}],
    "configMapGenerator": [_GENERATOR],
    "secretGenerator": [{**_GENERATOR, "type": str}],
    "generatorOptions": _OPTIONS,
    "replacements": [REPLACEMENT],
    "sortOptions": {
        "order": str,
        "legacySortOptions": {"orderFirst": [str], "orderLast": [str]},
    },
}


def check(where: str, content: Any) -> dict[str, Any]:
    """The kustomization, if it is one that can be built. Raises CommandError."""
    if content is None:
        raise CommandError(f"{where} is empty")
    if not isinstance(content, dict):
        raise CommandError(f"{where}: a kustomization is a mapping of fields")
    for field, value in content.items():
        if field in _NOT_HERE and value:
            raise CommandError(f"{where}: {field} is not supported: {_NOT_HERE[field]}")
    known = {field: value for field, value in content.items() if field not in _NOT_HERE}
    shaped(where, "", known, _KUSTOMIZATION)
    kind = content.get("kind") or "Kustomization"
    if kind not in {"Kustomization", "Component"}:
        raise CommandError(f"{where}: kind should be Kustomization or Component, not {kind}")
    return {field: value for field, value in known.items() if value is not None}


def shaped(where: str, place: str, value: Any, shape: Shape) -> None:
    """Raise CommandError where a value, or one within it, is not of its shape."""
    if value is None:
        return
    if isinstance(shape, list):
        _expect(where, place, value, list)
        for index, item in enumerate(value):
            shaped(where, f"{place}[{index}]", item, shape[0])
    elif isinstance(shape, dict):
        _expect(where, place, value, dict)
        for field, inner in value.items():
            if field not in shape and shape is not PAIRS:
                _unknown(where, place, str(field), shape)
            within = f"{place}.{field}" if place else str(field)
            shaped(where, within, inner, str if shape is PAIRS else shape[field])
    else:
        _expect(where, place, value, shape)


def _expect(where: str, place: str, value: Any, kind: type) -> None:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        quotes = (
            " (put it in quotes)" if kind is str and isinstance(value, bool | int | float) else ""
        )
        raise CommandError(f"{where}: {place} should be {_WORDS[kind]}, not {value!r:.60}{quotes}")


def _unknown(where: str, place: str, name: str, known: Iterable[str]) -> None:
    near = difflib.get_close_matches(name, known, 1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise CommandError(f'{where}: {f"{place}: " if place else ""}unknown field "{name}"{hint}')


def warnings(content: dict[str, Any]) -> list[str]:
    """What is said of fields that there is something newer for."""
    return [
        f"# Warning: '{field}' is deprecated. Please use '{newer}' instead."
        for field, newer in _OLD.items()
        if field in content
    ]

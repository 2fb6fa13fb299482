"""Owns the annotation in which an object keeps what was applied last, as kubectl writes it. Pure.

See https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/.
"""

from __future__ import annotations

import json
from typing import Any

from minikube8s.cli.errors import CommandError

ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"
_ESCAPED = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}
_ESCAPES = str.maketrans(_ESCAPED)


def annotated(obj: dict[str, Any]) -> dict[str, Any]:
    """``obj`` with its own text in the annotation that the next apply compares with."""
    plain = without(obj)
    metadata = plain["metadata"]
    annotations = {**metadata["annotations"], ANNOTATION: text_of(plain)}
    return {**plain, "metadata": {**metadata, "annotations": annotations}}


def without(obj: dict[str, Any]) -> dict[str, Any]:
    """``obj`` without the annotation; it has a map of annotations in any case."""
    metadata = dict(obj.get("metadata") or {})
    annotations = dict(metadata.get("annotations") or {})
    annotations.pop(ANNOTATION, None)
    return {**obj, "metadata": {**metadata, "annotations": annotations}}


def as_saved(obj: dict[str, Any]) -> str:
    """The annotation's text where no apply writes it: the object just as it is."""
    plain = without(obj)
    if not plain["metadata"]["annotations"]:
        del plain["metadata"]["annotations"]
    return text_of(plain)


def text_of(obj: dict[str, Any]) -> str:
    """An object as one line, byte for byte as Go's JSON encoder writes it."""
    text = json.dumps(obj, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return text.translate(_ESCAPES) + "\n"


def kept(live: dict[str, Any]) -> str:
    """The annotation's text, empty where there is none."""
    annotations = (live.get("metadata") or {}).get("annotations") or {}
    return str(annotations.get(ANNOTATION) or "")


def of(live: dict[str, Any]) -> dict[str, Any]:
    """What was applied last to ``live``, empty where nothing was. Raises CommandError."""
    text = kept(live)
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        found = None
    if not isinstance(found, dict):
        name = live["metadata"]["name"]
        raise CommandError(
            f"the annotation {ANNOTATION} of {name} is not JSON. Set it anew with "
            "`mk8s apply set-last-applied -f FILE --create-annotation`."
        )
    return found

"""The annotation that client-side `kubectl apply` keeps its last configuration in.

Owns the move from client-side to server-side apply: what a user's file said before is no conflict
when the same user applies a newer file, whichever manager wrote it then.
"""

from __future__ import annotations

from typing import Any

import msgspec

from minikube8s.api import schema
from minikube8s.api.apply import shapes
from minikube8s.api.apply.comparing import compare, fields_of
from minikube8s.api.apply.fields import Fields, difference, union
from minikube8s.api.apply.ownership import Scope

ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"
APPLIER = "kubectl"
"""The field manager of `kubectl apply --server-side`, the only one that this is done for."""

Object = dict[str, Any]


def unchanged(definition: str, live: Object, scope: Scope) -> Fields:
    """Return the fields that client-side apply set and that still have the value it gave them."""
    text = (live["metadata"].get("annotations") or {}).get(ANNOTATION)
    if not text:
        return {}
    try:
        config = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError):
        # Anybody may write anything into an annotation.
        return {}
    if any(problem.kind != "unknown" for problem in schema.check(definition, config)):
        return {}
    schema.normalize(definition, config)
    shape = shapes.of(definition)
    part = scope.of(config)
    changes = compare(shape, part, scope.of(live))
    return difference(fields_of(shape, part), union(changes.modified, changes.removed))


def renew(obj: Object, config: Object) -> None:
    """Let the annotation of `obj`, where it has it, tell of `config`. In place."""
    annotations = obj["metadata"].get("annotations") or {}
    if ANNOTATION not in annotations:
        return
    metadata = dict(config.get("metadata") or {})
    given = {k: v for k, v in (metadata.get("annotations") or {}).items() if k != ANNOTATION}
    # kubectl writes an empty map there, too, and compares texts.
    stated = {**config, "metadata": {**metadata, "annotations": given}}
    text = msgspec.json.encode(stated, order="sorted").decode() + "\n"
    obj["metadata"]["annotations"] = {**annotations, ANNOTATION: text}

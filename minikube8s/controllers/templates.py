"""Pods from templates: what every workload kind makes of its spec.template. Pure."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from minikube8s.api.meta import owner_reference
from minikube8s.api.resources import PODS, Resource

_TAKEN_OVER = ("labels", "annotations", "finalizers")


def pod_of(
    resource: Resource, owner: Mapping[str, Any], template: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the pod that `owner` (of the kind `resource`) controls, its name to be generated.

    Who names pods otherwise sets metadata.name and takes metadata.generateName away. Nothing of
    the result is shared with `template`.
    """
    source = template.get("metadata") or {}
    metadata: dict[str, Any] = {
        "generateName": f"{owner['metadata']['name']}-",
        "ownerReferences": [owner_reference(resource, owner)],
    }
    for field in _TAKEN_OVER:
        if source.get(field):
            metadata[field] = copy.deepcopy(source[field])
    return {
        "apiVersion": PODS.api_version,
        "kind": PODS.kind,
        "metadata": metadata,
        "spec": copy.deepcopy(template.get("spec") or {}),
    }

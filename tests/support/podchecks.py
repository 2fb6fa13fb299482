"""Pods and changes of pods, and what the validation says of them."""

from __future__ import annotations

import copy
from typing import Any

from minikube8s.api import defaults
from minikube8s.api.resources import PODS
from minikube8s.api.strategy import for_resource

STRATEGY = for_resource(PODS)


def pod(spec: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Return a pod with its defaults, of the given spec; `fields` are its container's."""
    container = {"name": "a", "image": "nginx", **fields}
    obj: dict[str, Any] = {
        "metadata": {"name": "web", "namespace": "default", "uid": "u"},
        "spec": {"containers": [container], **(spec or {})},
    }
    defaults.apply(PODS, obj)
    return obj


def problems(obj: dict[str, Any]) -> list[str]:
    """Return what is wrong with a pod."""
    return [f"{cause.field}: {cause.message}" for cause in STRATEGY.validate(obj)]


def changed(old: dict[str, Any], **spec: Any) -> list[str]:
    """Return what is wrong with a change of some of a pod's fields."""
    new = copy.deepcopy(old)
    new["spec"].update(spec)
    return [f"{cause.field}: {cause.message}" for cause in STRATEGY.validate_update(new, old)]

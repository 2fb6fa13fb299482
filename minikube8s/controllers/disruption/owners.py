"""How many pods there shall be: asked of whoever controls them.

A Deployment's number counts, not its ReplicaSets'; of other controllers whatever their scale
subresource says.
"""

from __future__ import annotations

from typing import NamedTuple

from minikube8s.api.resources import DEPLOYMENTS, REPLICASETS, RESOURCES, Resource
from minikube8s.api.views import OwnerReference
from minikube8s.api.views.budgets import Scaled
from minikube8s.controllers.runner import Reader


class Scale(NamedTuple):
    """Whose pods these are, by uid, and how many it wants."""

    uid: str
    replicas: int


def scale_of(reader: Reader, namespace: str, owner: OwnerReference) -> Scale | str | None:
    """Return the scale of the controller that `owner` names.

    None when there is no such object any more, a sentence when its kind has no scale.
    """
    resource = RESOURCES.by_api_version(owner.api_version, owner.kind)
    if resource is None:
        return f'no matches for kind "{owner.kind}" in version "{owner.api_version}"'
    if "scale" not in resource.subresources:
        return f"{resource.group_resource} does not implement the scale subresource"
    found = _find(reader, resource, namespace, owner)
    if found is None:
        return None
    above = found.metadata.controller
    if resource is REPLICASETS and above is not None and above.kind == DEPLOYMENTS.kind:
        deployment = _find(reader, DEPLOYMENTS, namespace, above)
        if deployment is not None:
            return _scale(deployment)
    return _scale(found)


def _find(
    reader: Reader, resource: Resource, namespace: str, owner: OwnerReference
) -> Scaled | None:
    entry = reader.find(resource, namespace, owner.name)
    return entry.view(Scaled) if entry is not None and entry.uid == owner.uid else None


def _scale(scaled: Scaled) -> Scale:
    return Scale(scaled.metadata.uid, scaled.spec.replicas or 0)

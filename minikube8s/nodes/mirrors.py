"""Mirror pods: what the API shows of pods that a node runs from its own files.

Owns what a node may make: mirrors of itself, in nobody's name, and no other pod.
"""

from typing import Any

import msgspec

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import NODES, PODS
from minikube8s.nodes.references import PlacedPod
from minikube8s.nodes.refusal import Refusal
from minikube8s.registry import Registry
from minikube8s.registry.options import DeleteOptions

MIRROR = "kubernetes.io/config.mirror"


def mirrored(pod: dict[str, Any]) -> str:
    """The uid of the static pod that this pod only shows; empty for any other pod."""
    annotations = pod["metadata"].get("annotations") or {}
    return str(annotations.get(MIRROR) or "")


async def keep(pod: dict[str, Any], node: str, registry: Registry) -> None:
    """Make the API show this static pod of the node.

    A mirror that shows something else by that name, or is being deleted, gives way. Raises Refusal,
    ApiError.
    """
    metadata = pod.get("metadata") or {}
    namespace, name = str(metadata.get("namespace")), str(metadata.get("name"))
    if not metadata.get("annotations", {}).get(MIRROR):
        raise Refusal("Forbidden", f'pod "{namespace}/{name}" is no mirror: nodes make no others')
    if pod.get("spec", {}).get("nodeName") != node:
        why = f'node "{node}" can only make mirror pods of itself'
        raise Refusal("Forbidden", f'pod "{namespace}/{name}": {why}')
    if named := _named(pod, namespace, name):
        raise Refusal(
            "Forbidden", f'pod "{namespace}/{name}": a mirror pod may not reference {named}'
        )
    if await _gives_way(pod, namespace, name, node, registry):
        owner = {
            "apiVersion": "v1",
            "kind": "Node",
            "name": node,
            "uid": registry.get(NODES, None, node).object["metadata"]["uid"],
            "controller": True,
        }
        made = {**pod, "metadata": {**metadata, "ownerReferences": [owner]}}
        await registry.create(PODS, namespace, made)


def _named(pod: dict[str, Any], namespace: str, name: str) -> str:
    """What of the API the pod names; empty: nothing, as it has to be."""
    spec = pod["spec"]
    if spec.get("serviceAccountName") or spec.get("serviceAccount"):
        return "service accounts"
    try:
        references = msgspec.convert(pod, PlacedPod).references(namespace, name)
    except msgspec.ValidationError as error:
        raise Refusal("Invalid", f"the mirror pod cannot be read: {error}") from error
    return min((one.resource for one in references), default="")


async def _gives_way(
    pod: dict[str, Any], namespace: str, name: str, node: str, registry: Registry
) -> bool:
    """Whether the name is free now; not, when it shows this pod already. Raises Refusal."""
    try:
        present = registry.get(PODS, namespace, name).object
    except ApiError as error:
        if error.code != 404:
            raise
        return True
    metadata = present["metadata"]
    if not mirrored(present) or present.get("spec", {}).get("nodeName") != node:
        raise Refusal("AlreadyExists", f'pods "{name}" already exists and is no mirror of "{node}"')
    if mirrored(present) == mirrored(pod) and not metadata.get("deletionTimestamp"):
        return False
    options = DeleteOptions(grace_period_seconds=0, uid=metadata["uid"])
    await registry.delete(PODS, namespace, name, options)
    return True

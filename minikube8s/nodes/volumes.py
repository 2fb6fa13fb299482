"""What an agent says of the directories of PersistentVolumes, and whether it may say it."""

from typing import Any

from minikube8s.api import localpath
from minikube8s.api.errors import ApiError
from minikube8s.api.resources import NODES, PERSISTENTVOLUMES
from minikube8s.api.views import PartialObject, PersistentVolume
from minikube8s.nodes.refusal import Refusal
from minikube8s.registry import Registry
from minikube8s.registry.options import DeleteOptions


async def removed(registry: Registry, node: str, name: str, uid: str) -> None:
    """Remove the volume whose directory the node has removed.

    Nothing happens when it is another one by now, or not given back any more. Raises Refusal when
    it is not the node's, ApiError.
    """
    found = _find(registry, name)
    if found is None or found.metadata.uid != uid:
        return
    if not is_of(registry, node, name):
        raise Refusal(
            "Forbidden", f'node "{node}" cannot report on volume "{name}": it is on another node'
        )
    if not localpath.is_given_back(found):
        return

    def release(volume: dict[str, Any]) -> dict[str, Any]:
        metadata = volume["metadata"]
        if metadata["uid"] == uid:
            kept = [one for one in metadata.get("finalizers") or () if one != localpath.FINALIZER]
            metadata["finalizers"] = kept
        return volume

    try:
        await registry.delete(PERSISTENTVOLUMES, None, name, DeleteOptions(uid=uid))
        await registry.update(PERSISTENTVOLUMES, None, name, release)
    except ApiError as error:
        # 409: another volume took the name meanwhile.
        if error.code not in (404, 409):
            raise


def is_of(registry: Registry, node: str, name: str) -> bool:
    """Tell whether the directory of the volume `name` is on the node; also when it is gone."""
    found = _find(registry, name)
    nodes = (one.view(PartialObject).metadata for one in registry.list(NODES, None))
    return found is None or (localpath.is_ours(found) and localpath.home(found, nodes) == node)


def _find(registry: Registry, name: str) -> PersistentVolume | None:
    try:
        return registry.get(PERSISTENTVOLUMES, None, name).view(PersistentVolume)
    except ApiError as error:
        if error.code != 404:
            raise
        return None

"""Reads what an explanation stands on. The only part that asks the API server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from minikube8s.api.meta import controller_of, is_pod_ready
from minikube8s.api.resources import (
    ENDPOINTSLICES,
    EVENTS,
    NODES,
    PERSISTENTVOLUMECLAIMS,
    PODS,
    REPLICASETS,
    RESOURCES,
    Resource,
)
from minikube8s.api.selectors import from_label_selector
from minikube8s.cli.connection.client import ApiFailure, Client
from minikube8s.cli.explaining.facts import Facts, Object, spec, when
from minikube8s.cli.naming import targets

_GENERATIONS = 8
"""How far up the chain of owners is followed; a cycle of owners ends here, too."""
_EXAMPLES = 50
"""Of how many pods that are not ready Events, nodes and claims are read to explain a workload."""


class Gatherer:
    """Reads the facts about one object; what may not be read, or is gone, is left out."""

    def __init__(self, client: Client, now: datetime) -> None:
        self._client = client
        self._now = now

    def facts(self, resource: Resource, namespace: str | None, name: str) -> Facts:
        """Return what is stored about the object. Raises ApiFailure when it is not there."""
        found = self._client.json("GET", targets.path(resource, namespace, name))
        owners, lost = self._owners(found)
        pods = list(self._pods(resource, found))
        worst = _worst(pods)
        return Facts(
            resource,
            found,
            self._now,
            owners=tuple(owners),
            lost_owner=lost,
            events=self._events([found, *owners, *worst]),
            pods=tuple(pods),
            nodes=self._nodes([found] if resource is PODS else worst),
            claims=self._claims([found] if resource is PODS else worst),
            related=tuple(self._related(resource, found)),
        )

    def _owners(self, obj: Object) -> tuple[list[Object], str]:
        owners: list[Object] = []
        for _ in range(_GENERATIONS):
            reference = controller_of(obj)
            resource = _resource_of(reference) if reference else None
            if reference is None or resource is None or resource is NODES:
                break
            namespace = obj["metadata"].get("namespace")
            found = self._find(resource, namespace, reference["name"])
            if found is None or found["metadata"]["uid"] != reference["uid"]:
                return owners, f"{reference['kind']} {reference['name']}"
            owners.append(found)
            obj = found
        return owners, ""

    def _pods(self, resource: Resource, obj: Object) -> Iterator[Object]:
        namespace = obj["metadata"].get("namespace")
        if resource is PERSISTENTVOLUMECLAIMS:
            yield from (
                pod for pod in self._list(PODS, namespace)
                if obj["metadata"]["name"] in _claims_of(pod)
            )  # fmt: skip
        elif resource.kind == "Service":
            selector = spec(obj).get("selector")
            if selector:
                yield from self._matching(namespace, {"matchLabels": selector})
        elif resource.kind == "ReplicationController":
            yield from self._owned(obj, {"matchLabels": spec(obj).get("selector") or {}})
        elif spec(obj).get("selector") and resource.group in ("apps", "batch"):
            yield from self._owned(obj, spec(obj)["selector"])

    def _owned(self, obj: Object, selector: Mapping[str, Any]) -> Iterator[Object]:
        """Yield the pods that the workload controls, itself or by its ReplicaSets."""
        namespace, uids = obj["metadata"].get("namespace"), {obj["metadata"]["uid"]}
        if obj.get("kind") == "Deployment":
            for one in self._list(REPLICASETS, namespace):
                controller = controller_of(one)
                if controller and controller["uid"] in uids and spec(one).get("replicas"):
                    uids = uids | {one["metadata"]["uid"]}
        for pod in self._matching(namespace, selector):
            controller = controller_of(pod)
            if controller and controller["uid"] in uids:
                yield pod

    def _matching(self, namespace: str | None, selector: Mapping[str, Any]) -> Iterator[Object]:
        matches = from_label_selector(dict(selector)).matches
        for pod in self._list(PODS, namespace):
            if matches(pod["metadata"].get("labels") or {}):
                yield pod

    def _events(self, objects: Iterable[Object]) -> dict[str, list[Object]]:
        found: dict[str, list[Object]] = {}
        for obj in objects:
            metadata = obj["metadata"]
            # a node's Events name it as uid, as a kubelet's do
            uid = metadata["name"] if obj.get("kind") == "Node" else metadata["uid"]
            query = {"fieldSelector": f"involvedObject.uid={uid}"}
            listed = self._list(EVENTS, metadata.get("namespace"), query)
            found[metadata["uid"]] = sorted(listed, key=when)
        return found

    def _nodes(self, pods: Iterable[Object]) -> dict[str, Object]:
        names = {spec(pod)["nodeName"] for pod in pods if spec(pod).get("nodeName")}
        found = ((name, self._find(NODES, None, name)) for name in sorted(names))
        return {name: node for name, node in found if node is not None}

    def _claims(self, pods: Iterable[Object]) -> dict[str, Object | None]:
        return {
            name: self._find(PERSISTENTVOLUMECLAIMS, pod["metadata"]["namespace"], name)
            for pod in pods
            for name in _claims_of(pod)
        }

    def _related(self, resource: Resource, obj: Object) -> list[Object]:
        if resource.kind != "Service":
            return []
        metadata = obj["metadata"]
        query = {"labelSelector": f"kubernetes.io/service-name={metadata['name']}"}
        slices = self._list(ENDPOINTSLICES, metadata["namespace"], query)
        return [{"kind": "EndpointSlice", **one} for one in slices]

    def _find(self, resource: Resource, namespace: str | None, name: str) -> Object | None:
        path = targets.path(resource, namespace if resource.namespaced else None, name)
        return self._allowed(lambda: self._client.json("GET", path))

    def _list(
        self, resource: Resource, namespace: str | None, query: Mapping[str, str] | None = None
    ) -> list[Object]:
        path = targets.path(resource, namespace)
        answer = self._allowed(lambda: self._client.json("GET", path, query=query))
        items: list[Object] = (answer or {}).get("items") or []
        return items

    def _allowed(self, ask: Callable[[], Object]) -> Object | None:
        try:
            return ask()
        except ApiFailure as failure:
            if failure.reason in ("NotFound", "Forbidden"):
                return None
            raise


def _worst(pods: list[Object]) -> list[Object]:
    """Return the pods that more is worth reading of."""
    return [pod for pod in pods if not is_pod_ready(pod)][:_EXAMPLES]


def _claims_of(pod: Object) -> list[str]:
    volumes = spec(pod).get("volumes") or []
    return [one["persistentVolumeClaim"]["claimName"] for one in volumes
            if one.get("persistentVolumeClaim")]  # fmt: skip


def _resource_of(reference: Mapping[str, Any]) -> Resource | None:
    return RESOURCES.by_api_version(reference["apiVersion"], reference["kind"])

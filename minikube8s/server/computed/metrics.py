"""metrics.k8s.io: asks the agents of the nodes concerned, all at once.

A node that does not answer has no metrics, and its pods have none: as with metrics-server, a list
tells of the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import NODE_METRICS, NODES, POD_METRICS, PODS
from minikube8s.server.call import Call
from minikube8s.server.computed import usage
from minikube8s.server.computed.sources import entry
from minikube8s.server.config import PodStreams
from minikube8s.store.entry import Entry

log = logging.getLogger("server")

Object = dict[str, Any]
_PARALLEL = 32
"""Nodes that are asked at a time."""
_DEADLINE = 10.0
"""Seconds that a node may take to answer."""


class NodeMetrics:
    """What nodes use."""

    async def get(self, call: Call) -> Entry:
        """Return the metrics of one node. Raises ApiError NotFound."""
        try:
            node = call.registry.get(NODES, None, call.name)
        except ApiError:
            raise _not_found("nodemetrics", call.name) from None
        found = await self._measured(call, [node])
        if not found:
            raise _not_found("nodemetrics", call.name)
        return found[0]

    async def all(self, call: Call) -> list[Entry]:
        """Return the metrics of all nodes that answer."""
        return await self._measured(call, call.registry.list(NODES))

    async def _measured(self, call: Call, nodes: list[Entry]) -> list[Entry]:
        stats = await _ask(call.services.pod_streams, (node.name for node in nodes))
        every = ((node, stats[node.name]) for node in nodes if node.name in stats)
        made = (_told(usage.node_metrics, node, node.name, told) for node, told in every)
        return [entry(NODE_METRICS, one) for one in made if one is not None]


class PodMetrics:
    """What the containers of pods use."""

    async def get(self, call: Call) -> Entry:
        """Return the metrics of one pod. Raises ApiError NotFound."""
        named = f"{call.namespace}/{call.name}"
        try:
            pod = call.registry.get(PODS, call.namespace, call.name)
        except ApiError:
            raise _not_found("podmetrics", named) from None
        found = await self._measured(call, [pod])
        if not found:
            raise _not_found("podmetrics", named)
        return found[0]

    async def all(self, call: Call) -> list[Entry]:
        """Return the metrics of the pods that run, on nodes that answer."""
        return await self._measured(call, call.registry.list(PODS, call.namespace))

    async def _measured(self, call: Call, pods: list[Entry]) -> list[Entry]:
        found = await PodUse(call.services.pod_streams).measure(pods)
        return [entry(POD_METRICS, one) for one in found]


class PodUse:
    """What pods use, for whoever needs it within the master."""

    def __init__(self, streams: PodStreams) -> None:
        self._streams = streams

    async def measure(self, pods: Sequence[Entry]) -> list[Object]:
        """Return the PodMetrics of those of these pods that run, on nodes that answer."""
        placed = [(pod, pod.object["spec"].get("nodeName", "")) for pod in pods]
        stats = await _ask(self._streams, (node for _, node in placed if node))
        every = ((pod, node) for pod, node in placed if node in stats)
        made = (_told(usage.pod_metrics, pod, node, stats[node]) for pod, node in every)
        return [one for one in made if one is not None]


def _told(
    metrics: Callable[[Object, Object], Object | None], about: Entry, node: str, stats: Object
) -> Object | None:
    """Return the metrics of a node or a pod; None also when the node's answer makes no sense."""
    try:
        return metrics(about.object, stats)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        log.warning("what node %s tells of %s makes no sense: %r", node, about.key, error)
        return None


async def _ask(streams: PodStreams, nodes: Iterable[str]) -> dict[str, Object]:
    """Return the answers of the nodes that answer, by their names."""
    room = asyncio.Semaphore(_PARALLEL)

    async def one(node: str) -> Object | None:
        try:
            async with room, asyncio.timeout(_DEADLINE):
                return await streams.stats(node)
        except (ApiError, TimeoutError) as error:
            log.info("node %s has no metrics: %s", node, error)
            return None

    names = sorted(set(nodes))
    answers = await asyncio.gather(*(one(name) for name in names))
    return {name: answer for name, answer in zip(names, answers, strict=True) if answer}


def _not_found(kind: str, name: str) -> ApiError:
    details = {"name": name, "group": NODE_METRICS.group, "kind": kind}
    return ApiError(404, "NotFound", f'{kind}.{NODE_METRICS.group} "{name}" not found', details)

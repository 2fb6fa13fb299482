"""nodes/proxy: ports of a node, pages of its agent (some are the kubelet's), its engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from aiohttp import web

from minikube8s.api import errors
from minikube8s.api.errors import ApiError
from minikube8s.api.resources import PODS
from minikube8s.server import containers, pages, responses
from minikube8s.server.call import Call
from minikube8s.server.proxying import engine, kubelet, names, targets
from minikube8s.server.proxying.names import Place
from minikube8s.server.proxying.targets import Target
from minikube8s.server.verbs import log, proxy

_Page = Callable[[Call, str], Awaitable[web.StreamResponse]]


async def node_proxy(call: Call) -> web.StreamResponse:
    """Answer with what a port of the node answers, or with a page of its agent."""
    target = targets.node_target(call.registry, call.name)
    if target is not None:
        return await proxy.reach(call, target)
    place = names.place(call.request.raw_path, namespaced=False)
    if place is None:
        raise pages.nowhere()
    wanted = place.path.strip("/")
    first, *names_of_log = wanted.split("/")
    if first == engine.PAGE:
        return await _engine(call, place, names.split("node", call.name).name)
    page = _PAGES.get(wanted)
    if page is None and first == _LOGS and len(names_of_log) == _NAMES_OF_LOG:
        page = partial(_container_log, names_of_log)
    if page is None:
        known = ", ".join(f"/{name}" for name in sorted((*_PAGES, _LOGS, engine.PAGE)))
        why = f'the node\'s agent has no page "/{wanted}"; it has {known}'
        raise ApiError(404, "NotFound", why, {})
    if call.request.method not in {"GET", "HEAD"}:
        raise errors.method_not_allowed(call.resource, call.verb)
    return await page(call, names.split("node", call.name).name)


async def _engine(call: Call, place: Place, node: str) -> web.StreamResponse:
    """Answer with what the node's container engine answers, to the few questions that may be."""
    asked = engine.place(place)
    method = engine.allowed(asked.path)
    if not method:
        raise ApiError(404, "NotFound", engine.unknown(asked.path), {})
    if call.request.method != method:
        raise errors.method_not_allowed(call.resource, call.verb)
    opening = partial(call.services.pod_streams.open_engine, node)
    return await proxy.through(call, asked, Target(node, "http", engine.PAGE, 80), opening)


async def _healthz(call: Call, node: str) -> web.StreamResponse:
    await call.services.pod_streams.stats(node)
    return responses.body(call.request, b"ok", content_type="text/plain; charset=utf-8")


async def _pods(call: Call, node: str) -> web.StreamResponse:
    items = [
        one.object for one in call.registry.list(PODS) if one.object["spec"].get("nodeName") == node
    ]
    listed = {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items}
    return responses.document(call.request, listed)


async def _summary(call: Call, node: str) -> web.StreamResponse:
    return responses.document(call.request, await _measured(call, node))


async def _configz(call: Call, node: str) -> web.StreamResponse:
    return responses.document(call.request, await call.services.pod_streams.configz(node))


async def _pulls(call: Call, node: str) -> web.StreamResponse:
    return responses.document(call.request, await call.services.pod_streams.pulls(node))


async def _container_log(names_of_log: Sequence[str], call: Call, node: str) -> web.StreamResponse:
    namespace, pod, container = names_of_log
    found = call.registry.get(PODS, namespace, pod).object
    if (found.get("spec") or {}).get("nodeName") != node:
        raise errors.not_found(PODS, pod)
    name = containers.choose(found, container)
    return await log.send(call, node, found, name, log.log_options(call, pod))


async def _cadvisor(call: Call, node: str) -> web.StreamResponse:
    return _metrics(call, kubelet.container_metrics(await _measured(call, node)))


async def _resource_metrics(call: Call, node: str) -> web.StreamResponse:
    return _metrics(call, kubelet.resource_metrics(await _measured(call, node)))


def _metrics(call: Call, text: str) -> web.StreamResponse:
    content_type = "text/plain; version=0.0.4; charset=utf-8"
    return responses.body(call.request, text.encode(), content_type=content_type)


async def _measured(call: Call, node: str) -> dict[str, Any]:
    stats = await call.services.pod_streams.stats(node)
    summary: dict[str, Any] = stats["summary"]
    return summary


_LOGS = "containerLogs"
_NAMES_OF_LOG = 3
_PAGES: dict[str, _Page] = {
    "configz": _configz,
    "healthz": _healthz,
    "metrics/cadvisor": _cadvisor,
    "metrics/resource": _resource_metrics,
    "pods": _pods,
    "pulls": _pulls,
    "stats/summary": _summary,
}

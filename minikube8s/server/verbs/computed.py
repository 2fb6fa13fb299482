"""get and list of kinds that are not stored."""

from __future__ import annotations

from aiohttp import web

from minikube8s.api.resources import COMPONENTSTATUSES, NODE_METRICS, POD_METRICS, Resource
from minikube8s.server import lists, pagination, responses
from minikube8s.server.call import Call
from minikube8s.server.computed.components import Components
from minikube8s.server.computed.metrics import NodeMetrics, PodMetrics
from minikube8s.server.computed.sources import Source
from minikube8s.server.list_query import list_query
from minikube8s.server.rendering import ListMeta
from minikube8s.server.selection import Selection

SOURCES: dict[Resource, Source] = {
    COMPONENTSTATUSES: Components(),
    NODE_METRICS: NodeMetrics(),
    POD_METRICS: PodMetrics(),
}


async def get(call: Call) -> web.StreamResponse:
    """Answer with one object, made now."""
    renderer = call.renderer()
    entry = await SOURCES[call.resource].get(call)
    return responses.rendered(call, renderer.one(entry, call.now))


async def list_objects(call: Call) -> web.StreamResponse:
    """Answer with the objects that the selectors mean, made now; pages may differ in age."""
    query = list_query(call.query)
    selection = Selection(call.resource, query.labels, query.fields)
    renderer = call.renderer()
    entries = [one for one in await SOURCES[call.resource].all(call) if selection.matches(one)]
    start = pagination.decode(query.token).start if query.token else ""
    revision = call.registry.revision
    page = pagination.cut(entries, start, query.limit, revision)
    meta = ListMeta(revision, page.token, page.remaining if selection.everything else -1)
    return await lists.answered(call, renderer, page.entries, meta)

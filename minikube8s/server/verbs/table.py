"""Which function serves which verb of what. The only place that a new subresource is listed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from minikube8s.api.resources import (
    BINDINGS,
    LOCALSUBJECTACCESSREVIEWS,
    NODES,
    SELFSUBJECTACCESSREVIEWS,
    SELFSUBJECTREVIEWS,
    SELFSUBJECTRULESREVIEWS,
    SUBJECTACCESSREVIEWS,
    TOKENREVIEWS,
    Resource,
)
from minikube8s.server.call import Call
from minikube8s.server.verbs import (
    computed,
    forward,
    log,
    nodeproxy,
    placement,
    proxy,
    read,
    remove,
    reviews,
    scale,
    talk,
    tokens,
    watch,
    write,
)

Handler = Callable[[Call], Awaitable[web.StreamResponse]]

_OBJECTS: dict[str, Handler] = {
    "get": read.get,
    "list": read.list_objects,
    "watch": watch.watch,
    "create": write.create,
    "update": write.update,
    "patch": write.patch,
    "delete": remove.delete,
    "deletecollection": remove.delete_collection,
}
_PARTS: dict[str, Handler] = {"get": read.get, "update": write.update, "patch": write.patch}

_SUBRESOURCES: dict[str, dict[str, Handler]] = {
    "status": _PARTS,
    "approval": _PARTS,
    "ephemeralcontainers": _PARTS,
    "resize": _PARTS,
    "finalize": {"update": write.update},
    "scale": {"get": scale.get, "update": scale.update, "patch": scale.patch},
    "log": {"get": log.log},
    "exec": {"get": talk.execute, "create": talk.execute},
    "attach": {"get": talk.attach, "create": talk.attach},
    "portforward": {"get": forward.forward, "create": forward.forward},
    "proxy": dict.fromkeys(("get", "create", "update", "patch", "delete", "options"), proxy.proxy),
    "binding": {"create": placement.bind},
    "eviction": {"create": placement.evict},
    "token": {"create": tokens.create},
}

_REVIEWS: dict[Resource, Handler] = {
    SELFSUBJECTREVIEWS: reviews.self_subject,
    TOKENREVIEWS: reviews.token,
    LOCALSUBJECTACCESSREVIEWS: reviews.subject_access,
    SELFSUBJECTACCESSREVIEWS: reviews.self_subject_access,
    SELFSUBJECTRULESREVIEWS: reviews.self_subject_rules,
    SUBJECTACCESSREVIEWS: reviews.subject_access,
}
"""What serves the one verb, create, of kinds that are not stored."""

_COMPUTED: dict[str, Handler] = {"get": computed.get, "list": computed.list_objects}

WRITING = frozenset({"create", "update", "patch", "delete", "deletecollection"})
STREAMING = frozenset({"watch"})
STREAMING_SUBRESOURCES = frozenset({"log", "exec", "attach", "portforward", "proxy"})


def handler(resource: Resource, subresource: str, verb: str) -> Handler | None:
    """Return what serves a verb, None when nothing does."""
    if resource in _REVIEWS:
        return _REVIEWS[resource] if verb == "create" and not subresource else None
    if resource in computed.SOURCES:
        return None if subresource else _COMPUTED.get(verb)
    if resource is BINDINGS:
        return placement.bind
    if resource is NODES and subresource == "proxy":
        return nodeproxy.node_proxy
    handlers = _SUBRESOURCES.get(subresource, {}) if subresource else _OBJECTS
    return handlers.get(verb)

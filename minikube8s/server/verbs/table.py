"""Which function serves which verb of what. The only place that a new subresource is listed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from minikube8s.server.call import Call
from minikube8s.server.verbs import log, placement, read, remove, scale, watch, write

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
    "finalize": {"update": write.update},
    "scale": {"get": scale.get, "update": scale.update, "patch": scale.patch},
    "log": {"get": log.log},
    "binding": {"create": placement.bind},
    "eviction": {"create": placement.evict},
}

WRITING = frozenset({"create", "update", "patch", "delete", "deletecollection"})
STREAMING = frozenset({"watch"})
STREAMING_SUBRESOURCES = frozenset({"log"})


def handler(subresource: str, verb: str) -> Handler | None:
    """Return what serves a verb, None when nothing does."""
    handlers = _SUBRESOURCES.get(subresource, {}) if subresource else _OBJECTS
    return handlers.get(verb)

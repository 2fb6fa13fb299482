"""get and list."""

from __future__ import annotations

from aiohttp import web

from minikube8s.api import errors
from minikube8s.server import lists, pagination, responses
from minikube8s.server.call import Call
from minikube8s.server.list_query import ListQuery, list_query
from minikube8s.server.pagination import Page
from minikube8s.server.rendering import ListMeta
from minikube8s.server.selection import Selection
from minikube8s.store.entry import Entry


async def get(call: Call) -> web.StreamResponse:
    """Answer with one object."""
    renderer = call.renderer()
    entry = call.registry.get(call.resource, call.namespace, call.name)
    return responses.rendered(call, renderer.one(entry, call.now))


async def list_objects(call: Call) -> web.StreamResponse:
    """Answer with the objects that the selectors mean, or with a page of them."""
    query = list_query(call.query)
    selection = Selection(call.resource, query.labels, query.fields)
    renderer = call.renderer()
    revision, entries = _snapshot(call, query)
    selected = entries if selection.everything else [e for e in entries if selection.matches(e)]
    start = pagination.decode(query.token).start if query.token else ""
    page = pagination.cut(selected, start, query.limit, revision)
    if page.token:
        prefix = call.resource.namespace_prefix(call.namespace)
        call.services.snapshots.keep(prefix, revision, entries, call.services.clock.monotonic())
    meta = ListMeta(revision, page.token, _remaining(page, selection))
    return await lists.answered(call, renderer, page.entries, meta)


def _remaining(page: Page, selection: Selection) -> int:
    """Return how many objects follow the page; Kubernetes tells only without selectors."""
    return page.remaining if selection.everything else -1


def _snapshot(call: Call, query: ListQuery) -> tuple[int, list[Entry]]:
    """Return the revision that the list shows, and all its objects sorted by key."""
    prefix = call.resource.namespace_prefix(call.namespace)
    snapshots, now = call.services.snapshots, call.services.clock.monotonic()
    current = call.registry.revision
    if query.token:
        token = pagination.decode(query.token)
        if not token.inconsistent and token.revision != current:
            kept = snapshots.find(prefix, token.revision, now)
            if kept is None:
                raise pagination.ExpiredToken(token)
            return token.revision, kept
    else:
        wanted = query.resource_version or 0
        if wanted > current:
            raise too_large_revision(wanted, current)
        if query.match == "Exact" and wanted != current:
            kept = snapshots.find(prefix, wanted, now)
            if kept is None:
                raise errors.expired("The resourceVersion for the provided list is too old.")
            return wanted, kept
    return current, call.registry.list(call.resource, call.namespace)


def too_large_revision(wanted: int, current: int) -> errors.ApiError:
    """Return 504: the client has seen a revision that this server has not reached yet."""
    error = errors.timeout(f"Too large resource version: {wanted}, current: {current}", 1)
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    error.details = (error.details or {}) | {"causes": causes}
    return error

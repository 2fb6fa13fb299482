"""watch: a stream of events, from the watch cache to the client.

An idle watch costs a suspended coroutine and a timer at its end; only those who asked for
bookmarks are woken in between, once a minute. A client that does not read is disconnected: what it
lags behind is bounded by the watch's buffer, and one write may block for `WRITE_DEADLINE` at most.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from aiohttp import web

from minikube8s.api.errors import ApiError
from minikube8s.server import negotiation
from minikube8s.server.call import Call
from minikube8s.server.list_query import ListQuery, list_query
from minikube8s.server.rendering import INITIAL_EVENTS_END, Renderer
from minikube8s.server.selection import Selection
from minikube8s.server.streaming import Outflow, opening
from minikube8s.server.verbs.read import too_large_revision
from minikube8s.store.encode import blob
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event, Watch

BOOKMARK_SECONDS = 60.0
WRITE_DEADLINE = 30.0
SHORTEST, LONGEST = 1800.0, 3600.0
"""How long a watch without timeoutSeconds lasts, at random between the two, so that the clients of
a restarted server do not all come back at once for ever."""
CHUNK = 64 * 1024


async def watch(call: Call) -> web.StreamResponse:
    """Answer with events until the time is over, the client leaves or falls behind."""
    query = list_query(call.query)
    selection = Selection(call.resource, query.labels, query.fields)
    frames = _Frames(call, call.renderer(), selection)
    if query.resource_version and query.resource_version > call.registry.revision:
        raise too_large_revision(query.resource_version, call.registry.revision)
    content_type = negotiation.content_type(call.answer().encoding, streaming=True)
    out = Outflow(call.request, opening(content_type), WRITE_DEADLINE)
    try:
        stream, initial = _subscribe(call, query)
    except ApiError as error:
        # Clients of a watch look for 410 in the stream.
        async with out:
            await out.write(frames.error(error))
        return out.response
    revision = call.registry.revision
    with call.services.streams.open(stream.close):
        async with stream, out:
            await _send(call, out, frames.initial(initial))
            if query.send_initial and query.bookmarks:
                await out.write(frames.bookmark(revision, INITIAL_EVENTS_END))
            await _flow(call, query, stream, frames, out)
    return out.response


def _subscribe(call: Call, query: ListQuery) -> tuple[Watch, list[Entry]]:
    """Return the stream of what changes, and the objects to send before it as ADDED.

    Without awaiting in between, so that nothing is missed or seen twice. Raises ApiError Expired.
    """
    from_start = not query.resource_version if query.send_initial is None else query.send_initial
    after = None if from_start else query.resource_version or None
    name = _only_name(call, query)
    stream = call.registry.watch(call.resource, call.namespace, after, name)
    return stream, call.registry.list(call.resource, call.namespace) if from_start else []


def _only_name(call: Call, query: ListQuery) -> str:
    """Return the name of the one object that can match, empty when there may be several."""
    if call.resource.namespaced and call.namespace is None:
        return ""
    return query.fields.value_of("metadata.name") or ""


async def _flow(call: Call, query: ListQuery, stream: Watch, frames: _Frames, out: Outflow) -> None:
    clock = call.services.clock
    lasts = query.timeout or random.uniform(SHORTEST, LONGEST)
    end = clock.monotonic() + lasts
    while not stream.closed:
        left = end - clock.monotonic()
        if left <= 0:
            return
        try:
            events = await stream.batch(min(left, BOOKMARK_SECONDS) if query.bookmarks else left)
        except ApiError as error:
            await out.write(frames.error(error))
            return
        if events:
            await _send(call, out, frames.events(events))
        elif query.bookmarks and not stream.closed:
            await out.write(frames.bookmark(stream.revision, {}))


class _Frames:
    """Turns events into the bytes for one watcher."""

    def __init__(self, call: Call, renderer: Renderer, selection: Selection) -> None:
        self._call = call
        self._renderer = renderer
        self._selection = selection
        self._first = True

    def initial(self, entries: list[Entry]) -> Iterator[bytes]:
        """Yield the objects that exist already."""
        for entry in entries:
            if self._selection.matches(entry):
                yield self._one("ADDED", entry)

    def events(self, events: list[Event]) -> Iterator[bytes]:
        """Yield the events that concern the selection."""
        for event in events:
            type_ = self._selection.transition(event)
            if type_ is None:
                continue
            entry = event.entry
            if type_ == "DELETED" and event.type != "DELETED" and event.previous is not None:
                # The object left the selection: its watcher gets the last state that was in it.
                entry = _restamped(event.previous, event.revision)
            yield self._one(type_, entry)

    def bookmark(self, revision: int, annotations: dict[str, str]) -> bytes:
        """Return how far the watcher is."""
        first, self._first = self._first, False
        return self._renderer.bookmark(revision, annotations, first=first)

    def error(self, error: ApiError) -> bytes:
        """Return why the watch ends here."""
        return self._renderer.error(error)

    def _one(self, type_: str, entry: Entry) -> bytes:
        first, self._first = self._first, False
        return self._renderer.event(type_, entry, self._call.now, first=first)


async def _send(call: Call, out: Outflow, frames: Iterable[bytes]) -> None:
    """Write frames, as many at once as make a good piece."""
    pieces: list[bytes] = []
    size = sent = 0
    for one in frames:
        pieces.append(one)
        size += len(one)
        if size >= CHUNK:
            await out.write(b"".join(pieces))
            sent += len(pieces)
            pieces, size = [], 0
    if pieces:
        await out.write(b"".join(pieces))
    call.services.figures.watch_events[call.resource] += sent + len(pieces)


def _restamped(entry: Entry, revision: int) -> Entry:
    """Return an object as it was, carrying the revision of a later event."""
    return Entry(entry.key, blob(entry.object).at(revision), revision)

"""Lists as answers, however long they are: nobody else waits for them.

Stored bytes are only joined. What has to be made of each object is made in slices, and YAML, which
takes far longer, in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiohttp import web

from minikube8s.server import offloading, responses
from minikube8s.server.call import Call
from minikube8s.server.rendering import ListMeta, Renderer
from minikube8s.store.entry import Entry

YAML_TIMES = 10
"""How many times longer it takes to write YAML than what else is done with so many bytes."""


async def answered(
    call: Call, renderer: Renderer, entries: Sequence[Entry], meta: ListMeta
) -> web.Response:
    """Return a list of these objects in the form and encoding that the client wants."""
    data = await _page(renderer, entries, meta, call)
    if call.answer().encoding == "yaml":
        text = await offloading.beside(len(data) * YAML_TIMES, lambda: responses.yaml(data))
        return responses.made(call, text)
    return responses.rendered(call, data)


async def _page(renderer: Renderer, entries: Sequence[Entry], meta: ListMeta, call: Call) -> bytes:
    now, at_once = call.now, renderer.at_once
    if len(entries) <= at_once:
        return renderer.listed(renderer.items(entries, now), meta)
    items = []
    for start in range(0, len(entries), at_once):
        items += renderer.items(entries[start : start + at_once], now)
        await asyncio.sleep(0)
    return renderer.listed(items, meta)

"""What the node serves to the master by streams: each kind, and who serves it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from mk8s_agent.link.dialogue import Handler as DialogueHandler
from mk8s_agent.link.tunnels import Handler
from mk8s_agent.pods.logs import PodLogs
from mk8s_agent.stats.collector import Stats
from mk8s_agent.streams.forwarding import Forwarding
from mk8s_agent.streams.talking import Talking


def handlers(
    logs: PodLogs, stats: Stats, configz: Callable[[], bytes], pulls: Callable[[], list[Any]]
) -> dict[str, Handler]:
    """Who answers the master's questions: with a stream of bytes each."""
    return {
        "logs": logs.open,
        "stats": stats.open,
        "configz": _document(configz),
        "pulls": _document(lambda: msgspec.json.encode({"pulls": pulls()})),
    }


def dialogues(talking: Talking, forwarding: Forwarding) -> dict[str, DialogueHandler]:
    """Who serves streams in both directions."""
    return {
        "exec": talking.exec,
        "attach": talking.attach,
        "port-forward": forwarding.forward,
        "connect": forwarding.connect,
        "engine": forwarding.engine,
    }


def _document(read: Callable[[], bytes]) -> Handler:
    """Serve what `read` returns as a whole."""

    async def once() -> AsyncIterator[bytes]:
        yield read()

    async def open(_: dict[str, Any]) -> AsyncIterator[bytes]:
        return once()

    return open

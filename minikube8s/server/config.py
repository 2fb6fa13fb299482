"""What the server is told at its start, and what it needs from its surroundings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Where to listen, whom to trust, and the bounds of what is served at once.

    `cert` and `key` are the server's own (PEM); `client_ca` signs the certificates of its users.
    `port` 0 takes any free one. The in-flight bounds count requests that are being answered;
    watches and followed logs are counted by `max_streams` instead.
    """

    cert: Path
    key: Path
    client_ca: Path
    host: str = "127.0.0.1"
    port: int = 6443
    max_reading: int = 400
    max_writing: int = 200
    max_streams: int = 2000
    max_body_bytes: int = 3 * 1024 * 1024
    shutdown_seconds: float = 5.0


class ByteStream(Protocol):
    """Bytes as they come. Raises ApiError, also while iterating; `aclose` when done with it."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Iterate over the bytes."""
        ...

    async def aclose(self) -> None:
        """Let go of the source."""
        ...


class PodStreams(Protocol):
    """The way to what a pod's containers say, wherever the pod runs."""

    async def open_logs(
        self, node: str, namespace: str, pod: str, container: str, options: dict[str, Any]
    ) -> ByteStream:
        """Open a container's log.

        Options, all optional: follow, previous, timestamps (bool); tailLines, sinceSeconds,
        limitBytes (int); sinceTime (RFC 3339). Raises ApiError when there is nothing to open.
        """
        ...

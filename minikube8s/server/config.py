"""What the server is told at its start, and what it needs from its surroundings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from minikube8s.api.streams import Piece


class MalformedRequest(Exception):
    """Not a certificate request; the message says why."""


RequestReader = Callable[[bytes], tuple[str, ...]]
"""Returns the organizations, which are groups, that a certificate request (PEM) names as its
subject's. Raises MalformedRequest. Called in a thread."""


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Where to listen, whom to trust, and the bounds of what is served at once.

    `cert` and `key` are the server's own (PEM); `client_ca` signs the certificates of its users.
    `hosts` are the addresses that are listened on, `port` 0 takes any free one. The in-flight
    bounds count requests that are being answered; watches and followed logs are counted by
    `max_streams` instead.
    """

    cert: Path
    key: Path
    client_ca: Path
    request_reader: RequestReader
    hosts: tuple[str, ...] = ("127.0.0.1",)
    port: int = 6443
    token_key: Path | None = None
    """The private key (PEM, EC P-256 or RSA) that signs ServiceAccount tokens; None: no tokens."""
    token_issuer: str = "https://kubernetes.default.svc.cluster.local"
    token_audiences: tuple[str, ...] = ()
    """Whom a token must be meant for to be accepted here; none means the issuer."""
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


class PodDialogue(Protocol):
    """A process on a node, or a connection to a port there. Its methods raise ApiError when it is
    cut off. One task may receive and one may write at a time.
    """

    @property
    def status(self) -> dict[str, Any]:
        """How it ended, a v1.Status; there once `receive` has returned None."""
        ...

    async def receive(self) -> Piece | None:
        """Return what came next, None at the end."""
        ...

    async def write(self, data: bytes) -> None:
        """Send input; wait while it is not read."""
        ...

    async def write_eof(self) -> None:
        """No more input comes; output goes on."""
        ...

    async def resize(self, width: int, height: int) -> None:
        """The client's terminal has a new size, in characters."""
        ...

    async def aclose(self) -> None:
        """End it: a process that was started for it is killed. Harmless when it has ended."""
        ...


class PodStreams(Protocol):
    """The way to a pod's containers, wherever the pod runs."""

    async def open_logs(
        self, node: str, namespace: str, pod: str, container: str, options: dict[str, Any]
    ) -> ByteStream:
        """Open a container's log.

        Options, all optional: follow, previous, timestamps (bool); tailLines, sinceSeconds,
        limitBytes (int); sinceTime (RFC 3339); stream (All, Stdout, Stderr). Raises ApiError when
        there is nothing to open.
        """
        ...

    async def open_exec(
        self, node: str, namespace: str, pod: str, container: str, options: dict[str, Any]
    ) -> PodDialogue:
        """Run a command in a container.

        Options: command (list), stdin, stdout, stderr, tty (bool). Raises ApiError.
        """
        ...

    async def open_attach(
        self, node: str, namespace: str, pod: str, container: str, options: dict[str, Any]
    ) -> PodDialogue:
        """Join a container's own process. Options: stdin, stdout, stderr, tty. Raises ApiError."""
        ...

    async def open_port_forward(
        self, node: str, namespace: str, pod: str, port: int
    ) -> PodDialogue:
        """Open one connection to a port on the pod's own localhost. Raises ApiError."""
        ...

    async def open_connection(self, node: str, address: str, port: int) -> PodDialogue:
        """Open one connection from a node to an address that it reaches. Raises ApiError."""
        ...

    async def open_engine(self, node: str) -> PodDialogue:
        """Open one connection to the container engine of a node. Raises ApiError."""
        ...

    async def configz(self, node: str) -> dict[str, Any]:
        """Ask a node's agent for its configuration, as the kubelet's page. Raises ApiError."""
        ...

    async def pulls(self, node: str) -> dict[str, Any]:
        """Ask a node's agent which images it is pulling. Raises ApiError.

        Returns `pulls`, each with `image`, `downloadedBytes`, `totalBytes` (as far as announced),
        `layersDone` and `layers`.
        """
        ...

    async def stats(self, node: str) -> dict[str, Any]:
        """Ask a node what it and its containers use. Raises ApiError.

        Returns `summary`, the kubelet's stats/summary, and `windowSeconds`, over which it was
        measured.
        """
        ...

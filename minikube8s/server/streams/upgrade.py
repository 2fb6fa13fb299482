"""How a client wants to leave HTTP, and leaving it.

Owns the headers of both upgrades: WebSocket, and SPDY/3.1 with X-Stream-Protocol-Version.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aiohttp import web

from minikube8s.api import errors
from minikube8s.api.errors import ApiError
from minikube8s.server.streams.wires import RawWire, Upgraded

SPDY = "SPDY/3.1"
VERSION_HEADER = "X-Stream-Protocol-Version"
MAX_MESSAGE = 4 * 1024 * 1024
GOODBYE_SECONDS = 10.0


def is_websocket(request: web.BaseRequest) -> bool:
    """Whether the request wants a WebSocket."""
    return _wants(request, "websocket")


def is_spdy(request: web.BaseRequest) -> bool:
    """Whether the request wants SPDY."""
    return _wants(request, SPDY.lower())


def refusal() -> ApiError:
    """What a request gets that wants no upgrade."""
    return errors.bad_request("Upgrade request required")


def websocket_protocols(request: web.BaseRequest) -> list[str]:
    """Return what the client offers, best first."""
    return _listed(request.headers.getall("Sec-WebSocket-Protocol", ()))


async def websocket(
    request: web.BaseRequest, protocols: Sequence[str], *, unnamed: bool = False
) -> web.WebSocketResponse:
    """Make the request a WebSocket. Raises ApiError when no protocol is spoken by both sides.

    `unnamed`: a client that offers no protocol at all is served too.
    """
    offered = websocket_protocols(request)
    if offered or not unnamed:
        choose(offered, protocols)
    # Uncompressed: what is sent is written at once and in order.
    socket = web.WebSocketResponse(
        protocols=protocols, compress=False, max_msg_size=MAX_MESSAGE, timeout=GOODBYE_SECONDS
    )
    try:
        await socket.prepare(request)
    except web.HTTPBadRequest as error:
        raise errors.bad_request(error.text or "this is no WebSocket handshake") from error
    return socket


async def spdy(request: web.BaseRequest, protocols: Sequence[str]) -> tuple[Upgraded, RawWire]:
    """Make the request a SPDY connection. Raises ApiError when no protocol fits."""
    offered = _listed(request.headers.getall(VERSION_HEADER, ()))
    chosen = choose(offered, protocols)
    answer = Upgraded({"Upgrade": SPDY, VERSION_HEADER: chosen})
    wire = RawWire(request)
    await wire.take_over(answer)
    return answer, wire


def choose(offered: Sequence[str], served: Sequence[str]) -> str:
    """Return the first offered protocol that is served. Raises ApiError Forbidden (403)."""
    for protocol in offered:
        if protocol in served:
            return protocol
    raise ApiError(
        403,
        "Forbidden",
        "unable to upgrade: unable to negotiate protocol: "
        f"client supports [{' '.join(offered)}], server accepts [{' '.join(served)}]",
        {},
    )


def _wants(request: web.BaseRequest, protocol: str) -> bool:
    connection = _listed(request.headers.getall("Connection", ()))
    return (
        any(token.lower() == "upgrade" for token in connection)
        and request.headers.get("Upgrade", "").lower() == protocol
    )


def _listed(values: Iterable[str]) -> list[str]:
    return [word for value in values for part in value.split(",") if (word := part.strip())]

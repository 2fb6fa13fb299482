"""grpc.health.v1.Health/Check, the one call that a gRPC probe makes.

Its two messages have one field each: they are written and read here.
"""

from __future__ import annotations

import asyncio

from minikube8s.api.views import GRPCAction
from mk8s_agent.probes.connecting import joined
from mk8s_agent.probes.values import Finding

_CHECK = "/grpc.health.v1.Health/Check"
_STATUSES = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")
_SERVING = 1
_ANSWER_LIMIT = 4096


async def judge_health(action: GRPCAction, host: str, seconds: int) -> Finding:
    """What the service says of itself within `seconds`."""
    import grpc  # noqa: PLC0415 - the library is there for the link; most pods need none of it

    address = joined(host, action.port)
    options = (
        ("grpc.primary_user_agent", "kube-probe/1.36"),
        ("grpc.enable_http_proxy", 0),
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.enable_retries", 0),
        ("grpc.service_config_disable_resolution", 1),
        ("grpc.max_receive_message_length", _ANSWER_LIMIT),
    )
    scheme = "ipv6" if ":" in host else "ipv4"
    clock = asyncio.get_running_loop().time
    deadline = clock() + seconds
    async with grpc.aio.insecure_channel(f"{scheme}:{address}", options=options) as channel:
        try:
            async with asyncio.timeout_at(deadline):
                await channel.channel_ready()
        except TimeoutError:
            why = f'timeout: failed to connect service "{address}" within {seconds}s'
            return Finding(False, f"{why}: context deadline exceeded")
        try:
            left = max(deadline - clock(), 0.001)
            answer = await channel.unary_unary(_CHECK)(_request(action.service), timeout=left)
        except grpc.aio.AioRpcError as error:
            return Finding(False, _refusal(error.code().name, error.details() or "", seconds))
    try:
        status = _status(answer)
    except (IndexError, ValueError):
        return Finding(False, f"error: health rpc probe failed: no such message: {answer[:40]!r}")
    if status == _SERVING:
        return Finding(True)
    word = _STATUSES[status] if status < len(_STATUSES) else str(status)
    return Finding(False, f'service unhealthy (responded with "{word}")')


def _refusal(code: str, details: str, seconds: int) -> str:
    if code == "UNIMPLEMENTED":
        why = "this server does not implement the grpc health protocol (grpc.health.v1.Health)"
        return f"error: {why}: {details}"
    if code == "DEADLINE_EXCEEDED":
        return f"timeout: health rpc did not complete within {seconds}s"
    word = {"CANCELLED": "Canceled"}.get(code) or code.title().replace("_", "")
    return f"error: health rpc probe failed: rpc error: code = {word} desc = {details}"


def _request(service: str) -> bytes:
    """A HealthCheckRequest: `string service = 1`."""
    name = service.encode()
    return b"\x0a" + _varint(len(name)) + name if name else b""


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _status(answer: bytes) -> int:
    """Of a HealthCheckResponse `enum status = 1`, which is 0 where it is not there.

    Raises ValueError, IndexError for bytes that are no such message.
    """
    status, at = 0, 0
    while at < len(answer):
        tag, at = _read_varint(answer, at)
        match tag & 7:
            case 0:
                value, at = _read_varint(answer, at)
                status = value if tag >> 3 == 1 else status
            case 1:
                at += 8
            case 2:
                length, at = _read_varint(answer, at)
                at += length
            case 5:
                at += 4
            case _:
                raise ValueError("not a protobuf message")
    return status


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """(number, where it ends)."""
    number = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return number, at
    raise ValueError("not a protobuf message")

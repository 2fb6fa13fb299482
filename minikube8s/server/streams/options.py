"""The query parameters of exec, attach and port-forward, read into options. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minikube8s.api import errors
from minikube8s.server import query
from minikube8s.server.query import Query

MAX_PORTS = 64


def attach_options(given: Query) -> dict[str, Any]:
    """Return v1.PodAttachOptions without the container. Raises ApiError BadRequest."""
    options = {name: query.flag(given, name) for name in ("stdin", "stdout", "stderr", "tty")}
    if options["tty"] and options["stderr"]:
        raise errors.bad_request("tty and stderr cannot both be true")
    if not (options["stdin"] or options["stdout"] or options["stderr"]):
        raise errors.bad_request("you must specify at least one of stdin, stdout, stderr")
    return options


def exec_options(given: Query, command: Sequence[str]) -> dict[str, Any]:
    """Return v1.PodExecOptions without the container. Raises ApiError BadRequest."""
    if not command:
        raise errors.bad_request("you must specify at least one command for the container")
    return {**attach_options(given), "command": list(command)}


def ports(given: Sequence[str]) -> list[int]:
    """Return the ports of repeated or comma-separated values. Raises ApiError BadRequest."""
    texts = [text for value in given for text in value.split(",") if text]
    if not texts:
        raise errors.bad_request('query parameter "ports" is required')
    if len(texts) > MAX_PORTS:
        raise errors.bad_request(f"at most {MAX_PORTS} ports can be forwarded at once")
    return [port(text) for text in texts]


def port(text: str) -> int:
    """Return a port. Raises ApiError BadRequest."""
    if text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 1 << 16:
        return int(text)
    raise errors.bad_request(
        f'ports: Invalid value: "{text}": must be a number between 1 and 65535, inclusive'
    )

"""`--raw`: a path of the API asked as it is, the answer printed as it comes.

What it holds must not steer a terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from minikube8s.cli.connection.client import Client
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output.escapes import harmless


def send(client: Client, method: str, path: str, body: bytes | None = None) -> None:
    """Send one request and print its answer. Raises ApiFailure, CommandError."""
    if not path.startswith("/"):
        raise CommandError(
            f'--raw must be a valid URL path: parse "{path}": invalid URI for request'
        )
    answer = client.raw(method, path, body)
    if sys.stdout.isatty():
        answer = harmless(answer.decode(errors="replace")).encode()
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()


def body_of(filenames: Sequence[str], given: dict[str, Any]) -> bytes:
    """The one file (or standard input) that is sent. Raises CommandError."""
    from minikube8s.cli.manifests import sources

    refused = {
        "--raw and --output are mutually exclusive": given.get("form"),
        "--raw and --edit are mutually exclusive": given.get("edit"),
        "--raw and --recursive are mutually exclusive": given.get("recursive"),
        "--raw and --selector (-l) are mutually exclusive": given.get("selector"),
        "--raw and --dry-run are mutually exclusive": given.get("dry_run", "none") != "none",
        "must specify one of -f and -k": not any(filenames),
        "--raw can only use a single local file or stdin": len(filenames) > 1
        or (filenames[:1] and filenames[0].startswith(("http://", "https://"))),
    }
    for complaint, applies in refused.items():
        if applies:
            raise CommandError(complaint)
    (_, data), *others = sources.opened(filenames[0], recursive=False)
    if others:
        raise CommandError("--raw can only use a single local file or stdin")
    if isinstance(data, CommandError):
        raise data
    return data

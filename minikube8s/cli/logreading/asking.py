"""What the flags of `mk8s logs` ask of the server, and which do not fit each other. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from minikube8s.cli.errors import CommandError

FEW_LINES = 10
"""Of each container's log where a selector says whose, unless `--tail` says otherwise."""
_USAGE = (
    "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\n"
    "POD or TYPE/NAME is a required argument for the logs command\n"
    "See 'mk8s logs --help' for usage."
)


def check(words: Sequence[str], given: Mapping[str, Any]) -> None:
    """Raise CommandError, in kubectl's words, where the line makes no sense."""
    if len(words) > 2 or not (words or given["selector"]):
        raise CommandError(_USAGE)
    if words and given["selector"]:
        raise CommandError("only a selector (-l) or a POD name is allowed")
    if len(words) == 2 and given["container"]:
        raise CommandError("only one of -c or an inline [CONTAINER] arg is allowed")
    if given["all_containers"] and given["container"]:
        name = given["container"]
        raise CommandError(
            f"--all-containers=true should not be specified with container name {name}"
        )
    if given["tail"] is not None and given["tail"] < -1:
        raise CommandError("--tail must be greater than or equal to -1")
    if given["limit_bytes"] is not None and given["limit_bytes"] < 0:
        raise CommandError("--limit-bytes must be greater than 0")
    if given["since"] is not None and given["since"] < 0:
        raise CommandError("--since must be greater than 0")
    if given["since"] and given["since_time"]:
        raise CommandError("only one of --since-time / --since may be used")
    if given["since_time"]:
        _check_time(given["since_time"])


def query(given: Mapping[str, Any]) -> dict[str, str]:
    """The parameters of v1.PodLogOptions, but for the container."""
    asked = {flag: "true" for flag in ("follow", "previous", "timestamps") if given[flag]}
    tail = given["tail"]
    if tail is None:
        tail = FEW_LINES if given["selector"] else -1
    if tail >= 0:
        asked["tailLines"] = str(tail)
    if given["since"]:
        # rounded up, as kubectl does: half a second is not none
        asked["sinceSeconds"] = str(-int(-given["since"] // 1))
    if given["since_time"]:
        asked["sinceTime"] = given["since_time"]
    if given["limit_bytes"]:
        asked["limitBytes"] = str(given["limit_bytes"])
    if given["insecure_skip_tls_verify_backend"]:
        asked["insecureSkipTLSVerifyBackend"] = "true"
    return asked


def _check_time(text: str) -> None:
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or "T" not in text:
        raise CommandError(
            f'--since-time "{text}" is no time: write it like 2024-08-30T06:00:00Z (RFC 3339)'
        )

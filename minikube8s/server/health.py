"""/healthz, /livez, /readyz: what is checked, and the text that people and probes read.

`?verbose` tells each check, `?exclude=NAME` leaves one out, `/livez/NAME` asks for one alone. Why
a check failed stands in the log: whoever asks need not be anybody.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from minikube8s.api.quoting import quote
from minikube8s.server.call import Services
from minikube8s.store.interface import StoreError

log = logging.getLogger("server")

DEADLINE = 2.0
"""Seconds that the store gets to answer; probes rarely wait longer."""

Check = Callable[[Services], Awaitable[str]]
"""Returns what is wrong, empty when nothing is."""


async def _ping(_: Services) -> str:
    return ""


async def _store(services: Services) -> str:
    try:
        async with asyncio.timeout(DEADLINE):
            await services.registry.reach_store()
    except TimeoutError:
        return f"the store does not answer within {DEADLINE:g} s"
    except StoreError as error:
        return str(error)
    return ""


async def _open(services: Services) -> str:
    return "the API server is shutting down" if services.streams.closed else ""


_ALIVE: dict[str, Check] = {"ping": _ping, "etcd": _store}
"""The store goes by the name that tools know, whatever it is."""
_CHECKS: dict[str, dict[str, Check]] = {
    "healthz": _ALIVE,
    "livez": _ALIVE,
    "readyz": _ALIVE | {"shutdown": _open},
}
NAMES = frozenset(_CHECKS)
_WITHHELD = "reason withheld"


async def page(
    request: web.BaseRequest, services: Services, endpoint: str, name: str
) -> web.Response | None:
    """Answer for an endpoint, or for one check of it; None when there is no such check."""
    checks = _CHECKS[endpoint]
    if name:
        check = checks.get(name)
        if check is None:
            return None
        wrong = await check(services)
        return _text(f"internal server error: {_WITHHELD}\n" if wrong else "ok", bool(wrong))
    excluded = set(request.query.getall("exclude", ()))
    lines, failed = [], False
    for known, check in checks.items():
        if known in excluded:
            excluded.remove(known)
            lines.append(f"[+]{known} excluded: ok")
            continue
        wrong = await check(services)
        if wrong:
            log.warning("%s check %s failed: %s", endpoint, known, wrong)
            failed = True
        lines.append(f"[-]{known} failed: {_WITHHELD}" if wrong else f"[+]{known} ok")
    if excluded:
        named = " ".join(map(quote, sorted(excluded)))
        lines.append(f"warn: some health checks cannot be excluded: no matches for {named}")
    lines.append(f"{endpoint} check {'failed' if failed else 'passed'}")
    # As in Kubernetes the parameter counts by being there.
    told = failed or "verbose" in request.query
    return _text("\n".join(lines) + "\n" if told else "ok", failed)


def _text(text: str, failed: bool) -> web.Response:
    return web.Response(
        text=text,
        status=500 if failed else 200,
        content_type="text/plain",
        charset="utf-8",
        headers={"Cache-Control": "no-cache, private", "X-Content-Type-Options": "nosniff"},
    )

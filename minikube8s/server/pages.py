"""What is served at paths that are no resource's: health, version, discovery, OpenAPI."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from minikube8s.api import errors
from minikube8s.api.release import version_document
from minikube8s.api.resources import RESOURCES
from minikube8s.server import discovery, health, negotiation, openid_pages, responses
from minikube8s.server.call import Services
from minikube8s.server.tokens import DISCOVERY_PATH, JWKS_PATH

_BEGINNINGS = health.NAMES.union(
    {".well-known", "api", "apis", "metrics", "openapi", "openid", "version"}
)


def nowhere() -> errors.ApiError:
    """Return 404 for a path that nothing is served at."""
    return errors.ApiError(404, "NotFound", "the server could not find the requested resource", {})


def beginning(path: str) -> str:
    """Return what requests for such a path are counted under, empty for unknown ones."""
    first = path.strip("/").partition("/")[0]
    return f"/{first}" if first in _BEGINNINGS else ""


async def page(request: web.BaseRequest, services: Services) -> web.StreamResponse:
    """Answer a GET for something that is no resource. Raises ApiError NotFound."""
    if request.method not in {"GET", "HEAD"}:
        raise errors.ApiError(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
            {},
        )
    found: web.StreamResponse | None = None
    match request.path.strip("/").split("/"):
        case [endpoint, *name] if endpoint in health.NAMES:
            found = await health.page(request, services, endpoint, "/".join(name))
        case ["metrics"]:
            found = _metrics(services)
        case ["version"]:
            found = responses.document(request, version_document())
        case ["openapi", *rest]:
            # Loaded when first asked for, because it brings all schemas with it.
            from minikube8s.server import openapi_pages  # noqa: PLC0415

            found = await openapi_pages.page(request, rest)
        case [".well-known" | "openid", *_]:
            found = await openid_pages.page(request, services.tokens)
        case ["api" | "apis", *_] as parts:
            found = _discovery(request, parts)
        case [""]:
            found = responses.document(request, {"paths": _paths()})
    if found is None:
        raise nowhere()
    return found


def _paths() -> list[str]:
    paths = {"/api", "/apis", "/healthz", "/livez", "/metrics", "/readyz", "/version"}
    paths |= {"/openapi/v2", "/openapi/v3", DISCOVERY_PATH, JWKS_PATH}
    for group, version in RESOURCES.group_versions():
        if group:
            paths |= {f"/apis/{group}", f"/apis/{group}/{version}"}
        else:
            paths.add(f"/api/{version}")
    return sorted(paths)


def _metrics(services: Services) -> web.Response:
    # Loaded with the first scrape: most clusters never see one.
    from minikube8s.server.metrics import families, report  # noqa: PLC0415

    told = families.text(report.families(services))
    return web.Response(
        body=told.encode(),
        headers={"Content-Type": families.CONTENT_TYPE, "Cache-Control": "no-cache, private"},
    )


def _discovery(request: web.BaseRequest, parts: list[str]) -> web.Response:
    accept = request.headers.get("Accept", "")
    found: dict[str, Any] | None
    if len(parts) == 1:
        wanted = discovery.wants_aggregated(accept)
        if wanted is not None:
            value = discovery.aggregated(RESOURCES, wanted.version, core=parts[0] == "api")
            data = responses.encoded(value, wanted.encoding)
            return responses.tagged(request, data, wanted.content_type)
    encoding = negotiation.negotiate(accept).encoding
    match parts:
        case ["api"]:
            found = discovery.api_versions(request.headers.get("Host", ""))
        case ["apis"]:
            found = discovery.api_group_list(RESOURCES)
        case ["api", version]:
            found = discovery.api_resource_list(RESOURCES, "", version)
        case ["apis", group]:
            found = discovery.api_group(RESOURCES, group)
        case ["apis", group, version] if group:
            found = discovery.api_resource_list(RESOURCES, group, version)
        case _:
            found = None
    if found is None:
        raise nowhere()
    return responses.document(request, found, encoding=encoding)

"""What lets anybody check ServiceAccount tokens: the issuer's OpenID configuration and keys."""

from __future__ import annotations

from aiohttp import web

from minikube8s.server import responses
from minikube8s.server.tokens import DISCOVERY_PATH, JWKS_PATH, ServiceAccountTokens

_KEYS = "application/jwk-set+json"
_KEPT = "public, max-age=3600"


async def page(request: web.BaseRequest, tokens: ServiceAccountTokens) -> web.Response | None:
    """Answer for a path of the two, None for another."""
    if request.path == DISCOVERY_PATH:
        response = responses.document(request, await tokens.discovery())
    elif request.path == JWKS_PATH:
        response = responses.document(request, await tokens.keys(), content_type=_KEYS)
    else:
        return None
    response.headers["Cache-Control"] = _KEPT
    return response

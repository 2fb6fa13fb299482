"""serviceaccounts/token: a new token of an account, as a TokenRequest asks for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from minikube8s.api import errors, meta
from minikube8s.api.errors import ApiError
from minikube8s.api.resources import NODES, PODS, SECRETS, Resource
from minikube8s.server import bodies, responses
from minikube8s.server.bodies import Expected
from minikube8s.server.call import Call
from minikube8s.server.tokens import Request
from minikube8s.store.entry import Entry

Object = dict[str, Any]

_GROUP = "authentication.k8s.io"
_EXPECTED = Expected(_GROUP, "v1", "TokenRequest", "io.k8s.api.authentication.v1.TokenRequest")
DEFAULT_SECONDS = 3600
SHORTEST_SECONDS = 600
LONGEST_SECONDS = 1 << 32
_BINDABLE: dict[str, Resource] = {"Pod": PODS, "Secret": SECRETS, "Node": NODES}


async def create(call: Call) -> web.StreamResponse:
    """Answer with the TokenRequest of the body, its status filled in."""
    request = await call.object(_EXPECTED)
    bodies.check_identity(request, call.namespace, call.name)
    account = call.registry.get(call.resource, call.namespace, call.name)
    tokens = call.services.tokens
    spec = request.setdefault("spec", {})
    spec["audiences"] = spec.get("audiences") or list(tokens.audiences)
    spec["expirationSeconds"] = seconds = _seconds(spec)
    reference = spec.get("boundObjectRef")
    bound = _bound(call, account, reference) if reference else None
    wanted = Request(account, tuple(spec["audiences"]), seconds, bound)
    token, expires = await tokens.issue(wanted)
    moment = datetime.fromtimestamp(expires, UTC)
    status = {"token": token, "expirationTimestamp": meta.now_rfc3339(moment)}
    request["metadata"]["creationTimestamp"] = meta.now_rfc3339(call.now)
    answer = request | {"status": status}
    return responses.stated(call, answer, 201)


def _seconds(spec: Object) -> int:
    seconds: int = spec.get("expirationSeconds") or DEFAULT_SECONDS
    field = "spec.expirationSeconds"
    if seconds < SHORTEST_SECONDS:
        raise _invalid(field, seconds, "may not specify a duration less than 10 minutes")
    if seconds > LONGEST_SECONDS:
        raise _invalid(field, seconds, "may not specify a duration larger than 2^32 seconds")
    return seconds


def _bound(call: Call, account: Entry, reference: Object) -> tuple[Resource, Entry]:
    """Return the object that the token lives and dies with. Raises ApiError."""
    kind, name = reference.get("kind") or "", reference.get("name") or ""
    resource = _BINDABLE.get(kind)
    if resource is None or reference.get("apiVersion") not in {None, "", "v1"}:
        raise errors.bad_request(f"cannot bind token to object of type {kind}")
    entry = call.registry.get(resource, call.namespace if resource.namespaced else None, name)
    if resource is PODS:
        runs_as = entry.object["spec"].get("serviceAccountName")
        if runs_as != account.name:
            raise errors.bad_request(
                f'cannot bind token for serviceaccount "{account.name}" to pod running with '
                "different serviceaccount name."
            )
    given = reference.get("uid") or ""
    if given and given != entry.uid:
        why = (
            f"the UID in the bound object reference ({given}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
        raise errors.conflict(resource, name, why)
    return resource, entry


def _invalid(field: str, value: object, why: str) -> ApiError:
    cause = errors.invalid_value(field, value, why)
    return ApiError(
        422,
        "Invalid",
        f'TokenRequest.{_GROUP} "" is invalid: {cause.field}: {cause.message}',
        {"group": _GROUP, "kind": "TokenRequest", "causes": [cause._asdict()]},
    )

"""Who am I, may I, may they, what is this token: reviews are answered and not stored.

`kubectl auth whoami`, `auth can-i`, `auth can-i --list`, and delegating servers ask these.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from minikube8s.api import errors
from minikube8s.api.errors import Cause
from minikube8s.api.rbac import Ask, Rule
from minikube8s.server import bodies, responses
from minikube8s.server.authn import User
from minikube8s.server.call import Call
from minikube8s.server.token_signing import InvalidToken

Object = dict[str, Any]

_EXACTLY_ONE = "exactly one of nonResourceAttributes or resourceAttributes must be specified"


async def self_subject(call: Call) -> web.StreamResponse:
    """Answer who the caller is."""
    review = await _read(call)
    return _answered(call, review, {"userInfo": call.user.info()})


async def token(call: Call) -> web.StreamResponse:
    """Answer whose token it is, if it is valid for the audiences asked about."""
    review = await _read(call)
    spec = review.get("spec") or {}
    if not spec.get("token"):
        raise errors.bad_request("token is required for TokenReview in authentication")
    tokens = call.services.tokens
    wanted = spec.get("audiences") or tokens.audiences
    bootstrapping = call.services.bootstrap_tokens.find(spec["token"])
    if bootstrapping is not None:
        # Such a token says of no audience: it is meant for the API server's own.
        shared = [audience for audience in wanted if audience in tokens.audiences]
        if shared:
            return _authenticated(call, review, bootstrapping, shared)
    try:
        claims = await tokens.check(spec["token"], wanted)
    except InvalidToken as error:
        return _answered(call, review, {"user": {}, "error": str(error)})
    shared = [audience for audience in wanted if audience in claims.aud]
    return _authenticated(call, review, claims.user(), shared)


async def self_subject_access(call: Call) -> web.StreamResponse:
    """Answer whether the caller may do something."""
    review = await _read(call)
    return _decided(call, review, call.user, _ask(call, review.get("spec") or {}))


async def subject_access(call: Call) -> web.StreamResponse:
    """Answer whether somebody may do something, anywhere or in the namespace of the path."""
    review = await _read(call)
    spec = review.get("spec") or {}
    ask = _ask(call, spec)
    if call.namespace is not None:
        _check_local(call, spec)
    name, groups = spec.get("user") or "", tuple(spec.get("groups") or ())
    if not name and not groups:
        raise _invalid(
            call, errors.required("spec.user", "at least one of user or group must be specified")
        )
    extra = sorted((key, tuple(values)) for key, values in (spec.get("extra") or {}).items())
    user = User(name, groups, spec.get("uid") or "", tuple(extra))
    return _decided(call, review, user, ask)


async def self_subject_rules(call: Call) -> web.StreamResponse:
    """Answer everything that the caller may do in a namespace."""
    review = await _read(call)
    namespace = (review.get("spec") or {}).get("namespace") or ""
    if not namespace:
        raise errors.bad_request("no namespace on request")
    rules = call.services.authorizer.rules_for(call.user, namespace)
    status = {
        "resourceRules": _objects(rule for rule in rules if rule.resources),
        "nonResourceRules": _objects(rule for rule in rules if rule.paths),
        "incomplete": False,
    }
    return _answered(call, review, status)


async def _read(call: Call) -> Object:
    review = await call.object(bodies.expected(call.resource))
    bodies.check_identity(review, call.namespace, "")
    return review


def _authenticated(call: Call, review: Object, user: User, audiences: list[str]) -> web.Response:
    status = {"authenticated": True, "user": user.info(), "audiences": audiences}
    return _answered(call, review, status)


def _answered(call: Call, review: Object, status: Object) -> web.Response:
    answer = {"kind": review["kind"], "apiVersion": review["apiVersion"]}
    answer |= {key: review[key] for key in ("metadata", "spec") if key in review}
    # What is never stored has neither name nor uid; clients expect the field all the same.
    answer["metadata"] = {"creationTimestamp": None} | answer.get("metadata", {})
    answer["status"] = status
    return responses.stated(call, answer, 201)


def _decided(call: Call, review: Object, user: User, ask: Ask) -> web.Response:
    decision = call.services.authorizer.decide(user, ask)
    status: Object = {"allowed": decision.allowed}
    if decision.reason:
        status["reason"] = decision.reason
    return _answered(call, review, status)


def _ask(call: Call, spec: Object) -> Ask:
    """Return what the review asks about. Raises ApiError Invalid."""
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None and path is None:
        words = ("verb", "group", "resource", "subresource", "namespace", "name")
        return Ask(**{word: resource.get(word) or "" for word in words})
    if path is not None and resource is None:
        # An empty path is a path that nobody is granted, not a resource.
        return Ask(path.get("verb") or "", path=path.get("path") or " ")
    attributes = {"resourceAttributes": resource, "nonResourceAttributes": path}
    given = {key: value for key, value in attributes.items() if value is not None}
    raise _invalid(call, errors.invalid_value("spec", given, _EXACTLY_ONE))


def _check_local(call: Call, spec: Object) -> None:
    attributes = spec.get("resourceAttributes")
    if attributes is None:
        why = "disallowed on this kind of request"
        field = "spec.nonResourceAttributes"
        raise _invalid(call, errors.invalid_value(field, spec["nonResourceAttributes"], why))
    given = attributes.get("namespace") or ""
    if given != call.namespace:
        field = "spec.resourceAttributes.namespace"
        raise _invalid(call, errors.invalid_value(field, given, "must match metadata.namespace"))


def _invalid(call: Call, cause: Cause) -> errors.ApiError:
    return errors.invalid(call.resource, "", [cause])


def _objects(rules: Iterable[Rule]) -> list[Object]:
    return [rule.object() for rule in rules]

"""From an HTTP request to the function that answers it.

Owns the order of the steps: who asks, for what, whether they may, whether there is room; and what
becomes of errors. Knows nothing of what the verbs do.
"""

from __future__ import annotations

import asyncio
import logging
from time import perf_counter

from aiohttp import web

from minikube8s.api import errors
from minikube8s.api.errors import ApiError
from minikube8s.api.rbac import Ask
from minikube8s.api.resources import RESOURCES, Resource
from minikube8s.server import authz, pages, paths, query, responses
from minikube8s.server.authn import User, authenticate
from minikube8s.server.bootstrap_tokens import Bearers
from minikube8s.server.call import Call, Services
from minikube8s.server.impersonation import acting_user
from minikube8s.server.limits import Gate
from minikube8s.server.metrics.requests import CLIENT_LEFT, UNKNOWN, About
from minikube8s.server.paths import ApiPath
from minikube8s.server.proxying import names
from minikube8s.server.verbs import table
from minikube8s.server.verbs.table import Handler

log = logging.getLogger("server")

_ON_OBJECT = {"GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_ON_COLLECTION = {"GET": "list", "HEAD": "list", "POST": "create", "DELETE": "deletecollection"}
_IN_A_NAMESPACE = frozenset({"create", "deletecollection"})
"""What cannot be done in all namespaces at once."""
_ABOUT: web.RequestKey[About] = web.RequestKey("about", tuple)
"""Where a request keeps what it is counted as."""

_WARNINGS: web.RequestKey[list[str]] = web.RequestKey("warnings", list)
"""What is to be said beside the answer, also when that is a refusal."""


class Dispatcher:
    """Answers every request with something, at worst with a Status that says what went wrong."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._bearers = Bearers(services.bootstrap_tokens, services.tokens)
        self._reading = Gate(services.config.max_reading)
        self._writing = Gate(services.config.max_writing)
        self._writes: set[asyncio.Task[web.StreamResponse]] = set()
        self._figures = services.figures

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        began, code = perf_counter(), CLIENT_LEFT
        try:
            response = await self._answer(request)
            code = response.status
            await responses.compress(request, response)
        except ApiError as error:
            response = responses.failure(request, error, request.get(_WARNINGS, ()))
            code = error.code
        except ConnectionError:
            # The client is gone: nobody is left to tell. Raised on, it would be logged as a fault.
            if request.transport is not None:
                request.transport.abort()
            response = web.Response()
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            unforeseen = errors.internal("the API server's log tells what happened")
            response = responses.failure(request, unforeseen)
            code = unforeseen.code
        finally:
            about = request.get(_ABOUT, UNKNOWN)
            self._figures.done(about, code, perf_counter() - began)
        return response

    def in_flight(self) -> dict[str, int]:
        """Return how many requests are being answered, reading ones and writing ones."""
        return {"readOnly": self._reading.inside, "mutating": self._writing.inside}

    async def finish(self, seconds: float) -> None:
        """Wait for the writes under way, for so many seconds at most."""
        if self._writes:
            await asyncio.wait(self._writes, timeout=seconds)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        services = self._services
        asker = await authenticate(request, self._bearers)
        user = acting_user(request.headers, asker, services.authorizer)
        path = paths.parse(request.path)
        if path is None:
            verb = request.method.lower().replace("head", "get")
            request[_ABOUT] = (verb, None, pages.beginning(request.path), "")
            services.authorizer.check(user, Ask(verb, path=request.path or "/"))
            with self._reading.enter():
                return await pages.page(request, services)
        verb = _verb(request, path)
        resource = RESOURCES.lookup(path.group, path.version, path.plural)
        about = request[_ABOUT] = _about(verb, resource, path)
        for ask in authz.asks_of(verb, path, request.query.get("fieldSelector", "")):
            services.authorizer.check(user, ask)
        if resource is None:
            raise pages.nowhere()
        call = self._call(request, user, verb, path, resource)
        request[_WARNINGS] = call.warnings
        handler = _handler(call)
        if verb == "patch" and call.applies:
            request[_ABOUT] = ("apply", *about[1:])
        if verb in table.STREAMING or path.subresource in table.STREAMING_SUBRESOURCES:
            with self._figures.running(about):
                return await handler(call)
        return await self._run(call, handler)

    def _call(
        self, request: web.BaseRequest, user: User, verb: str, path: ApiPath, resource: Resource
    ) -> Call:
        if (path.namespace is not None and not resource.namespaced) or (
            path.name and resource.namespaced and path.namespace is None
        ):
            raise pages.nowhere()
        return Call(
            request=request,
            services=self._services,
            user=user,
            verb=verb,
            resource=resource,
            subresource=path.subresource,
            namespace=path.namespace,
            name=path.name,
            warnings=[resource.deprecated] if resource.deprecated else [],
        )

    async def _run(self, call: Call, handler: Handler) -> web.StreamResponse:
        if call.verb in table.WRITING:
            with self._writing.enter():
                return await self._write(call, handler)
        with self._reading.enter():
            return await handler(call)

    async def _write(self, call: Call, handler: Handler) -> web.StreamResponse:
        """Run a write to its end, also when the client leaves in the middle."""

        async def write() -> web.StreamResponse:
            return await handler(call)

        task = asyncio.create_task(write())
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_note_orphan)
            raise


def _about(verb: str, resource: Resource | None, path: ApiPath) -> About:
    """Return what a request for a resource's path is counted as."""
    if resource is None:
        return UNKNOWN
    subresource = path.subresource if path.subresource in resource.subresources else ""
    if path.name or verb == "create":
        return verb, resource, subresource, "resource"
    return verb, resource, subresource, "namespace" if path.namespace else "cluster"


def _note_orphan(task: asyncio.Task[web.StreamResponse]) -> None:
    """Log what became of a write whose client did not wait for the answer."""
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, ApiError | ConnectionError):
        log.error("a write failed after its client had left", exc_info=error)


def _handler(call: Call) -> Handler:
    """Return what serves the call. Raises ApiError NotFound or MethodNotAllowed."""
    resource = call.resource
    if call.request.method == "HEAD" and call.subresource != names.SEGMENT:
        # As in Kubernetes; a watch or a followed log without its body would never end.
        raise errors.method_not_allowed(resource, "head")
    if call.subresource:
        sub = resource.subresources.get(call.subresource)
        if sub is None:
            raise pages.nowhere()
        allowed = sub.verbs
        if call.subresource == names.SEGMENT:
            # A method that has no verb of its own: only who may do everything gets here.
            allowed = (*allowed, "options")
    elif resource.namespaced and call.namespace is None and call.verb in _IN_A_NAMESPACE:
        allowed = ()
    else:
        allowed = resource.verbs
    found = table.handler(resource, call.subresource, call.verb) if call.verb in allowed else None
    if found is None:
        raise errors.method_not_allowed(resource, call.verb)
    return found


def _verb(request: web.BaseRequest, path: ApiPath) -> str:
    """Return Kubernetes' word for what the method does there."""
    if path.name:
        if path.subresource and request.method == "POST":
            return "create"
        return _ON_OBJECT.get(request.method, request.method.lower())
    verb = _ON_COLLECTION.get(request.method, request.method.lower())
    return "watch" if verb == "list" and query.flag(request.query, "watch") else verb

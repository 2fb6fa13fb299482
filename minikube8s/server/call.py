"""One request for a resource on its way through the server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from aiohttp import web

from minikube8s.api import errors, meta, strategy
from minikube8s.api.rbac import Ask
from minikube8s.api.resources import CERTIFICATESIGNINGREQUESTS, NODES, PODS, Resource
from minikube8s.kit.clock import Clock
from minikube8s.registry import DeleteOptions, Registry, WriteOptions
from minikube8s.registry.options import Admit
from minikube8s.server import (
    bodies,
    escalation,
    negotiation,
    noderights,
    offloading,
    query,
    signing_requests,
)
from minikube8s.server.authn import User
from minikube8s.server.authz import Authorizer
from minikube8s.server.bodies import Expected
from minikube8s.server.bootstrap_tokens import BootstrapTokens
from minikube8s.server.config import PodStreams, ServerConfig
from minikube8s.server.documents import Encoding
from minikube8s.server.forms import FormRegistry
from minikube8s.server.limits import Streams
from minikube8s.server.metrics import RequestFigures, Source
from minikube8s.server.negotiation import Answer
from minikube8s.server.pagination import Snapshots
from minikube8s.server.query import WriteQuery
from minikube8s.server.rendering import Renderer
from minikube8s.server.tokens import ServiceAccountTokens

APPLY_PATCH = "application/apply-patch+yaml"
_Data = TypeVar("_Data", bytes, bytearray)
BODY_DEADLINE = 60.0
"""Seconds within which a request's body has to arrive."""


@dataclass(frozen=True, slots=True)
class Services:
    """What handlers work with."""

    config: ServerConfig
    registry: Registry
    pod_streams: PodStreams
    clock: Clock
    snapshots: Snapshots
    streams: Streams
    authorizer: Authorizer
    tokens: ServiceAccountTokens
    bootstrap_tokens: BootstrapTokens
    figures: RequestFigures
    sources: list[Source]
    """What /metrics tells, in this order."""


@dataclass(slots=True)
class Call:
    """A request whose path, user and verb are known.

    `namespace` is None for cluster scope and for all namespaces; `name` and `subresource` are
    empty where the path has none. `warnings` become Warning headers of the answer.
    """

    request: web.BaseRequest
    services: Services
    user: User
    verb: str
    resource: Resource
    subresource: str
    namespace: str | None
    name: str
    warnings: list[str] = field(default_factory=list)

    @property
    def query(self) -> Mapping[str, str]:
        """The query parameters; of repeated ones the first."""
        return self.request.query

    @property
    def registry(self) -> Registry:
        """Where objects are read and written, in the form of the call's resource."""
        registry = self.services.registry
        return registry if self.resource.storage is None else FormRegistry(registry)

    @property
    def now(self) -> datetime:
        """The time of day."""
        return self.services.clock.now()

    def answer(self) -> Answer:
        """Return the form that the client accepts. Raises ApiError NotAcceptable."""
        accept = self.request.headers.get("Accept", "")
        return negotiation.negotiate(accept, streaming=self.verb == "watch")

    def renderer(self) -> Renderer:
        """Return what writes objects in the form that the client accepts. Raises ApiError."""
        include = self.query.get("includeObject", "")
        if include not in {"", "None", "Metadata", "Object"}:
            raise errors.bad_request(
                f'includeObject: Unsupported value: "{include}": '
                'supported values: "Metadata", "None", "Object"'
            )
        answer = self.answer()
        if answer.encoding == "protobuf":
            # The codec and its table are loaded for the first client that speaks it.
            from minikube8s.server.protobuf_rendering import ProtobufRenderer  # noqa: PLC0415

            return ProtobufRenderer(self.resource, answer)
        return Renderer(self.resource, answer, include)

    @property
    def applies(self) -> bool:
        """Whether this is server-side apply."""
        if self.verb != "patch":
            return False
        media = negotiation.media_type(self.request.headers.get("Content-Type", ""))
        return media.name == APPLY_PATCH

    def write_query(self) -> WriteQuery:
        """Return the parameters of a write. Raises ApiError BadRequest, Invalid."""
        return query.write_query(self.query, self.verb, applies=self.applies)

    def write_options(self) -> WriteOptions:
        """Return how a write is to be done, and in whose name. Raises ApiError.

        What is to be said about the object that comes of it is added to `warnings`.
        """
        asked = self.write_query()
        agent = self.request.headers.get("User-Agent", "")
        manager = asked.field_manager or query.manager_of_agent(agent)
        guard = self._guard()

        def admit(new: dict[str, Any], old: dict[str, Any] | None) -> None:
            if guard is not None:
                guard(new, old)
            hooks = strategy.for_resource(self.resource)
            if self.subresource:
                self.warnings += hooks.part_warnings(new, self.subresource)
            else:
                self.warnings += hooks.warnings(new)

        return WriteOptions(dry_run=asked.dry_run, field_manager=manager, admit=admit)

    def check_may_create(self) -> None:
        """Raise ApiError Forbidden unless the client may create what it writes to."""
        resource, namespace = self.resource, self.namespace or ""
        ask = Ask("create", resource.group, resource.plural, "", namespace, self.name)
        self.services.authorizer.check(self.user, ask)

    def checked_end(self, options: DeleteOptions) -> DeleteOptions:
        """Return how a pod is to be ended, now that the body is known. Raises ApiError."""
        if not noderights.node_of(self.user):
            return options
        namespace = self.namespace or ""
        registry, authorizer = self.services.registry, self.services.authorizer
        part = self.subresource
        authorizer.check(self.user, Ask(self.verb, "", PODS.plural, part, namespace, self.name))
        return noderights.pinned(registry, self.user, namespace, self.name, options)

    def _guard(self) -> Admit | None:
        authorizer = self.services.authorizer
        if self.resource is CERTIFICATESIGNINGREQUESTS:
            now = meta.now_rfc3339(self.now)
            return signing_requests.guard(authorizer, self.user, self.subresource, now)
        if self.resource is NODES:
            return noderights.guard(self.user, self.subresource)
        return escalation.guard(authorizer, self.user, self.resource, self.namespace)

    async def check_new(self, obj: dict[str, Any]) -> None:
        """Check what about a new object takes long, outside the event loop. Raises ApiError."""
        if self.resource is CERTIFICATESIGNINGREQUESTS and not self.subresource:
            await signing_requests.check(self.services.config.request_reader, obj)

    def encoding(self) -> Encoding:
        """Return how the body is encoded. Raises ApiError UnsupportedMediaType."""
        return negotiation.body_encoding(self.request.headers.get("Content-Type", ""))

    async def object(self, wanted: Expected) -> dict[str, Any]:
        """Return the object in the request's body, checked against its schema. Raises ApiError.

        What fieldValidation lets pass with a warning is added to `warnings`. An answer that the
        client does not accept is refused here, before anything is done.
        """
        self.answer()
        validation, encoding = self.write_query().validation, self.encoding()
        data = await self.body()
        return await offloading.beside(
            len(data),
            lambda: bodies.read_object(data, encoding, wanted, validation, self.warnings),
        )

    async def body(self) -> bytes:
        """Return the request's body. Raises ApiError TooLarge beyond the configured bound."""
        return await read_body(self.request, self.services.config.max_body_bytes)


async def read_body(request: web.BaseRequest, limit: int) -> bytes:
    """Return a request's body of at most `limit` bytes. Raises ApiError TooLarge, Timeout."""
    if (request.content_length or 0) > limit:
        raise errors.too_large(f"limit is {limit}")
    pieces = bytearray()
    try:
        if request.content.is_eof():
            # All of it is there, as of most requests: no deadline is needed.
            return _within(limit, request.content.read_nowait())
        async with asyncio.timeout(BODY_DEADLINE):
            # Counted while reading: a chunked body has no Content-Length.
            while piece := await request.content.readany():
                pieces += piece
                _within(limit, pieces)
    except web.RequestPayloadError as error:
        raise errors.bad_request(f"the request's body cannot be read: {error}") from error
    except TimeoutError:
        raise errors.timeout(
            f"the request's body did not arrive within {BODY_DEADLINE:g} s"
        ) from None
    return bytes(pieces)


def _within(limit: int, data: _Data) -> _Data:
    if len(data) > limit:
        raise errors.too_large(f"limit is {limit}")
    return data

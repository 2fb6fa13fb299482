"""The registry: writes with everything Kubernetes makes of them (reads: `reading.py`).

Owns what becomes of races, generated names and deletions. It must not know HTTP, media types or
who asks. What an object goes through before it is stored is in `steps`.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Callable, Iterable
from copy import copy
from typing import Any

from minikube8s.api import errors, names, strategy
from minikube8s.api.errors import ApiError
from minikube8s.api.meta import now_rfc3339
from minikube8s.api.resources import EVENTS, NAMESPACES, PODS, SERVICES, Resource
from minikube8s.kit.clock import Clock
from minikube8s.registry import deletion, namespaces, objects, tracking
from minikube8s.registry.admission import Chain, Stored
from minikube8s.registry.allocation import Allocations
from minikube8s.registry.deletion import Verdict
from minikube8s.registry.expiry import Expiry
from minikube8s.registry.options import DeleteOptions, RegistryConfig, WriteOptions
from minikube8s.registry.quota import Quotas
from minikube8s.registry.reading import Entries, Reads
from minikube8s.registry.steps import Own, Steps
from minikube8s.registry.storing import Storing, unstored
from minikube8s.store import encode
from minikube8s.store.cache import Cache
from minikube8s.store.entry import Entry
from minikube8s.store.interface import Mismatch

Object = dict[str, Any]
Change = Callable[[Object], Object]
Track = Callable[[Object, Object], Object | None]
"""Enters the owners of a new state in place of an old one; returns the writer's entry, if any."""

GENERATE_ATTEMPTS = 8
RACE_ATTEMPTS = 100
"""How often a write is tried again that lost a race and did not insist on a revision."""
COLLECTION_WIDTH = 64
"""How many objects of a collection are deleted at a time."""
EVENT_TTL = 3600.0
"""Seconds that Events are kept after their last change."""

_WRITE = WriteOptions()
_DELETE = DeleteOptions()


class Registry(Reads):
    """All objects of the cluster, read and written. Errors are ApiErrors, ready for a client."""

    def __init__(self, cache: Cache, clock: Clock, config: RegistryConfig | None = None) -> None:
        self.config = config or RegistryConfig()
        self.clock = clock
        super().__init__(cache)
        # Uids, names and addresses need spread, not secrecy.
        self._rng = random.Random()
        self._allocations = Allocations(self.config, self._rng)
        self._storing = Storing(cache)
        self._expiry = Expiry(clock, EVENT_TTL, self._storing.expire)
        self._stored = Stored(cache)
        self.quotas = Quotas(cache, clock)
        self._steps = Steps(Chain(self._stored), self._allocations, self.quotas)
        self._writer = ""
        cache.observe(SERVICES.prefix, self._allocations.observe)
        cache.observe(EVENTS.prefix, self._expiry.observe)
        cache.observe("", self.quotas.observe)

    async def close(self) -> None:
        """Stop what runs in the background; the cache and the store are their openers'."""
        await self._expiry.close()

    def writing_as(self, manager: str) -> Registry:
        """Return this registry for one of the system's own writers, named `manager`.

        It enters what the writer changes in an object's managedFields if others are entered there:
        what an applier owns must change hands. Objects that only the system writes are not made
        bigger by it.
        """
        registry = copy(self)
        registry._writer = manager
        return registry

    @property
    def kubernetes_address(self) -> str:
        """The cluster address of the Service default/kubernetes."""
        return self._allocations.first_address

    @property
    def dns_address(self) -> str:
        """The cluster address that is meant for the Service kube-system/kube-dns."""
        return self._allocations.dns_address

    async def create(
        self,
        resource: Resource,
        namespace: str | None,
        obj: Object,
        options: WriteOptions = _WRITE,
    ) -> Entry:
        """Create `obj` (left unchanged) and return it as stored.

        Raises ApiError 400, 403 (namespace being terminated), 404 (namespace missing), 409
        AlreadyExists, 413, 422.
        """

        def own(draft: Object, now: str) -> None:
            tracking.begin(resource, draft, options.field_manager, now)

        return await self._begin(resource, namespace, obj, own, options)

    async def _begin(
        self,
        resource: Resource,
        namespace: str | None,
        obj: Object,
        own: Own,
        options: WriteOptions,
    ) -> Entry:
        draft = objects.draft(resource, namespace, obj)
        metadata = draft["metadata"]
        base = "" if metadata.get("name") else metadata.get("generateName", "")
        if not base and not metadata.get("name"):
            cause = errors.required("metadata.name", "name or generateName is required")
            raise errors.invalid(resource, "", [cause])
        if resource.namespaced:
            namespaces.admit(self._cache, resource, metadata["namespace"], metadata.get("name", ""))
        if resource is PODS:
            await self._stored.await_account(draft)
        for attempt in range(1, GENERATE_ATTEMPTS + 1):
            if base:
                metadata["name"] = names.generate(base, self._suffix())
            try:
                # A generated name may need another attempt, which starts from the draft again.
                attempted = objects.private(draft) if base else draft
                return await self._create(resource, namespace, attempted, own, options)
            except ApiError as error:
                if not base or error.reason != "AlreadyExists" or attempt == GENERATE_ATTEMPTS:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def _create(
        self,
        resource: Resource,
        namespace: str | None,
        draft: Object,
        own: Own,
        options: WriteOptions,
    ) -> Entry:
        name = draft["metadata"]["name"]
        self._steps.begin(resource, draft, self._uid(), now_rfc3339(self.clock.now()), own)
        key = resource.key(namespace, name)
        if self._cache.get(key) is not None:
            raise errors.already_exists(resource, name)
        if options.admit is not None:
            options.admit(draft, None)
        self._steps.admit(resource, draft)
        try:
            with self._steps.reserve(resource, draft):
                if options.dry_run:
                    return unstored(key, draft)
                return await self._storing.put(key, encode.blob(draft), 0)
        except Mismatch:
            raise errors.already_exists(resource, name) from None

    async def update(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        change: Change,
        subresource: str = "",
        options: WriteOptions = _WRITE,
    ) -> Entry:
        """Replace an object by what `change` makes of a private copy of it; return it as stored.

        When `change` returns another resourceVersion or uid than it was given, the answer is 409
        Conflict; otherwise a lost race is tried again with the newer object. A change that
        changes nothing is not stored. An object that is being deleted and loses its last
        finalizer is removed. Raises ApiError 404, 409, 413, 422, and whatever `change` raises.
        """

        def track(new: Object, old: Object) -> Object | None:
            client = options.field_manager
            writer = client or (self._writer if tracking.is_kept(old) else "")
            return tracking.follow(resource, new, old, subresource, writer)

        return await self._rewrite(resource, namespace, name, change, track, subresource, options)

    async def apply(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        config: Object,
        subresource: str = "",
        options: WriteOptions = _WRITE,
        *,
        force: bool = False,
        may_create: Callable[[], None] = lambda: None,
    ) -> tuple[Entry, bool]:
        """Server-side apply: make an object what `config` says, where it says anything.

        Return it as stored, and whether it is new; `may_create` is called before that and raises
        what forbids it. `options.field_manager` is the applier. Raises ApiError 404, 409 (also for
        fields that other managers own, unless `force`), 413, 422.
        """
        work = tracking.Application(
            resource, config, options.field_manager, subresource, force=force
        )
        for _ in range(RACE_ATTEMPTS):
            exists = self._cache.get(resource.key(namespace, name)) is not None
            try:
                if exists or subresource:
                    entry = await self._rewrite(
                        resource,
                        namespace,
                        name,
                        work.change,
                        work.track,
                        subresource,
                        options,
                    )
                    return entry, False
                may_create()
                objects.check_new(resource, config)
                entry = await self._begin(resource, namespace, config, work.begin, options)
                return entry, True
            except ApiError as error:
                # Somebody else deleted or created it between the look and the write.
                if error.reason != ("NotFound" if exists else "AlreadyExists"):
                    raise
        raise errors.conflict(resource, name, objects.MODIFIED)

    async def _rewrite(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        change: Change,
        track: Track,
        subresource: str,
        options: WriteOptions,
    ) -> Entry:
        key = resource.key(namespace, name)
        for _ in range(RACE_ATTEMPTS):
            current = self.get(resource, namespace, name)
            old = current.object
            new = objects.written(change(encode.decode(current.value)), subresource)
            self._steps.change(resource, new, old, subresource)
            writer = track(new, old)
            if options.admit is not None:
                options.admit(new, old)
            self._steps.admit(resource, new, old, subresource)
            try:
                with self._steps.reserve(resource, new, old, subresource):
                    tracking.stamp(new, old, writer, now_rfc3339(self.clock.now()))
                    blob = encode.blob(new)
                    if blob.at(current.revision) == current.value:
                        return current
                    if options.dry_run:
                        return unstored(key, new, current.revision)
                    if deletion.is_finished(new):
                        return await self._storing.remove(key, blob, current.revision)
                    return await self._storing.put(key, blob, current.revision)
            except Mismatch:
                continue
        raise errors.conflict(resource, name, objects.MODIFIED)

    async def delete(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        options: DeleteOptions = _DELETE,
    ) -> tuple[Entry, bool]:
        """Delete an object; return its last state, and whether it is gone already.

        A Pod on a node is marked and ends in its own time; so does what has finalizers, and a
        Namespace with content. Raises ApiError 403, 404, 409.
        """
        key = resource.key(namespace, name)
        hooks = strategy.for_resource(resource)
        deletion.check_allowed(resource, name)
        for _ in range(RACE_ATTEMPTS):
            current = self.get(resource, namespace, name)
            obj = encode.decode(current.value)
            objects.check_preconditions(resource, obj, options.uid, options.resource_version)
            now = self.clock.now()
            if resource is NAMESPACES:
                verdict = deletion.decide_namespace(obj, now)
            else:
                graceful, orphans = hooks.graceful, hooks.orphans
                verdict = deletion.decide(obj, options, now, graceful=graceful, orphans=orphans)
            try:
                if verdict is Verdict.KEEP:
                    return current, False
                if options.dry_run:
                    return unstored(key, obj, current.revision), verdict is Verdict.REMOVE
                blob = encode.blob(obj)
                if verdict is Verdict.REMOVE:
                    return await self._storing.remove(key, blob, current.revision), True
                return await self._storing.put(key, blob, current.revision), False
            except Mismatch:
                continue
        raise errors.conflict(resource, name, objects.MODIFIED)

    async def delete_collection(
        self,
        resource: Resource,
        namespace: str | None,
        matches: Callable[[Entry], bool] = lambda _: True,
        options: DeleteOptions = _DELETE,
    ) -> Entries:
        """Delete all objects of `list` that match; return their last states.

        Those that somebody else deleted meanwhile are left out. Raises the first other ApiError
        after all were tried.
        """
        chosen = [entry for entry in self.list(resource, namespace) if matches(entry)]
        outcomes: list[Entry | BaseException] = []
        for start in range(0, len(chosen), COLLECTION_WIDTH):
            outcomes += await asyncio.gather(
                *(
                    self._delete_entry(resource, entry, options)
                    for entry in chosen[start : start + COLLECTION_WIDTH]
                ),
                return_exceptions=True,
            )
        return _successes(outcomes)

    async def _delete_entry(
        self, resource: Resource, entry: Entry, options: DeleteOptions
    ) -> Entry:
        deleted, _ = await self.delete(resource, entry.namespace or None, entry.name, options)
        return deleted

    def _uid(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def _suffix(self) -> str:
        return "".join(self._rng.choices(names.SUFFIX_ALPHABET, k=names.SUFFIX_LENGTH))


def _successes(outcomes: Iterable[Entry | BaseException]) -> Entries:
    entries: Entries = []
    fault: BaseException | None = None
    for outcome in outcomes:
        if isinstance(outcome, Entry):
            entries.append(outcome)
        elif not (isinstance(outcome, ApiError) and outcome.reason == "NotFound"):
            fault = fault or outcome
    if fault is not None:
        raise fault
    return entries

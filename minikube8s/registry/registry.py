"""The registry: writes with everything Kubernetes makes of them (reads: `reading.py`).

Owns the order of the steps of a write: metadata, defaults, mutating admission, strategy,
validation, validating admission, allocation and quota, then one compare-and-put. It must not know
HTTP, media types or who asks. What a step does lives in `api.strategy`, `api.defaults`,
`registry.admission` and the pure modules beside this one.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from copy import copy
from typing import Any

from minikube8s.api import defaults, errors, names, strategy
from minikube8s.api.errors import ApiError
from minikube8s.api.meta import now_rfc3339
from minikube8s.api.resources import EVENTS, NAMESPACES, PODS, SERVICES, Resource
from minikube8s.kit.clock import Clock
from minikube8s.registry import deletion, families, namespaces, objects, services, tracking
from minikube8s.registry.admission import Chain, Request, Stored
from minikube8s.registry.allocation import Allocations
from minikube8s.registry.deletion import Verdict
from minikube8s.registry.expiry import Expiry
from minikube8s.registry.options import DeleteOptions, RegistryConfig, WriteOptions
from minikube8s.registry.quota import Quotas
from minikube8s.registry.reading import Entries, Reads
from minikube8s.store import encode
from minikube8s.store.cache import Cache
from minikube8s.store.entry import Entry
from minikube8s.store.interface import Blob, Mismatch, StoreBusy, StoreError

Object = dict[str, Any]
Change = Callable[[Object], Object]
Own = Callable[[Object, str], None]
"""Enters the owners of a new object, at this time."""
Track = Callable[[Object, Object], Object | None]
"""Enters the owners of a new state in place of an old one; returns the writer's entry, if any."""

OBJECT_BYTES = 1536 * 1024
"""The largest object that is stored, as with etcd's usual limit."""
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
        self._expiry = Expiry(clock, EVENT_TTL, self._expire)
        self._stored = Stored(cache)
        self._admission = Chain(self._stored)
        self.quotas = Quotas(cache, clock)
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
            changed = objects.written(change(encode.decode(current.value)), subresource)
            new = self._changed(resource, old, changed, subresource)
            writer = track(new, old)
            if options.admit is not None:
                options.admit(new, old)
            self._admission.validate(Request(resource, new, old, subresource))
            try:
                with self._reserved(resource, new, old, subresource):
                    tracking.stamp(new, old, writer, now_rfc3339(self.clock.now()))
                    blob = encode.blob(new)
                    if blob.at(current.revision) == current.value:
                        return current
                    if options.dry_run:
                        return _unstored(key, new, current.revision)
                    if deletion.is_finished(new):
                        return await self._remove(key, blob, current.revision)
                    return await self._put(key, blob, current.revision)
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
                    return _unstored(key, obj, current.revision), verdict is Verdict.REMOVE
                blob = encode.blob(obj)
                if verdict is Verdict.REMOVE:
                    return await self._remove(key, blob, current.revision), True
                return await self._put(key, blob, current.revision), False
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

    async def _create(
        self,
        resource: Resource,
        namespace: str | None,
        draft: Object,
        own: Own,
        options: WriteOptions,
    ) -> Entry:
        hooks = strategy.for_resource(resource)
        name = draft["metadata"]["name"]
        now = now_rfc3339(self.clock.now())
        objects.begin_life(draft, self._uid(), now)
        if resource is SERVICES:
            services.normalize(draft, None)
        defaults.apply(resource, draft)
        if resource is SERVICES:
            families.settle(draft, None, self._allocations.families)
        # What the system adds from here on has no owner.
        own(draft, now)
        request = Request(resource, draft)
        self._admission.mutate(request)
        hooks.prepare_create(draft)
        causes = [*hooks.validate(draft), *hooks.validate_new(draft)]
        if resource is SERVICES:
            causes += families.problems(draft, self._allocations.families)
        if causes:
            raise errors.invalid(resource, name, causes)
        key = resource.key(namespace, name)
        if self._cache.get(key) is not None:
            raise errors.already_exists(resource, name)
        if options.admit is not None:
            options.admit(draft, None)
        self._admission.validate(request)
        try:
            with self._reserved(resource, draft, None):
                if options.dry_run:
                    return _unstored(key, draft, 0)
                return await self._put(key, encode.blob(draft), 0)
        except Mismatch:
            raise errors.already_exists(resource, name) from None

    def _changed(self, resource: Resource, old: Object, new: Object, subresource: str) -> Object:
        """Return `new` as it may be stored in place of `old`; raises ApiError."""
        hooks = strategy.for_resource(resource)
        objects.begin_update(resource, new, old)
        if resource is SERVICES:
            services.normalize(new, old)
            services.carry_over(new, old)
        defaults.apply(resource, new)
        if resource is SERVICES:
            families.settle(new, old, self._allocations.families)
        self._admission.mutate(Request(resource, new, old, subresource))
        hooks.prepare_update(new, old, subresource)
        causes = hooks.validate_changed(new, old, subresource)
        causes += hooks.validate_update(new, old, subresource)
        if resource is SERVICES:
            causes += families.problems(new, self._allocations.families)
        if causes:
            raise errors.invalid(resource, old["metadata"]["name"], list(dict.fromkeys(causes)))
        return new

    def _reserved(
        self, resource: Resource, new: Object, old: Object | None, subresource: str = ""
    ) -> AbstractContextManager[object]:
        """Hold what the write takes of quotas, addresses and ports until the cache shows it."""
        quota = self.quotas.reserve(resource, new, old, subresource)
        if resource is not SERVICES:
            return quota
        with ExitStack() as stack:
            stack.enter_context(quota)
            stack.enter_context(self._allocations.reserve(new, old))
            return stack.pop_all()

    async def _put(self, key: str, blob: Blob, expected: int) -> Entry:
        _check_size(blob)
        return await _translated(self._cache.put(key, blob, expected))

    async def _remove(self, key: str, last: Blob, expected: int) -> Entry:
        return await _translated(self._cache.delete(key, last, expected))

    async def _expire(self, key: str, revision: int) -> None:
        entry = self._cache.get(key)
        if entry is None or entry.revision != revision:
            return
        try:
            await self._remove(key, encode.blob(encode.decode(entry.value)), revision)
        except Mismatch:
            # It was changed just now: its time starts anew.
            return

    def _uid(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def _suffix(self) -> str:
        return "".join(self._rng.choices(names.SUFFIX_ALPHABET, k=names.SUFFIX_LENGTH))


def _check_size(blob: Blob) -> None:
    size = len(blob.head) + len(blob.tail)
    if size > OBJECT_BYTES:
        raise errors.too_large(f"the object has {size} bytes, limit is {OBJECT_BYTES}")


async def _translated(write: Awaitable[Entry]) -> Entry:
    try:
        return await write
    except StoreBusy as error:
        raise errors.too_many_requests(str(error)) from error
    except StoreError as error:
        raise errors.internal(str(error)) from error


def _unstored(key: str, obj: Object, revision: int) -> Entry:
    """Return an entry that shows what would be stored; one never stored has no revision."""
    value = encode.blob(obj).at(revision) if revision else encode.unrevised(obj)
    return Entry(key, value, revision)


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

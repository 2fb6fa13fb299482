"""The upkeep of metadata.managedFields along with the writes of objects. Pure.

Owns which parts of an object a write can own and whose name it is entered under. How fields change
hands is told in `api.apply`.
"""

from __future__ import annotations

from typing import Any

from minikube8s.api import apply
from minikube8s.api.apply import Conflicts, Manager, Managers, Scope, last_applied, managers, shapes
from minikube8s.api.apply.fields import difference
from minikube8s.api.resources import Resource
from minikube8s.registry import objects

Object = dict[str, Any]
Entry = dict[str, Any]

_FIELDS = "managedFields"
_UNTRACKED = frozenset({"binding"})
"""Subresources that set fields on the system's account: they have no owner."""
_OF_STATUS = Scope(
    only=frozenset({"status", "metadata"}),
    hidden_metadata=frozenset({"labels", "ownerReferences", "finalizers", "deletionTimestamp"}),
)
_WITHOUT_STATUS = Scope(hidden=frozenset({"status"}))
_ALL = Scope()


def begin(resource: Resource, new: Object, manager: str, now: str) -> None:
    """Make `manager` the owner of all that a new object states; nobody if it is "". In place."""
    new["metadata"].pop(_FIELDS, None)
    if not manager:
        return
    stated = apply.created(shapes.of(resource.schema), _scope(resource, "").of(new))
    if stated:
        me = apply.manager(manager, "Update", resource.api_version)
        owned = apply.Owned(stated, resource.api_version, now)
        new["metadata"][_FIELDS] = managers.encode({me: owned})


def is_kept(obj: Object) -> bool:
    """Tell whether anybody's fields are entered in an object."""
    return bool(obj["metadata"].get(_FIELDS))


def follow(
    resource: Resource, new: Object, old: Object, subresource: str, writer: str
) -> Entry | None:
    """Give the fields that differ between `old` and `new` to the writer ("": nobody), in `new`.

    Return the writer's entry if it took any; `stamp` gives it its time.
    """
    metadata, before = new["metadata"], old["metadata"].get(_FIELDS)
    given = metadata.pop(_FIELDS, None)
    if given is None or subresource:
        # Clients that do not know of the entries must not delete them, and only the object's own
        # endpoint may rewrite them.
        given = before
    tracked = writer and subresource not in _UNTRACKED
    scope, shape = _scope(resource, subresource), shapes.of(resource.schema)
    changes = apply.compare(shape, scope.of(old), scope.of(new)) if tracked else None
    if not changes:
        entries = before if given == before else managers.encode(_known(before, given))
        if entries:
            metadata[_FIELDS] = entries
        return None
    me = apply.manager(writer, "Update", resource.api_version, subresource)
    after = apply.updated(changes, _known(before, given), me, resource.api_version)
    return _enter(metadata, managers.capped(after, me), me)


def stamp(new: Object, old: Object, entry: Entry | None, now: str) -> None:
    """Date the writer's entry if the write changes anything: what changes nothing has no time."""
    if entry is not None and new != old:
        entry["time"] = now
        managers.order(new["metadata"][_FIELDS])


class Application:
    """One configuration, applied by one manager to an object in whatever state it is found."""

    def __init__(
        self,
        resource: Resource,
        config: Object,
        manager: str,
        subresource: str = "",
        *,
        force: bool = False,
    ) -> None:
        self._resource = resource
        self._config = config
        self._scope = _scope(resource, subresource)
        self._shape = shapes.of(resource.schema)
        self._me = apply.manager(manager, "Apply", resource.api_version, subresource)
        self._force = force

    def begin(self, new: Object, now: str) -> None:
        """Make the applier the owner of what its configuration states of a new object."""
        stated = apply.fields_of(self._shape, self._scope.of(self._config))
        owners: Managers = {}
        if stated:
            owners[self._me] = apply.Owned(stated, self._resource.api_version, now)
        _enter(new["metadata"], owners, self._me)

    def change(self, live: Object) -> Object:
        """Return what becomes of `live`, owners included. Raises ApiError Conflict."""
        config = objects.private(self._config)
        known = managers.decode(live["metadata"].get(_FIELDS)) or self._strangers(live)
        part = self._scope.of(live)
        try:
            applied = self._apply(part, config, known, force=self._force)
        except Conflicts as error:
            conflicts = self._without_own(error.fields, live)
            if conflicts:
                raise apply.conflict(conflicts) from None
            applied = self._apply(part, config, known, force=True)
        new = self._scope.put(applied.obj, live)
        if self._me.name == last_applied.APPLIER and not self._me.subresource:
            last_applied.renew(new, self._config)
        _enter(new["metadata"], managers.capped(applied.managers, self._me), self._me)
        for field in ("uid", "resourceVersion"):
            if config["metadata"].get(field):
                new["metadata"][field] = config["metadata"][field]
        return new

    def track(self, new: Object, old: Object) -> Entry | None:
        """Return the applier's entry in what became of `change`'s result."""
        entries = new["metadata"].get(_FIELDS) or ()
        return next((entry for entry in entries if managers.identity(entry) == self._me), None)

    def _apply(
        self, live: Object, config: Object, known: Managers, *, force: bool
    ) -> apply.Applied:
        return apply.apply(
            self._shape,
            live,
            self._scope.of(config),
            known,
            self._me,
            self._resource.api_version,
            force=force,
        )

    def _strangers(self, live: Object) -> Managers:
        """Return whom an object belongs to whose owners nobody wrote down."""
        stated = apply.created(self._shape, self._scope.of(live))
        me = apply.manager(managers.BEFORE_APPLY, "Update", self._resource.api_version)
        created = live["metadata"].get("creationTimestamp", "")
        return {me: apply.Owned(stated, self._resource.api_version, created)} if stated else {}

    def _without_own(self, conflicts: dict[Manager, Object], live: Object) -> dict[Manager, Object]:
        """Return the conflicts less those with what the same user applied on the client's side."""
        if self._me.name != last_applied.APPLIER:
            return conflicts
        own = last_applied.unchanged(self._resource.schema, live, self._scope)
        rest = {key: difference(stated, own) for key, stated in conflicts.items()}
        return {key: stated for key, stated in rest.items() if stated}


def _known(before: list[Entry] | None, given: list[Entry] | None) -> Managers:
    """Return the owners before a write: those that the client wrote if it wrote valid ones."""
    if given == before:
        return managers.decode(before)
    if not given or given == [{}]:
        # An empty list, or one empty entry, asks to forget all owners.
        return {}
    try:
        return managers.decode_foreign(given) or managers.decode(before)
    except ValueError:
        # As Kubernetes does: entries that cannot be read are not taken.
        return managers.decode(before)


def _enter(metadata: Object, owners: Managers, me: Manager) -> Entry | None:
    metadata.pop(_FIELDS, None)
    entries = managers.encode(owners)
    if entries:
        metadata[_FIELDS] = entries
    return next((entry for entry in entries if managers.identity(entry) == me), None)


def _scope(resource: Resource, subresource: str) -> Scope:
    if subresource == "status":
        return _OF_STATUS
    return _WITHOUT_STATUS if "status" in resource.subresources else _ALL

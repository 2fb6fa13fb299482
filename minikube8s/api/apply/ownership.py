"""How fields change hands: by updates, which take what they change, and by applied configurations.

Pure. The rules are those of Kubernetes' server-side apply,
https://kubernetes.io/docs/reference/using-api/server-side-apply/. Objects come in without what
nobody owns (`Scope`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from minikube8s.api.apply.comparing import Changes, compare, fields_of
from minikube8s.api.apply.fields import Fields, difference, intersection, union
from minikube8s.api.apply.managers import Manager, Managers, Owned
from minikube8s.api.apply.merging import merge, with_structs, without, without_emptied
from minikube8s.api.apply.shapes import Shape

Object = dict[str, Any]

_UNOWNED = frozenset(
    {
        *("name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp"),
        *("managedFields", "selfLink"),
    }
)
"""Members of metadata that are the system's."""
_IDENTITY = frozenset({"apiVersion", "kind"})


class Conflicts(Exception):
    """An applied configuration changes fields that others own."""

    def __init__(self, fields: dict[Manager, Fields]) -> None:
        super().__init__("the configuration changes fields of other managers")
        self.fields = fields


class Applied(NamedTuple):
    """An object after a configuration was applied, and its owners."""

    obj: Object
    managers: Managers


class Scope(NamedTuple):
    """The part of an object that has owners, as far as one endpoint writes it.

    `only` names the sections it is limited to, None for no limit; `hidden` and `hidden_metadata`
    those sections and members of metadata that are left out.
    """

    only: frozenset[str] | None = None
    hidden: frozenset[str] = frozenset()
    hidden_metadata: frozenset[str] = frozenset()

    def of(self, obj: Object) -> Object:
        """Return that part of `obj`; it shares its content with `obj`."""
        part = {name: section for name, section in obj.items() if self._shows(name)}
        # All objects have metadata: that it is there is nobody's statement.
        part.pop("metadata", None)
        metadata = {k: v for k, v in obj["metadata"].items() if self._shows_member(k)}
        return part | {"metadata": metadata} if metadata else part

    def put(self, part: Object, obj: Object) -> Object:
        """Return `obj` with `part` in place of its own."""
        rest = {name: section for name, section in obj.items() if not self._shows(name)}
        metadata = {k: v for k, v in obj["metadata"].items() if not self._shows_member(k)}
        return {**rest, **part, "metadata": {**metadata, **part.get("metadata", {})}}

    def _shows(self, name: str) -> bool:
        limited = self.only is not None and name not in self.only
        return not (limited or name in _IDENTITY or name in self.hidden)

    def _shows_member(self, name: str) -> bool:
        return name not in _UNOWNED and name not in self.hidden_metadata


def updated(changes: Changes, managers: Managers, me: Manager, api_version: str) -> Managers:
    """Return the owners after `me` made `changes`: it owns what it set, and nobody what is gone."""
    taken = changes.taken
    after = _given_up(managers, union(taken, changes.removed))
    if taken:
        mine = after.get(me) or Owned({}, api_version)
        after[me] = Owned(union(mine.fields, taken), api_version, mine.time)
    return after


def apply(
    shape: Shape,
    live: Object,
    config: Object,
    managers: Managers,
    me: Manager,
    api_version: str,
    *,
    force: bool,
) -> Applied:
    """Apply `config` to `live`: set what it states, remove what `me` no longer states.

    What others own, too, is not removed. Raises Conflicts for other owners' fields that would
    change, unless `force`: then they lose them.
    """
    last = managers.get(me) or Owned({}, api_version)
    stated = fields_of(shape, config)
    claimed = dict(managers)
    claimed[me] = Owned(stated, api_version, last.time)
    merged = merge(shape, live, config)
    if difference(last.fields, stated):
        pruned = _pruned(shape, merged, last.fields, claimed)
        # A struct that is stated empty may have lost all it had.
        merged = merge(shape, pruned, config)
    changes = compare(shape, live, merged)
    taken = changes.taken
    others = {key: owned for key, owned in claimed.items() if key != me}
    conflicts = {key: intersection(owned.fields, taken) for key, owned in others.items()}
    conflicts = {key: fields for key, fields in conflicts.items() if fields}
    if conflicts and not force:
        raise Conflicts(conflicts)
    after = _given_up(others, union(taken, changes.removed))
    if stated:
        after[me] = claimed[me]
    return Applied(merged, after)


def _pruned(shape: Shape, merged: Object, last: Fields, managers: Managers) -> Object:
    """Return `merged` without what the last configuration stated and no owner states now."""

    def named(fields: Fields) -> Fields:
        return with_structs(shape, fields)

    last = named(last)
    present = named(fields_of(shape, merged))
    owned: Fields = {}
    for manager in managers.values():
        owned = union(owned, manager.fields)
    # Taking out an item or a struct takes out everything in it. What of that has an owner comes
    # back, and so does what the last configuration did not state.
    rest = without(shape, merged, last) or {}
    kept = union(named(fields_of(shape, rest)), named(owned))
    rest = without(shape, merged, difference(present, kept)) or {}
    gone = difference(present, named(fields_of(shape, rest)))
    return without_emptied(without(shape, merged, intersection(gone, last))) or {}


def _given_up(managers: Managers, lost: Fields) -> Managers:
    after: Managers = {}
    for key, owned in managers.items():
        fields = difference(owned.fields, lost)
        if fields:
            after[key] = owned if fields == owned.fields else owned._replace(fields=fields)
    return after

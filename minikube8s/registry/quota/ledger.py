"""The books of one namespace: what its quotas allow, what is stored, what is reserved. Pure.

Invariant: a quota's `used` is the sum of what each stored object is charged; what is granted to a
write under way is reserved besides until the object is seen, so that used and reserved together
never pass what is allowed by a grant.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from minikube8s.api.podresources import Amounts, add, amounts
from minikube8s.api.quantity import Quantity
from minikube8s.api.resources import PODS, Resource
from minikube8s.registry.quota import scopes
from minikube8s.registry.quota.endings import Endings
from minikube8s.registry.quota.usage import ends_at, masked, missing, usage

Object = dict[str, Any]

_ZERO = Quantity(0)


@dataclass(slots=True)
class Quota:
    """One ResourceQuota and what counts towards it."""

    name: str
    hard: Amounts
    scopes: tuple[Object, ...]
    used: Amounts = field(default_factory=dict)
    reserved: Amounts = field(default_factory=dict)
    charges: dict[str, Amounts] = field(default_factory=dict)
    """What each stored object is charged, by its key."""

    def charge(self, resource: Resource, obj: Object, *, ended: bool = False) -> Amounts:
        """Return what an object counts towards this quota: nothing if it is not in its scopes."""
        part = masked(usage(resource, obj, ended=ended), self.hard)
        return part if part and scopes.covers(self.scopes, resource, obj) else {}

    def book(self, key: str, charge: Amounts) -> None:
        """Charge a stored object; with nothing it goes out of the books."""
        before = self.charges.pop(key, {})
        if charge:
            self.charges[key] = charge
        _move(self.used, charge, before)

    def taken(self, name: str) -> Quantity:
        """Return how much of a resource is stored or reserved."""
        return self.used.get(name, _ZERO) + self.reserved.get(name, _ZERO)


@dataclass(slots=True, eq=False)
class Grant:
    """What one write under way may add, by quota. Ends when the object is seen or given up."""

    uid: str
    parts: tuple[tuple[Quota, Amounts], ...]

    def end(self) -> None:
        """Give back the reservations; harmless when called twice."""
        for quota, part in self.parts:
            _move(quota.reserved, {}, part)
        self.parts = ()


class Refused(Exception):
    """A write that a quota does not allow; the message says which and why."""


class Ledger:
    """The quotas of one namespace."""

    def __init__(self) -> None:
        self.quotas: dict[str, Quota] = {}
        self.endings = Endings()
        """When pods that are being deleted use nothing more, by their keys."""
        self._grants: dict[str, list[Grant]] = {}

    def open(self, name: str, spec: Object) -> bool:
        """Take in a quota as it is now; tell whether its books start anew, empty."""
        hard, scoped = amounts(spec.get("hard")), scopes.requirements(spec)
        known = self.quotas.get(name)
        if known is not None and known.hard.keys() == hard.keys() and known.scopes == scoped:
            known.hard = hard
            return False
        self.quotas[name] = Quota(name, hard, scoped)
        return True

    def see(self, key: str, resource: Resource, obj: Object | None, now: datetime) -> None:
        """Charge what is stored under `key` now (None: nothing any more)."""
        end = None if obj is None else ends_at(resource, obj)
        ended = end is not None and end <= now
        self.endings.put(key, None if ended else end)
        for quota in self.quotas.values():
            quota.book(key, {} if obj is None else quota.charge(resource, obj, ended=ended))
        if obj is not None:
            uid = obj["metadata"]["uid"]
            for grant in self._grants.get(key, ()):
                if grant.uid == uid:
                    grant.end()

    def grant(self, key: str, resource: Resource, new: Object, old: Object | None) -> Grant:
        """Reserve what `new` uses beyond `old`. Raises Refused."""
        touched = []
        for quota in sorted(self.quotas.values(), key=lambda one: one.name):
            charge = quota.charge(resource, new)
            if resource is PODS:
                _demand(quota, new)
            more = _increase(charge, {} if old is None else quota.charge(resource, old))
            if more:
                touched.append((quota, more))
        for quota, more in touched:
            _check(quota, more)
        for quota, more in touched:
            add(quota.reserved, more)
        grant = Grant(new["metadata"]["uid"], tuple(touched))
        self._grants.setdefault(key, []).append(grant)
        return grant

    def release(self, key: str, grant: Grant) -> None:
        """End a grant whose write is over, whatever became of it."""
        grant.end()
        grants = self._grants[key]
        grants.remove(grant)
        if not grants:
            del self._grants[key]


def _demand(quota: Quota, pod: Object) -> None:
    if scopes.covers(quota.scopes, PODS, pod):
        lacking = missing(pod, quota.hard)
        if lacking:
            raise Refused(f"failed quota: {quota.name}: must specify {lacking}")


def _check(quota: Quota, more: Amounts) -> None:
    exceeded = sorted(
        name for name, amount in more.items() if quota.taken(name) + amount > quota.hard[name]
    )
    if exceeded:
        requested = _told((name, more[name]) for name in exceeded)
        used = _told((name, quota.taken(name)) for name in exceeded)
        limited = _told((name, quota.hard[name]) for name in exceeded)
        raise Refused(
            f"exceeded quota: {quota.name}, requested: {requested}, used: {used},"
            f" limited: {limited}"
        )


def _told(parts: Iterable[tuple[str, Quantity]]) -> str:
    return ",".join(f"{name}={amount}" for name, amount in parts)


def _increase(after: Amounts, before: Amounts) -> Amounts:
    increases = {name: amount - before.get(name, _ZERO) for name, amount in after.items()}
    return {name: amount for name, amount in increases.items() if amount > _ZERO}


def _move(total: Amounts, more: Amounts, less: Amounts) -> None:
    add(total, more)
    add(total, {name: -amount for name, amount in less.items()})

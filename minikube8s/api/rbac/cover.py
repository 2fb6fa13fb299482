"""Whether rules that somebody has cover rules that they want to hand out. Pure.

Nobody may grant what they do not have themselves. Wanted rules are taken apart into atoms (one
verb, one group, one resource, one name), because different rules of the giver may cover different
atoms; what is missing is put together again to be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product
from typing import NamedTuple

from minikube8s.api.quoting import quote
from minikube8s.api.rbac.rules import ALL, Rule, path_matches

COMPARISONS = 100_000
"""How many times an atom is compared with a rule of the giver (0.1 s); what is beyond is taken for
not covered, unless one rule of the giver covers it as a whole."""

FULL_AUTHORITY = (
    Rule(verbs=(ALL,), groups=(ALL,), resources=(ALL,)),
    Rule(verbs=(ALL,), paths=(ALL,)),
)
"""What cluster-admin may do."""


class _Held(NamedTuple):
    """A rule of the giver, made for comparing."""

    verbs: frozenset[str]
    groups: frozenset[str]
    resources: frozenset[str]
    names: frozenset[str]
    paths: tuple[str, ...]

    def covers(self, wanted: Rule) -> bool:
        return (
            _has(self.verbs, wanted.verbs)
            and _has(self.groups, wanted.groups)
            and all(_has_resource(self.resources, resource) for resource in wanted.resources)
            and all(path_matches(self.paths, path) for path in wanted.paths)
            and (not self.names or (bool(wanted.names) and self.names.issuperset(wanted.names)))
        )


def missing(held: Iterable[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """Return what of `wanted` the rules in `held` do not cover, as few rules as simple."""
    giver = [
        _Held(
            frozenset(own.verbs),
            frozenset(own.groups),
            frozenset(own.resources),
            frozenset(own.names),
            own.paths,
        )
        for own in dict.fromkeys(held)
    ]
    atoms = (
        atom
        for rule in wanted
        if not any(own.covers(rule) for own in giver)
        for atom in _atoms(rule)
    )
    limit = COMPARISONS // max(len(giver), 1)
    uncovered: list[Rule] = []
    for count, atom in enumerate(islice(atoms, limit + 1)):
        if count == limit or not any(own.covers(atom) for own in giver):
            uncovered.append(atom)
    return _compact(uncovered)


def describe(rule: Rule) -> str:
    """Return a rule as a refusal tells it: `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`"""
    parts = (
        ("APIGroups", rule.groups),
        ("Resources", rule.resources),
        ("NonResourceURLs", rule.paths),
        ("ResourceNames", rule.names),
        ("Verbs", rule.verbs),
    )
    told = (f"{name}:[{' '.join(map(quote, values))}]" for name, values in parts if values)
    return "{" + ", ".join(told) + "}"


def _atoms(rule: Rule) -> Iterator[Rule]:
    names: Iterable[tuple[str, ...]] = [(name,) for name in rule.names] or [()]
    for group, resource, verb, name in product(rule.groups, rule.resources, rule.verbs, names):
        yield Rule((verb,), (group,), (resource,), name)
    for path, verb in product(rule.paths, rule.verbs):
        yield Rule(verbs=(verb,), paths=(path,))


def _has(own: frozenset[str], wanted: Sequence[str]) -> bool:
    return ALL in own or own.issuperset(wanted)


def _has_resource(own: frozenset[str], resource: str) -> bool:
    _, slash, subresource = resource.partition("/")
    return ALL in own or resource in own or (bool(slash) and f"*/{subresource}" in own)


def _compact(atoms: Sequence[Rule]) -> list[Rule]:
    """Join the atoms that differ in their verb alone."""
    verbs: dict[Rule, dict[str, None]] = {}
    for atom in atoms:
        body = Rule((), atom.groups, atom.resources, atom.names, atom.paths)
        # paths stay apart, as in Kubernetes' own messages
        key = atom if atom.paths else body
        verbs.setdefault(key, {}).update(dict.fromkeys(atom.verbs))
    return [
        Rule(tuple(words), key.groups, key.resources, key.names, key.paths)
        for key, words in verbs.items()
    ]

"""Whether rules that somebody has cover rules that they want to hand out. Pure.

Nobody may grant what they do not have themselves. Wanted rules are taken apart into atoms (one
verb, one group, one resource, one name), because different rules of the giver may cover different
atoms; what is missing is put together again to be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product

from minikube8s.api.quoting import quote
from minikube8s.api.rbac.rules import ALL, Rule, path_matches

ATOMS = 20_000
"""How many atoms are looked at; rules that fall into more are not covered, unless each is covered
as a whole by one rule of the giver."""

FULL_AUTHORITY = (
    Rule(verbs=(ALL,), groups=(ALL,), resources=(ALL,)),
    Rule(verbs=(ALL,), paths=(ALL,)),
)
"""What cluster-admin may do."""


def missing(held: Sequence[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """Return what of `wanted` the rules in `held` do not cover, as few rules as simple."""
    atoms = (
        atom
        for rule in wanted
        if not any(_covers(own, rule) for own in held)
        for atom in _atoms(rule)
    )
    uncovered: list[Rule] = []
    for count, atom in enumerate(islice(atoms, ATOMS + 1)):
        if count == ATOMS or not any(_covers(own, atom) for own in held):
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


def _covers(own: Rule, wanted: Rule) -> bool:
    return (
        _has(own.verbs, wanted.verbs)
        and _has(own.groups, wanted.groups)
        and all(_has_resource(own.resources, resource) for resource in wanted.resources)
        and all(path_matches(own.paths, path) for path in wanted.paths)
        and (not own.names or (bool(wanted.names) and set(wanted.names) <= set(own.names)))
    )


def _has(own: Sequence[str], wanted: Sequence[str]) -> bool:
    return ALL in own or set(wanted) <= set(own)


def _has_resource(own: Sequence[str], resource: str) -> bool:
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

"""Owns kubectl's grammar for naming objects: TYPE NAME…, TYPE/NAME…, TYPE1,TYPE2, and `all`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

from minikube8s.api.names import path_segment
from minikube8s.api.resources import Resource
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming.kinds import Kinds


class Target(NamedTuple):
    """One kind, and one object's name or None for all of that kind."""

    resource: Resource
    name: str | None = None


def parse(kinds: Kinds, words: Sequence[str], *, names: bool = True) -> list[Target]:
    """The targets that ``words`` name. Raises CommandError in kubectl's words.

    ``names`` False refuses object names (for verbs that take only kinds).
    """
    if not words:
        raise CommandError(
            "You must specify the type of resource, such as `pods`. See `mk8s api-resources`."
        )
    if "/" in words[0]:
        return [_pair(kinds, word) for word in words]
    chosen = [kind for word in words[0].split(",") for kind in kinds.all_of(word)]
    rest = words[1:]
    if any("/" in word for word in rest):
        raise CommandError(
            "there is no need to specify a resource type as a separate argument when passing "
            f"arguments in resource/name form (e.g. `mk8s get {words[0]}/NAME` instead of "
            f"`mk8s get {words[0]} {words[0]}/NAME`)"
        )
    if not rest:
        return [Target(kind) for kind in chosen]
    if not names:
        raise CommandError(f"no names are taken here: {' '.join(rest)}")
    return [Target(kind, name) for kind in chosen for name in rest]


def named(kinds: Kinds, words: Sequence[str]) -> list[tuple[Resource, str]]:
    """The objects that ``words`` name. Raises CommandError when one has no name."""
    found = [(target.resource, target.name or "") for target in parse(kinds, words)]
    if not all(name for _, name in found):
        raise CommandError("name the objects, as TYPE NAME or TYPE/NAME")
    return found


def one(kinds: Kinds, words: Sequence[str]) -> Target:
    """The single object that ``words`` name. Raises CommandError for none or several."""
    targets = parse(kinds, words)
    if len(targets) != 1 or targets[0].name is None:
        raise CommandError("name exactly one object, as TYPE NAME or TYPE/NAME")
    return targets[0]


def path(resource: Resource, namespace: str | None, name: str | None = None) -> str:
    """The API path of a kind's collection, or of one object; namespace None means all.

    Raises CommandError for what is no part of a path: a server may take `..` for the one above.
    """
    for what, text in (("namespace", namespace), ("resource name", name)):
        if text and (wrong := path_segment(text)):
            raise CommandError(f'invalid {what} "{text}": [{" ".join(wrong)}]')
    base = f"/apis/{resource.group}/{resource.version}" if resource.group else "/api/v1"
    if resource.namespaced and namespace:
        base += f"/namespaces/{namespace}"
    return f"{base}/{resource.plural}" + (f"/{quote(name, safe='')}" if name else "")


def _pair(kinds: Kinds, word: str) -> Target:
    kind, slash, name = word.partition("/")
    if not slash or not name or not kind or "/" in name:
        raise CommandError(f"arguments in resource/name form must have one slash: {word!r}")
    return Target(kinds.by_word(kind), name)

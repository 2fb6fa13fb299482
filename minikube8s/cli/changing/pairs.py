"""Owns kubectl's `KEY=VALUE` and `KEY-` words after the objects that they are about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from minikube8s.cli.errors import CommandError


def split(words: Sequence[str], what: str, *, removals: bool = True) -> tuple[list[str], list[str]]:
    """The words that name objects, and those that say what to change. Raises CommandError."""
    objects: list[str] = []
    changes: list[str] = []
    for word in words:
        if ("=" in word and not word.startswith("=")) or (removals and word.endswith("-")):
            changes.append(word)
        elif changes:
            raise CommandError(f"all resources must be specified before {what} changes: {word}")
        else:
            objects.append(word)
    return objects, changes


def parse(words: Iterable[str], what: str) -> tuple[dict[str, str], list[str]]:
    """What to set, and what to take away. Raises CommandError in kubectl's words."""
    new: dict[str, str] = {}
    gone: list[str] = []
    for word in words:
        key, equals, value = word.partition("=")
        if equals and key:
            new[key] = value
        elif not equals and word.endswith("-") and len(word) > 1:
            gone.append(word[:-1])
        else:
            raise CommandError(f"unknown {what} spec: {word}")
    return new, gone

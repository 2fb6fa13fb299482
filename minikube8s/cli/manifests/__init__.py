"""Owns reading manifests: what `-f` names, as objects with the file that each stands in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from minikube8s.cli.errors import CommandError
from minikube8s.cli.kustomizing import Kustomization
from minikube8s.cli.manifests import parsing, sources
from minikube8s.cli.manifests.parsing import Document

__all__ = ["Document", "Reading", "gather", "name_of", "parse", "read"]


class Reading:
    """What was read: the objects in order, and what could not be read, which stops no other."""

    def __init__(self) -> None:
        self.documents: list[Document] = []
        self.failures: list[CommandError] = []

    def take(self, source: str, data: bytes | CommandError) -> None:
        """Read one file's bytes; what stands before a mistake in it is read all the same."""
        if isinstance(data, CommandError):
            self.failures.append(data)
            return
        try:
            for document in parsing.documents(source, data):
                self.documents.append(document)
        except CommandError as error:
            self.failures.append(error)


def gather(filenames: Sequence[str], *, recursive: bool = False) -> Reading:
    """Everything in ``filenames``. Raises CommandError for a path that is not there."""
    reading = Reading()
    if filenames and isinstance(filenames[0], Kustomization):
        from minikube8s.cli.kustomizing.build import build

        built = build(filenames[0], lambda text: click.echo(text, err=True))
        reading.documents += [Document(filenames[0], obj) for obj in built]
        return reading
    files = [
        file for name in filenames if name for file in sources.opened(name, recursive=recursive)
    ]
    for source, data in files:
        reading.take(source, data)
    return reading


def read(filenames: Sequence[str], *, recursive: bool) -> list[dict[str, Any]]:
    """Every object in ``filenames``, in order. Raises CommandError naming file and place."""
    reading = gather(filenames, recursive=recursive)
    if reading.failures:
        raise reading.failures[0]
    return [document.obj for document in reading.documents]


def name_of(obj: dict[str, Any]) -> str:
    """The name by which an object of a file is found. Raises CommandError where it has none."""
    name = (obj.get("metadata") or {}).get("name")
    if not name:
        raise CommandError(f"a {obj['kind']} in the files has no name, so it cannot be found")
    return str(name)


def parse(source: str, text: str) -> list[dict[str, Any]]:
    """Every object in ``text``. Raises CommandError naming ``source`` and the place."""
    return [document.obj for document in parsing.documents(source, text.encode())]

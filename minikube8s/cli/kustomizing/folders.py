"""Owns reading what a kustomization names: files below its folder, and other folders."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from minikube8s.cli.errors import CommandError
from minikube8s.cli.kustomizing import fields

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_REMOTE = re.compile(
    r"(https?|ssh|git)://|git::|git@|github\.com[/:]|.*\?(ref|version)=|.*\.git(/|$)"
)


class Folder:
    """One folder with a kustomization; ``above`` are the folders that led to it.

    ``free``: it may name files of other folders, too.
    """

    def __init__(self, path: Path, above: tuple[Path, ...] = (), *, free: bool = False) -> None:
        self.path = path.resolve()
        self.above = (*above, self.path)
        self.free = free
        if not path.is_dir():
            raise CommandError(f'there is no folder "{path}" with a kustomization')
        found = [path / name for name in NAMES if (path / name).is_file()]
        if not found:
            raise CommandError(
                f"unable to find one of {', '.join(map(repr, NAMES))} in the folder '{path}'"
            )
        if len(found) > 1:
            raise CommandError(
                f"{path} has several kustomizations: {found[0].name}, {found[1].name}"
            )
        self.where = str(found[0])
        documents = self.loads(self.where, self.text(found[0].name))
        if len(documents) > 1:
            raise CommandError(f"{self.where} holds more than one document")
        self.content = fields.check(self.where, documents[0] if documents else None)

    def inner(self, name: str) -> Folder | None:
        """The folder that ``name`` names; None where it is a file. Raises CommandError."""
        if _REMOTE.match(name):
            raise CommandError(
                f"{self.where}: {name!r} is somewhere else: only local files and folders can be "
                "built; fetch it first"
            )
        path = self.path / name
        if not path.exists():
            raise CommandError(f"{self.where}: there is no file or folder {name!r}")
        if not path.is_dir():
            return None
        if Path(name).is_absolute():
            raise CommandError(
                f"{self.where}: the folder {name!r} must be named by a path from here, not from /"
            )
        resolved = path.resolve()
        if any(one == resolved or resolved in one.parents for one in self.above):
            raise CommandError(
                f"{self.where}: cycle detected: {name!r} leads back to where it is from"
            )
        return Folder(path, self.above, free=self.free)

    def bytes(self, name: str) -> bytes:
        """The content of a file of the folder. Raises CommandError."""
        path = (self.path / name).resolve()
        if not self.free and self.path not in path.parents:
            raise CommandError(
                f"{self.where}: the file {name!r} is not in or below its kustomization's folder"
            )
        try:
            return path.read_bytes()
        except OSError as error:
            raise CommandError(f"{self.where}: {name!r} cannot be read: {error.strerror}") from None

    def text(self, name: str) -> str:
        """The text of a file of the folder. Raises CommandError."""
        try:
            return self.bytes(name).decode()
        except UnicodeDecodeError:
            raise CommandError(f"{self.path / name} is not UTF-8 text") from None

    def loads(self, where: str, text: str, *, core: bool = False) -> list[Any]:
        """The documents of YAML text (``core``: YAML 1.2). Raises CommandError with the line."""
        from minikube8s.cli.manifests import parsing

        return parsing.values(where, text, core=core)

"""Where `mk8s cp` copies from and to: `FILE` or `[NAMESPACE/]POD:FILE`. Pure."""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from minikube8s.cli.errors import CommandError


class Place(NamedTuple):
    """A path here, or in a pod; namespace "" is the one that the verb acts in."""

    path: str
    pod: str = ""
    namespace: str = ""


def parse(text: str) -> Place:
    """What ``text`` names. Raises CommandError in kubectl's words."""
    before, colon, path = text.partition(":")
    if not colon or text.startswith(("/", "./", "../")):
        return Place(text)
    parts = before.split("/")
    if not all(parts) or len(parts) > 2:
        raise CommandError("filespec must match the canonical format: [[namespace/]pod:]file/path")
    return Place(path, parts[-1], parts[0] if len(parts) == 2 else "")


def pair(words: tuple[str, ...]) -> tuple[Place, Place]:
    """Source and destination, of which one is in a pod. Raises CommandError."""
    if len(words) != 2:
        raise CommandError("source and destination are required")
    source, destination = parse(words[0]), parse(words[1])
    if source.pod and destination.pod:
        raise CommandError("one of src or dest must be a local file specification")
    if not source.pod and not destination.pod:
        raise CommandError("one of src or dest must be a remote file specification")
    if not source.path or not destination.path:
        raise CommandError("filepath can not be empty")
    return source, destination


def member(path: str) -> str:
    """The name that tar gives a path: without what leads out of where it is; "" for all of it."""
    name = posixpath.normpath(path).lstrip("/")
    while name == ".." or name.startswith("../"):
        name = name[3:]
    return "" if name == "." else name


def below(prefix: str, name: str) -> str | None:
    """The path of the archive's ``name`` below ``prefix``; None where it is not below it.

    ``prefix`` is a result of `member`; "" is ``prefix`` itself. What holds `..` is nowhere.
    """
    if ".." in name.split("/"):
        return None
    name = member(name)
    if not prefix or name == prefix:
        return name[len(prefix) :]
    return name[len(prefix) + 1 :] if name.startswith(f"{prefix}/") else None

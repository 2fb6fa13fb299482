"""Changing kubeconfig files: each entry in the file that has it, what is new in the first one.

A file is locked as kubectl locks it, by a file `.lock` beside it, and replaced at once.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from minikube8s.cli.errors import CommandError
from minikube8s.cli.kubeconfig import fields, loading
from minikube8s.cli.kubeconfig.loading import Kubeconfig

Content = dict[str, Any]
_LOCK_SECONDS = 2.0
_LOCK_PAUSE = 0.02


def change(path: Path, edit: Callable[[Content], object], *, private: bool = False) -> None:
    """Let `edit` change what the file at `path` says, and write it. Raises CommandError.

    `private`: from now on only its owner may read it.
    """
    target = path.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target):
            content = loading.read(target)
            edit(content)
            _replace(target, text_of(content), private)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from None


def put(config: Kubeconfig, section: str, name: str, entry: Content) -> None:
    """Write an entry where it stands, or as a new one."""
    found = config.find(section, name)
    path = found.origin if found else config.sources.default

    def edit(content: Content) -> None:
        content[section] = _without(content, section, name)
        content[section].append({"name": name, section[:-1]: entry})

    change(path, edit)


def remove(config: Kubeconfig, section: str, name: str) -> Path:
    """Take an entry out of the file where it stands, and return that. Raises KeyError."""
    path = config.entries[section][name].origin

    def edit(content: Content) -> None:
        content[section] = _without(content, section, name)

    change(path, edit)
    return path


def rename(config: Kubeconfig, section: str, old: str, new: str) -> None:
    """Give an entry another name where it stands. Raises KeyError."""

    def edit(content: Content) -> None:
        for item in content.get(section) or ():
            if item["name"] == old:
                item["name"] = new

    change(config.entries[section][old].origin, edit)


def choose(config: Kubeconfig, context: str) -> None:
    """Make a context the current one."""
    change(config.sources.default, lambda content: content.update({"current-context": context}))


def written_path(named: str, config: Path) -> str:
    """A path as it is written into the file `config`: relative where it lies beside or below it."""
    if not named:
        return named
    whole = os.path.normpath(Path(named).absolute())
    near = os.path.relpath(whole, config.resolve().parent)
    return whole if near.startswith(os.pardir) else near


def text_of(content: Content) -> str:
    """A kubeconfig as YAML, in the order and with the empty fields that kubectl writes."""
    from minikube8s.cli.output import yamltext

    shown = {"apiVersion": "v1", "current-context": "", "preferences": {}, **content}
    shown["kind"] = "Config"
    shown["preferences"] = content.get("preferences") or {}
    shown["current-context"] = content.get("current-context") or ""
    for section, always in fields.ALWAYS.items():
        blank = dict.fromkeys(always, "")
        items = [
            {**item, section[:-1]: {**blank, **(item.get(section[:-1]) or {})}}
            for item in content.get(section) or ()
        ]
        shown[section] = sorted(items, key=lambda item: str(item["name"])) or None
    return yamltext.dump(shown)


def _without(content: Content, section: str, name: str) -> list[Any]:
    return [item for item in content.get(section) or () if item["name"] != name]


def _replace(path: Path, text: str, private: bool) -> None:
    """Write the file at once, with the mode and owner that it had, else for its owner."""
    before = path.stat() if path.exists() else None
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if before is not None:
            fresh.chmod(before.st_mode & (0o700 if private else 0o777))
            with contextlib.suppress(PermissionError):
                os.chown(fresh, before.st_uid, before.st_gid)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = path.with_name(f"{path.name}.lock")
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL, 0o600))
            break
        except FileExistsError:
            if time.monotonic() > deadline:
                raise CommandError(
                    f"{path} is locked: {lock} exists. Remove that file if no other kubectl or "
                    "mk8s is changing the configuration."
                ) from None
            time.sleep(_LOCK_PAUSE)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)

"""What ConfigMaps and Secrets are made of: files, folders, literals, files of variables."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from minikube8s.api import names
from minikube8s.cli.changing import environment
from minikube8s.cli.errors import CommandError

Content = dict[str, bytes]


def content(kind: str, name: str, files: Iterable[str], literals: Iterable[str]) -> Content:
    """What `--from-file` and `--from-literal` say. Raises CommandError in kubectl's words."""
    found: Content = {}
    for source in files:
        key, path = _source(source)
        for one in _of_folder(path) if path.is_dir() and not key else [path]:
            if one.is_dir():
                raise CommandError("cannot give a key name for a directory path")
            _add(found, kind, name, key or one.name, read(one))
    for literal in literals:
        key, equals, value = literal.partition("=")
        if not equals or not key:
            raise CommandError(f"invalid literal source {literal}, expected key=value")
        _add(found, kind, name, key, value.encode(errors="surrogateescape"))
    return found


def variables(
    kind: str, name: str, files: Iterable[str], known: Callable[[str], str | None] = os.environ.get
) -> Content:
    """What `--from-env-file` says; a name without a value has that of the environment."""
    found: Content = {}
    for file in files:
        try:
            text = read(Path(file)).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            at = error.object[: error.start].count(b"\n") + 1
            raise CommandError(
                f"env file {file} contains invalid utf8 bytes at line {at}"
            ) from None
        for number, line in enumerate(text.splitlines(), 1):
            stripped = line.lstrip()
            if not stripped or stripped.startswith("#"):
                continue
            key, equals, value = stripped.partition("=")
            environment.check_name(key, f" ({file}, line {number})")
            if not equals:
                value = known(key) or ""
            _add(found, kind, name, key, value.encode())
    return found


def _source(source: str) -> tuple[str, Path]:
    key, equals, path = source.partition("=")
    if not source:
        raise CommandError("--from-file is empty: name a file or a folder")
    if not equals:
        return "", Path(source)
    if "=" in path:
        raise CommandError("key names or file paths cannot contain '='")
    if not key:
        raise CommandError(f"key name for file path {path} missing")
    if not path:
        raise CommandError(f"file path for key name {key} missing")
    return key, Path(path)


def _of_folder(folder: Path) -> list[Path]:
    """Its plain files; links and folders are left out."""
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.is_symlink())


def read(path: Path) -> bytes:
    """A file's bytes. Raises CommandError in kubectl's words."""
    try:
        return path.read_bytes()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise CommandError(f"error reading {path}: {why}") from None


def _add(found: Content, kind: str, name: str, key: str, value: bytes) -> None:
    wrong = names.config_key(key)
    if wrong:
        raise CommandError(f'"{key}" is not a valid key name for a {kind}: {"; ".join(wrong)}')
    if key in found:
        raise CommandError(
            f'cannot add key "{key}", another key by that name already exists in Data for '
            f'{kind} "{name}"'
        )
    found[key] = value

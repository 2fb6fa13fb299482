"""Owns where manifests come from: files, folders, patterns, URLs, standard input."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from minikube8s.cli.errors import CommandError

SUFFIXES = (".json", ".yaml", ".yml")
FILE_BYTES = 64 * 1024 * 1024
URL_BYTES = 10 * 1024 * 1024
URL_SECONDS = 20
STDIN = "STDIN"


def opened(name: str, *, recursive: bool) -> Iterator[tuple[str, bytes | CommandError]]:
    """Each file that ``name`` means, with its bytes or why there are none. Raises CommandError."""
    if name == "-":
        if sys.stdin is None:
            raise CommandError("there is no standard input to read")
        yield STDIN, _bounded(STDIN, sys.stdin.buffer.read(FILE_BYTES + 1), FILE_BYTES)
    elif name.startswith(("http://", "https://")):
        yield name, _fetched(name)
    else:
        for path in _files(name, recursive):
            yield str(path), _read(path)


def _read(path: Path) -> bytes | CommandError:
    try:
        with path.open("rb") as file:
            return _bounded(str(path), file.read(FILE_BYTES + 1), FILE_BYTES)
    except OSError as error:
        return CommandError(f"{path} cannot be read: {error.strerror}")


def _files(name: str, recursive: bool) -> list[Path]:
    path = Path(name)
    if not path.exists():
        matching = sorted(glob.glob(name)) if glob.has_magic(name) else []  # noqa: PTH207 - a pattern may be absolute
        if not matching:
            raise CommandError(f'the path "{name}" does not exist')
        return [file for found in matching for file in _files(found, recursive)]
    if not path.is_dir():
        return [path]
    files = list(_walked(path, recursive))
    if not files:
        endings = " ".join(SUFFIXES)
        raise CommandError(
            f"error reading [{name}]: recognized file extensions are [{endings}]"
            + ("" if recursive else "; -R goes into its folders, too")
        )
    return files


def _walked(folder: Path, recursive: bool) -> Iterator[Path]:
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if recursive:
                yield from _walked(Path(entry.path), recursive)
        elif Path(entry.name).suffix in SUFFIXES:
            yield Path(entry.path)


def _fetched(url: str) -> bytes | CommandError:
    import http.client
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(url, timeout=URL_SECONDS) as answer:
            return _bounded(url, answer.read(URL_BYTES + 1), URL_BYTES)
    except urllib.error.HTTPError as error:
        return CommandError(
            f'unable to read URL "{url}", server reported {error.code} {error.reason}, '
            f"status code={error.code}"
        )
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        why = getattr(error, "reason", None) or error
        said = getattr(why, "strerror", None) or why
        return CommandError(f'unable to read URL "{url}": {said}')


def _bounded(source: str, data: bytes, most: int) -> bytes | CommandError:
    if len(data) > most:
        return CommandError(f"{source} is larger than {most >> 20} MiB: that is no manifest")
    return data

"""Which kubeconfig files there are, what stands in them, and what they say together.

Of several files the first that has a cluster, user, context or current-context decides it alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from minikube8s.cli.errors import CommandError
from minikube8s.cli.kubeconfig import fields

_MOST_BYTES = 32 * 1024 * 1024


class Sources:
    """The files that count, first wins. `explicit`: one named on the command line, alone."""

    __slots__ = ("explicit", "paths")

    def __init__(self, paths: Iterable[Path], *, explicit: bool = False) -> None:
        self.paths = tuple(paths)
        self.explicit = explicit

    @staticmethod
    def of(flag: str | None, environment: Mapping[str, str]) -> Sources:
        """By `--kubeconfig`, else KUBECONFIG, else ~/.kube/config."""
        if flag:
            return Sources([Path(flag)], explicit=True)
        named = [name for name in environment.get("KUBECONFIG", "").split(os.pathsep) if name]
        if named:
            return Sources([Path(name) for name in dict.fromkeys(named)])
        return Sources([Path(environment.get("HOME") or Path.home()) / ".kube" / "config"])

    @property
    def default(self) -> Path:
        """Where what is new is written: the first file that is there, else the last."""
        there = (path for path in self.paths if path.exists())
        return next(there, self.paths[-1])

    def __str__(self) -> str:
        return os.pathsep.join(map(str, self.paths))


class Entry:
    """A named cluster, context or user, and the file it stands in."""

    __slots__ = ("fields", "origin")

    def __init__(self, content: dict[str, Any], origin: Path) -> None:
        self.fields = content
        self.origin = origin

    def text(self, field: str) -> str:
        """The field's text, empty where there is none."""
        return str(self.fields.get(field) or "")

    def path(self, field: str) -> str:
        """The path in a field, counted from the folder of the file that names it."""
        named = self.text(field)
        return os.path.normpath(self.origin.absolute().parent / named) if named else ""


class Kubeconfig:
    """What all files say together: entries by section and name, and the current context."""

    __slots__ = ("current", "entries", "preferences", "sources")

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.entries: dict[str, dict[str, Entry]] = {name: {} for name in fields.SECTIONS}
        self.current = ""
        self.preferences: dict[str, Any] = {}

    def find(self, section: str, name: str) -> Entry | None:
        """An entry by its section (`clusters`, `contexts`, `users`) and name."""
        return self.entries[section].get(name)


def load(sources: Sources) -> Kubeconfig:
    """Read and merge the files; one that is not there counts as empty. Raises CommandError."""
    merged = Kubeconfig(sources)
    for path in sources.paths:
        content = read(path)
        for section in fields.SECTIONS:
            for name, entry in entries(content, section).items():
                merged.entries[section].setdefault(name, Entry(entry, path))
        merged.current = merged.current or content.get("current-context") or ""
        merged.preferences = {**(content.get("preferences") or {}), **merged.preferences}
    return merged


def read(path: Path) -> dict[str, Any]:
    """One file's content, checked; empty where there is no file. Raises CommandError."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _broken(path, f"{error.strerror}", "") from None
    if len(data) > _MOST_BYTES:
        raise _broken(path, "it is too large for a kubeconfig", "")
    return _checked(path, _decoded(path, data))


def entries(content: Mapping[str, Any], section: str) -> dict[str, dict[str, Any]]:
    """The entries of a section of a checked file by name."""
    return {item["name"]: item.get(section[:-1]) or {} for item in content.get(section) or ()}


def _decoded(path: Path, data: bytes) -> Any:
    if data[:1] == b"{":
        # JSON is YAML, and read in a tenth of the time that importing YAML's reader takes
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            pass
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(data.decode("utf-8-sig"), Loader=loader)
    except UnicodeDecodeError:
        raise _broken(path, "it is not UTF-8 text") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _broken(path, f"yaml: line {line}: {error.problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _broken(path, f"yaml: {str(error).splitlines()[0]}") from None


def _checked(path: Path, content: Any) -> dict[str, Any]:
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise _broken(path, "it is not a kubeconfig, but plain text or a list")
    kind, version = content.get("kind") or "Config", content.get("apiVersion") or "v1"
    if (version, kind) != ("v1", "Config"):
        raise _broken(path, f'no kind "{kind}" is registered for version "{version}"', "")
    if not isinstance(content.get("current-context") or "", str):
        raise _broken(path, "current-context must be text, so quote it")
    if not isinstance(content.get("preferences") or {}, dict):
        raise _broken(path, "preferences must be a map")
    for section in fields.SECTIONS:
        items = content.get(section)
        if items is None:
            continue
        if not isinstance(items, list):
            raise _broken(path, f"{section} must be a list")
        names = set()
        for number, item in enumerate(items):
            _check_entry(path, section, number, item)
            if item["name"] in names:
                raise _broken(path, f'duplicate name "{item["name"]}" in {section}')
            names.add(item["name"])
    return content


def _check_entry(path: Path, section: str, number: int, item: Any) -> None:
    place = f"{section}[{number}]"
    if not isinstance(item, dict):
        raise _broken(path, f"{place} must be a map with `name` and `{section[:-1]}`")
    name, content = item.get("name"), item.get(section[:-1])
    if not isinstance(name, str):
        raise _broken(path, f"the name of {place} must be text, not {name!r:.40}")
    if content is not None and not isinstance(content, dict):
        raise _broken(path, f"the {section[:-1]} {name!r} must be a map")
    if wrong := fields.mistake(section, content or {}):
        raise _broken(path, f"in the {section[:-1]} {name!r} {wrong}")


def _broken(
    path: Path, why: str, way_out: str = " Mend it, or name another with --kubeconfig."
) -> CommandError:
    return CommandError(f'error loading config file "{path}": {why}.{way_out}')

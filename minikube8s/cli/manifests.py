"""Owns reading manifests: files, folders, URLs and standard input, YAML or JSON, Lists unrolled."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import yaml

from minikube8s.cli.errors import CommandError

SUFFIXES = (".yaml", ".yml", ".json")
URL_BYTES = 10 * 1024 * 1024
URL_SECONDS = 20

# the C parser where PyYAML was built with it: ten times faster
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_Loader):  # type: ignore[misc]
    """Refuses a key that stands twice in one mapping; leaves timestamps as the text they are."""

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in _Loader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping with every key once."""
        seen = set()
        for key_node, _ in node.value:
            key = key_node.value
            if key in seen and key_node.tag != "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(
                    None, None, f'key "{key}" already set in map', key_node.start_mark
                )
            seen.add(key)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


def read(filenames: Sequence[str], *, recursive: bool) -> list[dict[str, Any]]:
    """Every object in ``filenames``, in order. Raises CommandError naming file and place."""
    if not filenames:
        raise CommandError("name at least one file: -f FILE, -f FOLDER, -f URL or -f - for stdin")
    return [obj for source, text in _texts(filenames, recursive) for obj in parse(source, text)]


def parse(source: str, text: str) -> list[dict[str, Any]]:
    """Every object in ``text``. Raises CommandError naming ``source`` and the place."""
    return list(_objects(source, text))


def _texts(filenames: Iterable[str], recursive: bool) -> Iterator[tuple[str, str]]:
    for name in filenames:
        if name == "-":
            yield "standard input", sys.stdin.read()
        elif name.startswith(("http://", "https://")):
            yield name, _fetched(name)
        else:
            for path in _files(Path(name), recursive):
                try:
                    yield str(path), path.read_text()
                except UnicodeDecodeError:
                    raise CommandError(f"{path} is not UTF-8 text") from None
                except OSError as error:
                    raise CommandError(f"{path} cannot be read: {error.strerror}") from None


def _files(path: Path, recursive: bool) -> list[Path]:
    if not path.exists():
        raise CommandError(f'the path "{path}" does not exist')
    if not path.is_dir():
        return [path]
    found = path.rglob("*") if recursive else path.glob("*")
    files = sorted(file for file in found if file.suffix in SUFFIXES and file.is_file())
    if not files:
        raise CommandError(f"{path} holds no file that ends in {', '.join(SUFFIXES)}")
    return files


def _fetched(url: str) -> str:
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(url, timeout=URL_SECONDS) as answer:
            return str(answer.read(URL_BYTES).decode())
    except (urllib.error.URLError, TimeoutError, UnicodeDecodeError) as error:
        raise CommandError(f"{url} cannot be read: {error}") from None


def _objects(source: str, text: str) -> Iterator[dict[str, Any]]:
    try:
        documents = list(yaml.load_all(text, Loader=_StrictLoader))
    except yaml.YAMLError as error:
        raise CommandError(f"error parsing {source}: {_where(error)}") from None
    except RecursionError:
        raise CommandError(f"error parsing {source}: it is nested too deeply") from None
    for document in documents:
        if document is None:
            continue
        for obj in _unrolled(document) if isinstance(document, dict) else [document]:
            _check(source, obj)
            yield obj
    if not any(document is not None for document in documents):
        raise CommandError(f"no objects in {source}")


def _unrolled(document: dict[str, Any]) -> list[Any]:
    kind = document.get("kind")
    if isinstance(kind, str) and kind.endswith("List") and isinstance(document.get("items"), list):
        items: list[Any] = document["items"]
        return items
    return [document]


def _check(source: str, obj: Any) -> None:
    if not isinstance(obj, dict):
        raise CommandError(f"error parsing {source}: an object must be a mapping, not {obj!r:.60}")
    for field in ("apiVersion", "kind"):
        if not isinstance(obj.get(field), str) or not obj[field]:
            raise CommandError(f"error validating {source}: {field} not set")
    metadata = obj.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise CommandError(f"error validating {source}: metadata must be a mapping")


def _where(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        return f"line {error.problem_mark.line + 1}: {problem}"
    return str(error)

"""Owns archives as `docker save` writes them: what is in one, and one with fewer layers. Pure.

An engine that loads an archive opens the file of a layer only when it does not have that layer on
top of the same ones below it. So the files of layers that it has need not be sent.
Forms: https://github.com/moby/docker-image-spec, and the one before it, a folder for each layer.
"""

from __future__ import annotations

import io
import json
import posixpath
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, NamedTuple, cast

from minikube8s.cluster.errors import ClusterError

_BLOCK = 1 << 16
_MANIFEST = "manifest.json"
_MANIFEST_BYTES = 1 << 20
_END = b"\0" * (2 * tarfile.BLOCKSIZE)


class Survey(NamedTuple):
    """What an archive holds: sizes of files, targets of links, files of layers from the lowest."""

    sizes: dict[str, int]
    links: dict[str, str]
    layers: tuple[str, ...]


def shared(layers: Sequence[str], others: Iterable[Sequence[str]]) -> int:
    """How many of the lowest of ``layers`` one of the ``others`` has in the same order."""
    best = 0
    for other in others:
        count = 0
        for one, two in zip(layers, other, strict=False):
            if one != two:
                break
            count += 1
        best = max(best, count)
    return best


def survey(blocks: Iterable[bytes]) -> Survey:
    """Read an archive to its end. Raises ClusterError for one that is none of an image."""
    sizes, links, layers = {}, {}, None
    with _opened(blocks) as archive:
        for member in archive:
            if member.isreg():
                sizes[member.name] = member.size
            elif member.issym() or member.islnk():
                links[member.name] = _target(member)
            if member.name == _MANIFEST and member.size <= _MANIFEST_BYTES:
                layers = _layers(archive, member)
    if layers is None:
        raise ClusterError(
            f"The engine's archive has no {_MANIFEST}, so it is older than Docker 1.10: update it."
        )
    return Survey(sizes, links, layers)


def needless(found: Survey, present: int) -> set[str]:
    """The files that need not be sent to who has the ``present`` lowest layers."""
    needed = {_resolved(found, layer) for layer in found.layers[present:]}
    return {
        file
        for file in (_resolved(found, layer) for layer in found.layers[:present])
        if file not in needed
    }


def size(found: Survey, dropped: Iterable[str]) -> int:
    """How many bytes are left to send."""
    return sum(found.sizes.values()) - sum(found.sizes.get(file, 0) for file in dropped)


def without(blocks: Iterable[bytes], dropped: set[str]) -> Iterator[bytes]:
    """The same archive without some of its files, as it is read."""
    with _opened(blocks) as archive:
        for member in archive:
            if member.name in dropped:
                continue
            yield member.tobuf(tarfile.PAX_FORMAT)
            if not member.isreg():
                continue
            content = archive.extractfile(member)
            assert content is not None
            while block := content.read(_BLOCK):
                yield block
            yield b"\0" * (-member.size % tarfile.BLOCKSIZE)
    yield _END


class _Blocks(io.RawIOBase):
    """What comes in blocks, as a file."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            self._rest = next(self._blocks, b"")
            if not self._rest:
                return 0
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _opened(blocks: Iterable[bytes]) -> tarfile.TarFile:
    file = cast("IO[bytes]", io.BufferedReader(_Blocks(blocks), _BLOCK))
    try:
        return tarfile.open(fileobj=file, mode="r|")
    except tarfile.TarError as error:
        raise ClusterError(f"The engine's archive cannot be read: {error}.") from None


def _layers(archive: tarfile.TarFile, member: tarfile.TarInfo) -> tuple[str, ...]:
    content = archive.extractfile(member)
    assert content is not None
    try:
        return tuple(map(str, json.loads(content.read())[0]["Layers"] or ()))
    except (ValueError, LookupError, TypeError) as error:
        raise ClusterError(f"The engine's archive has a strange {_MANIFEST}: {error}.") from None


def _target(member: tarfile.TarInfo) -> str:
    if member.islnk():
        return member.linkname
    return posixpath.normpath(posixpath.join(posixpath.dirname(member.name), member.linkname))


def _resolved(found: Survey, layer: str) -> str:
    seen = set()
    while layer in found.links and layer not in seen:
        seen.add(layer)
        layer = found.links[layer]
    return layer

"""Owns the archive that a bundle becomes: how large it may be; it is whole or not there."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import time
from pathlib import Path
from types import TracebackType

FILE_BYTES = 4 << 20
WHOLE_BYTES = 64 << 20
"""How large one file, and all of them together, may be before they are packed."""


class Archive:
    """A tar.gz at ``path`` that only its owner may read; it is there once the block is over."""

    def __init__(self, path: Path, folder: str, whole_bytes: int = WHOLE_BYTES) -> None:
        self.files = 0
        self.left_out: list[str] = []
        self._path, self._folder = path, folder
        self._room = whole_bytes
        self._temporary = path.with_name(f".{path.name}.new")

    def __enter__(self) -> Archive:
        # in a folder like /tmp a file of that name may be somebody else's
        self._temporary.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        descriptor = os.open(self._temporary, flags, 0o600)
        self._file = os.fdopen(descriptor, "wb")
        self._gzip = gzip.GzipFile(fileobj=self._file, mode="wb", compresslevel=6)
        self._tar = tarfile.open(fileobj=self._gzip, mode="w")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._tar.close()
                self._gzip.close()
                self._file.close()
                self._temporary.replace(self._path)
        finally:
            self._file.close()
            self._temporary.unlink(missing_ok=True)

    def add(self, name: str, text: str) -> None:
        """Put a file in, without its middle where it is too long; not where no room is left."""
        content = _cut(text.encode(errors="replace"))
        if len(content) > self._room:
            self.left_out.append(f"{name}: no room is left")
            return
        self._room -= len(content)
        info = tarfile.TarInfo(f"{self._folder}/{_safe(name)}")
        info.size, info.mode, info.mtime = len(content), 0o600, int(time.time())
        self._tar.addfile(info, io.BytesIO(content))
        self.files += 1


def _cut(content: bytes) -> bytes:
    if len(content) <= FILE_BYTES:
        return content
    half = FILE_BYTES // 2
    note = f"\n… {len(content) - 2 * half} bytes are left out here …\n".encode()
    return content[:half] + note + content[-half:]


def _safe(name: str) -> str:
    """A path that stays below the folder, whatever an object is called."""
    parts = [part for part in name.split("/") if part not in ("", ".", "..")]
    return "/".join(part.replace("\0", "")[:200] for part in parts) or "unnamed"

"""Where the reader is: a small file below XDG_STATE_HOME, beside the reader's copies of the files.

Written after every step, whole or not at all, so that whoever is killed goes on from there.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from minikube8s.cli.errors import CommandError
from minikube8s.cli.tutoring.course import FILES, LANGUAGES


@dataclass(frozen=True, slots=True)
class Bookmark:
    """The next step's id, the language, and which server and namespace it all happens in.

    Until it is `prepared`, what the step stands on is not all there.
    """

    step: str
    language: str
    server: str
    namespace: str
    prepared: bool = True


class Desk:
    """The folder with the bookmark and the files; nothing is made before it is needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @staticmethod
    def of_user() -> Desk:
        """The one of whoever runs this."""
        given = os.environ.get("XDG_STATE_HOME", "")
        state = Path(given) if given.startswith("/") else Path.home() / ".local" / "state"
        return Desk(state / "mk8s" / "tutorial")

    @property
    def files(self) -> Path:
        """Where the reader's copies of the manifests are."""
        return self._folder / "files"

    def read(self) -> Bookmark | None:
        """The bookmark; None when there is none that can be used."""
        try:
            found = Bookmark(**json.loads((self._folder / "bookmark.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return found if found.language in LANGUAGES else None

    def mark(self, bookmark: Bookmark) -> None:
        """Remember `bookmark` in place of the one before. Raises CommandError."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=self._folder, delete=False) as new:
                json.dump(asdict(bookmark), new)
            Path(new.name).replace(self._folder / "bookmark.json")
        except OSError as error:
            raise self._unusable(error) from None

    def lay_out(self) -> None:
        """Have all files as the course begins with them. Raises CommandError."""
        try:
            self.files.mkdir(parents=True, exist_ok=True)
            for file in FILES.glob("*.yaml"):
                (self.files / file.name).write_bytes(file.read_bytes())
        except OSError as error:
            raise self._unusable(error) from None

    def clear(self) -> None:
        """Remove everything."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _unusable(self, error: OSError) -> CommandError:
        return CommandError(
            f"the tutorial cannot keep its place in {self._folder} ({error.strerror}): set "
            "XDG_STATE_HOME to a folder that you may write to"
        )

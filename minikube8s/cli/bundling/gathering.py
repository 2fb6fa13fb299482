"""Owns how a bundle is gathered: its deadline, and what becomes of parts that fail."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from minikube8s.cli.bundling.archive import Archive
from minikube8s.cli.bundling.redacting import Redactor
from minikube8s.cli.connection.client import ApiFailure
from minikube8s.cli.errors import CommandError
from minikube8s.cluster.errors import ClusterError

Files = Iterator[tuple[str, str]]


class Part(NamedTuple):
    """One part of a bundle. ``asks``: it is the API server's, and no secrets are in it any more."""

    name: str
    files: Callable[[], Files]
    asks: bool = False


class Gathering:
    """Puts parts into an archive; ``redactor`` sees what the machine says on its way."""

    def __init__(self, archive: Archive, redactor: Redactor, seconds: float) -> None:
        self._archive, self._redactor = archive, redactor
        self._deadline = time.monotonic() + seconds
        self._seconds = seconds
        self._unreachable = ""
        self.notes: list[str] = []

    def take(self, parts: Iterable[Part], tell: Callable[[str], object]) -> None:
        """Gather all parts as far as they can be had; ``tell`` hears which comes next."""
        for part in parts:
            tell(part.name)
            if part.asks and self._unreachable:
                self.notes.append(f"{part.name}: left out, {self._unreachable}")
                continue
            try:
                for name, text in part.files():
                    self._archive.add(name, text if part.asks else self._redactor.text(text))
                    if time.monotonic() > self._deadline:
                        self.notes.append(
                            f"{part.name}: cut off after {self._seconds:.0f} s (--timeout)"
                        )
                        return
            except ApiFailure as failure:
                self.notes.append(self._redactor.text(f"{part.name}: {failure}"))
            except CommandError as error:
                # nobody answers: nothing else is asked, each question would wait again
                self._unreachable = "the API server does not answer"
                self.notes.append(self._redactor.text(f"{part.name}: {error}"))
            except ClusterError as error:
                self.notes.append(self._redactor.text(f"{part.name}: {error}"))
            except Exception as error:
                # what is broken is what a report is made of: the rest is gathered all the same
                said = f"{part.name}: {type(error).__name__}: {error}"
                self.notes.append(self._redactor.text(said))

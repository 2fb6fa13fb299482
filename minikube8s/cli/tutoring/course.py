"""The course: its chapters and steps, read from `steps/*.toml`. Knows no cluster.

What a step has: a sentence in each language; `run`, a command in which `{pod_ip:NAME}` and the like
stand for what exists then (`facts.py`); `file`, a manifest that is shown before; `change`, what is
changed in a file before; `type`, what is typed into the command; `editor`, what a person would do
in the editor; `expect`, what has to be true after it (`checks.py`). `local`: it asks from this
machine, which need not be a node. `fails`: it is refused, and that is the lesson. `excerpt`: which
lines of the output tell, where docs show it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from minikube8s.cli.errors import CommandError

_ROOM = Path(__file__).parent
FILES = _ROOM / "files"
LANGUAGES = ("en", "ko")
_CHANGING = ("apply", "delete", "edit", "set", "rollout undo")


class Change(NamedTuple):
    """`old` becomes `new` in a file of the tutorial's."""

    file: str
    old: str
    new: str

    def applied(self, text: str) -> str:
        """The file's text with the change; the same when it has it already."""
        return text.replace(self.old, self.new)


class Expectation(NamedTuple):
    """One thing that has to be true; what is None or "" does not matter."""

    pods: int | None = None
    """So many pods, all ready."""
    where: str = ""
    """... that this label selector finds."""
    image: str = ""
    """... of this image."""
    there: str = ""
    gone: str = ""
    address: str = ""
    """The Service has an address for the outside; where nobody gives one, that is no failure."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the course; `told` is its sentence by language."""

    id: str
    chapter: str
    run: str
    told: dict[str, str]
    file: str = ""
    change: Change | None = None
    type: tuple[str, ...] = ()
    editor: str = ""
    expect: tuple[Expectation, ...] = ()
    excerpt: tuple[str, ...] = ()
    local: bool = False
    fails: bool = False

    @property
    def changes(self) -> bool:
        """Whether later steps stand on it."""
        words = self.run.partition(" ")[2]
        return not self.fails and words.startswith(_CHANGING)


@dataclass(frozen=True, slots=True)
class Chapter:
    """Steps that start from an empty namespace and the files as they were; `told` is its title."""

    id: str
    told: dict[str, str]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Course:
    """All chapters, in order."""

    chapters: tuple[Chapter, ...]

    @property
    def steps(self) -> list[Step]:
        """All steps, in order."""
        return [step for chapter in self.chapters for step in chapter.steps]

    def part(self, chapter: str) -> Course:
        """The course of one chapter alone. Raises CommandError."""
        found = tuple(one for one in self.chapters if one.id == chapter)
        if not found:
            raise CommandError(
                f"there is no part {chapter!r}; there are "
                + ", ".join(one.id for one in self.chapters)
            )
        return Course(found)

    def chapter_of(self, step: Step) -> Chapter:
        """The chapter that the step belongs to."""
        return next(one for one in self.chapters if one.id == step.chapter)

    def position(self, word: str) -> int:
        """Where the step is that `word` means: its id, its number, or its chapter's id.

        Raises CommandError with the nearest name.
        """
        steps = self.steps
        if word.isdecimal() and 1 <= int(word) <= len(steps):
            return int(word) - 1
        for index, step in enumerate(steps):
            if word in (step.id, step.chapter):
                return index
        import difflib

        names = [name for step in steps for name in (step.id, step.chapter)]
        near = difflib.get_close_matches(word, names, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise CommandError(
            f"there is no step {word!r}: {hint}`mk8s tutorial --list` shows all {len(steps)}"
        )

    def before(self, index: int) -> list[Step]:
        """The steps of the same chapter that the step at `index` stands on."""
        steps = self.steps
        chapter = steps[index].chapter
        return [one for one in steps[:index] if one.chapter == chapter and one.changes]


def load() -> Course:
    """The course as it is written."""
    import tomllib

    files = sorted((_ROOM / "steps").glob("*.toml"))
    return Course(tuple(_chapter(tomllib.loads(file.read_text("utf-8"))) for file in files))


def _chapter(content: dict[str, Any]) -> Chapter:
    name = content["chapter"]
    steps = tuple(_step(name, one) for one in content["steps"])
    return Chapter(name, _told(content), steps)


def _step(chapter: str, given: dict[str, Any]) -> Step:
    told = _told(given)
    rest = {key: value for key, value in given.items() if key not in LANGUAGES}
    for key in ("type", "excerpt"):
        rest[key] = tuple(rest.get(key, ()))
    rest["change"] = Change(**rest["change"]) if "change" in rest else None
    rest["expect"] = tuple(Expectation(**one) for one in rest.get("expect", ()))
    return Step(chapter=chapter, told=told, **rest)


def _told(content: dict[str, Any]) -> dict[str, str]:
    return {language: str(content[language]) for language in LANGUAGES}


def manifest(text: str) -> Sequence[str]:
    """A file's lines as they are shown: without blank lines at the ends."""
    return text.strip("\n").splitlines()

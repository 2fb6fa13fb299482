"""How a step looks on the terminal: its sentence, its file, its command, the picture after it."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

from minikube8s.cli.output import styles
from minikube8s.cli.tutoring.boxes import ASCII, UNICODE, Pen
from minikube8s.cli.tutoring.course import Change, manifest
from minikube8s.cli.tutoring.picture import picture
from minikube8s.cli.tutoring.words import Clause, say, spoken, wrapped
from minikube8s.cli.tutoring.world import World

_WIDTH = 80
_WIDEST = 110


class Screen:
    """Prints in one language, for standard output as it is."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.width = min(styles.width() or _WIDTH, _WIDEST)
        self._last: list[str] = []
        if isinstance(sys.stdout, io.TextIOWrapper):
            # a terminal without Hangul shows marks in its place
            sys.stdout.reconfigure(errors="replace")
        self.pen = UNICODE if "utf" in (sys.stdout.encoding or "").lower() else ASCII

    def title(self, left: str, right: str) -> None:
        """A line across, with something at either end of it."""
        across = self.pen.across * max(
            2, self.width - styles.columns(left) - styles.columns(right) - 8
        )
        line = f"{self.pen.across * 2} {left} {across} {right} {self.pen.across * 2}"
        self.lines("", styles.paint("bold", line))

    def tell(self, text: str, colour: str = "") -> None:
        """Prose, wrapped."""
        for line in wrapped(text, self.width):
            self.lines(styles.paint(colour, line) if colour else line)

    def say(self, key: str, colour: str = "", **values: object) -> None:
        """Words of the tutorial's own."""
        self.tell(say(self.language, key, **values), colour)

    def file(self, name: str, text: str) -> None:
        """A manifest, below its name."""
        self.lines("", f"  {name}")
        bar = styles.paint("dim", f"  {self.pen.down}")
        self.lines(*(f"{bar} {line}".rstrip() for line in manifest(text)))

    def change(self, change: Change) -> None:
        """What is changed in a file, as a diff tells it."""
        self.lines("")
        self.say("changed", file=change.file)
        for sign, colour, text in (("-", "red", change.old), ("+", "green", change.new)):
            self.lines(*(styles.paint(colour, f"  {sign} {line}") for line in manifest(text)))

    def command(self, text: str, typed: Sequence[str]) -> None:
        """The command of a step, and what is to be typed into it."""
        self.lines("", styles.paint("bold", f"$ {text}"))
        if typed:
            self.say("type")
            self.lines(*(f"    {line}" for line in typed))

    def clauses(self, clauses: Sequence[Clause]) -> str:
        """What is missing, in words."""
        return "; ".join(spoken(self.language, clause) for clause in clauses)

    def waiting(self, world: World, clauses: Sequence[Clause]) -> list[str]:
        """What is drawn while a step's end is waited for."""
        return [*self.drawn(world), say(self.language, "waiting", clauses=self.clauses(clauses))]

    def draw(self, world: World) -> None:
        """Print the picture of the world, if it is another than the last one."""
        lines = self.drawn(world)
        if lines and lines != self._last:
            self.lines("", *lines)
        self._last = lines

    def drawn(self, world: World) -> list[str]:
        """The picture of the world, its marks in colours."""
        return [painted(line, self.pen) for line in picture(world, self.width, self.pen)]

    def lines(self, *lines: str) -> None:
        """Lines as they are."""
        print(*lines, sep="\n", flush=True)

    def ask(self, key: str) -> str:
        """What the reader answers: "" for Enter alone, q at the end of the input."""
        try:
            return input(f"{say(self.language, key)} > ").strip().lower()
        except EOFError:
            self.lines("")
            return "q"


def painted(line: str, pen: Pen) -> str:
    """A line of a picture with its marks in colours."""
    if not styles.colourful():
        return line
    for mark, colour in ((pen.good, "green"), (pen.waiting, "yellow"), (pen.bad, "red")):
        line = line.replace(f"{pen.down} {mark} ", f"{pen.down} {styles.paint(colour, mark)} ")
    return line

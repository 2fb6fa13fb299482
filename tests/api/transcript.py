"""Transcripts: shell commands with what they print, per version of the program where it differs.

    == title of a scenario
    $ kubectl create configmap one --from-literal=a=b
    configmap/one created
    $ {1.26-} kubectl events                     only where kubectl is 1.26 or newer
    > --types=Warning                            the command's next line
    ~ No events found in \\S+ namespace\\.         a regular expression for one line
    {-1.27} an older kubectl's line
    ...                                          any lines, or none
    [exit 1]                                     the exit code, where it is not 0

In what is expected, `$NS` is the scenario's namespace, and `<age>`, `<id>`, `<uid>`, `<time>`,
`<ip>` and `<number>` stand for what differs from run to run. Standard output and error are one.
Trailing space, the width of columns and what the program logs about itself do not count. Owns the
form alone: what runs the commands comes in.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field

_PLACEHOLDERS = {
    "age": r"(?:\d+[smhd])+",
    "id": r"[a-z0-9]+",
    "uid": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "ip": r"\d+\.\d+\.\d+\.\d+",
    "number": r"\d+",
}
_LOGGED = re.compile(r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ \S+\.go:\d+\] ")
_RANGE = r"\{(?:1\.(?P<oldest>\d+))?-(?:1\.(?P<newest>\d+))?\}(?: |$)"


@dataclass(frozen=True)
class Line:
    """A line of a transcript, and the minor versions that it is meant for."""

    text: str
    oldest: int
    newest: int

    @classmethod
    def parse(cls, text: str) -> Line:
        """Split what may stand in braces off the text."""
        match = re.match(_RANGE, text)
        if match is None:
            return cls(text, 0, 999)
        oldest, newest = int(match["oldest"] or 0), int(match["newest"] or 999)
        return cls(text[match.end() :], oldest, newest)

    def concerns(self, minor: int) -> bool:
        """Tell whether the line is meant for this version."""
        return self.oldest <= minor <= self.newest


@dataclass
class Step:
    """A command and what it prints."""

    command: Line
    more: list[str] = field(default_factory=list)
    expected: list[Line] = field(default_factory=list)

    @property
    def script(self) -> str:
        """What the shell runs."""
        return "\n".join([self.command.text, *self.more])

    def complaint(self, minor: int, namespace: str, output: str, code: int) -> str:
        """Return how the output differs from what is expected; empty when it does not."""
        lines = [_narrow(line) for line in output.rstrip().splitlines() if not _LOGGED.match(line)]
        if code != 0:
            lines.append(f"[exit {code}]")
        wanted = [
            _narrow(line.text.replace("$NS", namespace))
            for line in self.expected
            if line.concerns(minor)
        ]
        while wanted and not wanted[-1]:
            wanted.pop()
        if re.fullmatch("".join(map(_pattern, wanted)), "".join(f"{line}\n" for line in lines)):
            return ""
        lines = [line.replace(namespace, "$NS") for line in lines]
        wanted = [line.replace(namespace, "$NS") for line in wanted]
        diff = difflib.unified_diff(wanted, lines, "expected", "printed", lineterm="", n=99)
        return "\n".join([f"$ {self.script}", *diff])


@dataclass
class Scenario:
    """Steps that run one after the other in a namespace of their own."""

    title: Line
    steps: list[Step] = field(default_factory=list)

    def steps_of(self, minor: int) -> list[Step]:
        """Return the steps that this version runs."""
        return [step for step in self.steps if step.command.concerns(minor)]


def parse(text: str) -> list[Scenario]:
    """Read a file of scenarios; what stands before the first one is its introduction."""
    scenarios: list[Scenario] = []
    for line in text.splitlines():
        if line.startswith("== "):
            scenarios.append(Scenario(Line.parse(line.removeprefix("== "))))
        elif scenarios:
            _continue(scenarios[-1], line)
    return scenarios


def _continue(scenario: Scenario, line: str) -> None:
    if line.startswith("$ "):
        scenario.steps.append(Step(Line.parse(line.removeprefix("$ "))))
    elif not scenario.steps:
        if line:
            raise ValueError(f"not a step: {line}")
    elif line.startswith("> ") or line == ">":
        if scenario.steps[-1].expected:
            raise ValueError(f"a command goes on after its output: {line}")
        scenario.steps[-1].more.append(line[2:])
    else:
        scenario.steps[-1].expected.append(Line.parse(line.rstrip()))


def _pattern(line: str) -> str:
    if line == "...":
        return r"(?:.*\n)*?"
    if line.startswith("~ "):
        return f"(?:{line.removeprefix('~ ')})\\n"
    return re.sub(r"<([a-z]+)>", _stand_in, re.escape(line)) + r"\n"


def _stand_in(match: re.Match[str]) -> str:
    return _PLACEHOLDERS.get(match[1], match[0])


def _narrow(line: str) -> str:
    return re.sub(r"(?<=\S) {2,}", "  ", line.rstrip())

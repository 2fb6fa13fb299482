"""The form of a scenario: commands with what they print, which can be recorded anew.

    Words about the file.

    == title of a scenario
    # a remark
    nodes add n1 n2
    apply                                    what the command is given follows, indented
      kind: Pod
    advance 10s
    ----
    what they printed, or nothing at all

Commands up to `----` run one after the other; a blank line ends what they printed. Owns the form
alone: what runs the commands comes in.
"""

from __future__ import annotations

import textwrap
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

Perform = Callable[[str, str], Awaitable[str]]
"""Carries out one command with what it is given; returns what it prints."""

RULE = "----"


@dataclass
class Command:
    """A line, and the indented lines below it."""

    line: str
    given: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return textwrap.dedent("\n".join(self.given))


@dataclass
class Step:
    """Commands, with what they printed when they were recorded."""

    remarks: list[str] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)

    def render(self) -> str:
        lines = list(self.remarks)
        for command in self.commands:
            lines += [command.line, *command.given]
        if self.commands:
            lines += [RULE, *self.printed]
        return "\n".join(lines)


@dataclass
class Scenario:
    """Steps that one cluster goes through."""

    title: str
    steps: list[Step] = field(default_factory=list)

    def render(self) -> str:
        return "\n\n".join([f"== {self.title}\n{self.steps[0].render()}", *self._rest()])

    def _rest(self) -> list[str]:
        return [step.render() for step in self.steps[1:]]


@dataclass
class File:
    """What a file holds."""

    introduction: str
    scenarios: list[Scenario]

    def render(self) -> str:
        parts = [self.introduction.strip(), *(one.render() for one in self.scenarios)]
        return "\n\n".join(part for part in parts if part) + "\n"


def parse(text: str) -> File:
    """Read a file. Raises ValueError for what is no step."""
    introduction, *chapters = ("\n" + text).split("\n== ")
    return File(introduction, [_scenario(one) for one in chapters])


def _scenario(text: str) -> Scenario:
    title, _, body = text.partition("\n")
    scenario = Scenario(title.strip())
    step, printing = Step(), False
    for line in body.splitlines():
        if printing and line:
            step.printed.append(line)
        elif line == RULE:
            printing = True
        elif not line:
            if printing or step.remarks or step.commands:
                scenario.steps.append(step)
            step, printing = Step(), False
        elif line.startswith("#") and not step.commands:
            step.remarks.append(line)
        elif line.startswith(" "):
            if not step.commands:
                raise ValueError(f"{title}: nothing is given this: {line}")
            step.commands[-1].given.append(line)
        else:
            step.commands.append(Command(line))
    if step.remarks or step.commands:
        scenario.steps.append(step)
    return scenario


async def play(scenario: Scenario, perform: Perform) -> Scenario:
    """Return the scenario with what its commands print now."""
    played = Scenario(scenario.title)
    for step in scenario.steps:
        printed: list[str] = []
        for command in step.commands:
            answer = await perform(command.line, command.text)
            printed += [line.rstrip() for line in answer.splitlines() if line.strip()]
        played.steps.append(Step(step.remarks, step.commands, printed))
    return played

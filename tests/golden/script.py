"""Scripts that mk8s and kubectl both play, and what of their output has to be the same.

    == title of a scenario
    % k apply -f $OBJECTS/web.yaml      a line of shell that makes ready; `k` is kubectl for both
    $ get pods -o wide                  what is compared: `k` with this line of shell after it
    > --show-labels                     the command's next line
    ~ stderr: reason                    above a command: where the two differ, and why

A scenario runs in two fresh namespaces, one for each program, whose names are in `$NS`; cluster
objects have to be called after it. The same must be the exit code, standard output, and what is
said on standard error: all of it after success, and its class after a failure: `Error from server
(NotFound)`, `The Pod "x" is invalid`, or any other error. A difference that is declared has to be
there. Owns the form alone: what runs the commands comes in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

PARTS = ("exit", "stdout", "stderr")
_CLASS = re.compile(r"Error from server \(\w+\)|The .* is invalid")
_BROKEN = ("Traceback", "mk8s itself failed")
_PROGRAM = re.compile(r"\bkubectl\b(?!\.kubernetes)")
_VOLATILE = (
    # what differs from run to run, and the spaces that fill its column
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<uid>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"), "<time>"),
    (re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"), "<time>"),
    # no age: three digits and an m, such as 250m of a CPU
    (re.compile(r"(?<![\w.-])(?!\d{3,}m\b)(?:\d+[smhd])+(?![\w.-]) *"), "<age> "),
    (re.compile(r"(?<![\w.])10\.\d+\.\d+\.\d+ *"), "<ip> "),
    (re.compile(r"\bIP {2,}"), "IP   "),
    (re.compile(r"(?i)(resource-?version\"?:? *\"?)\d+"), r"\1<number>"),
    (re.compile(r"\b3[0-2]\d{3}\b *"), "<port> "),
    (re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{5}\b(?!-)"), "-<id>"),
)


@dataclass
class Step:
    """A line, whether it is compared, and the differences that are declared: part -> reason."""

    text: str
    compared: bool
    differs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Scenario:
    """Steps that belong together."""

    title: str
    steps: list[Step]


@dataclass(frozen=True)
class Outcome:
    """What one program did with one step."""

    code: int
    stdout: str
    stderr: str


def parse(text: str) -> list[Scenario]:
    """Every scenario in ``text``. Raises ValueError for a line that means nothing."""
    found: list[Scenario] = []
    differs: dict[str, str] = {}
    for line in text.splitlines():
        mark, _, rest = line.partition(" ")
        if mark == "==":
            found.append(Scenario(rest.strip(), []))
        elif mark in {"%", "$"}:
            found[-1].steps.append(Step(rest, mark == "$", differs))
            differs = {}
        elif mark == ">":
            found[-1].steps[-1].text += "\n" + rest
        elif mark == "~":
            part, _, reason = rest.partition(": ")
            if part not in PARTS or not reason:
                raise ValueError(f"a difference is PART: REASON, PART one of {PARTS}: {line}")
            differs[part] = reason
        elif line.strip() and not line.startswith("#"):
            raise ValueError(f"this line means nothing: {line}")
    return found


def complaint(step: Step, kubectl: Outcome, ours: Outcome) -> str:
    """How the two outcomes differ against what the step declares; empty when they do not."""
    pairs = {
        "exit": (str(kubectl.code), str(ours.code)),
        "stdout": (kubectl.stdout, ours.stdout),
        "stderr": (_told(kubectl), _told(ours)),
    }
    said = [f"mk8s broke:\n{ours.stderr}"] * any(word in ours.stderr for word in _BROKEN)
    for part, (wanted, got) in pairs.items():
        if wanted != got and part not in step.differs:
            said.append(f"{part} differs:\n-- kubectl\n{wanted}\n-- mk8s\n{got}")
        elif wanted == got and part in step.differs:
            said.append(f"{part} does not differ any more: take the mark away")
    if said and "stderr" not in step.differs:
        said.append(f"-- kubectl's stderr\n{kubectl.stderr}-- mk8s' stderr\n{ours.stderr}")
    return "\n".join(said)


def settled(text: str, namespace: str) -> str:
    """``text`` without what differs from run to run, and in the name of one program."""
    text = _PROGRAM.sub("mk8s", text.replace(namespace, "$NS"))
    for pattern, stands in _VOLATILE:
        text = pattern.sub(stands, text)
    return text


def _told(outcome: Outcome) -> str:
    """What has to be the same of standard error; of a failure its class."""
    if outcome.code == 0:
        return outcome.stderr
    found = _CLASS.search(outcome.stderr)
    return found[0] if found else "error" * bool(outcome.stderr)

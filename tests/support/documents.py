"""What the documents have readers type, and where they lead. Pure.

Commands stand after a prompt (`$`, `#`, `master$`) in blocks of `console`, and between backquotes
in the text, where they may be cut short (`mk8s join … --replace`).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)
_FENCED = re.compile(r"^```.*?^```$", re.M | re.S)
_PROMPT = re.compile(r"(?:[a-z]+\d?)?[$#] +(?=\S)")
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_COMMENT = re.compile(r"\s{2,}# .*$", re.M)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CHOICE = re.compile(r"[\w-]+(?:\|[\w-]+)+")
_BREAKS = re.compile(r"[();<>|&]+")
_PROGRAMS = frozenset({"mk8s", "kubectl"})


class Typed(NamedTuple):
    """A call of mk8s or kubectl: its words behind the program's name, and the line that has it.

    `cut`: it is named in passing or has an ellipsis, so words that it needs may be missing.
    """

    words: list[str]
    line: str
    cut: bool = False


def shown(text: str) -> list[str]:
    """What blocks of `console` have a reader type, each line whole, without prompt and comment."""
    lines = []
    for block in _BLOCK.findall(text):
        rest = iter(block.splitlines())
        for line in rest:
            if prompt := _PROMPT.match(line):
                whole = line[prompt.end() :]
                while _open(whole):
                    whole += "\n" + next(rest)
                lines.append(_COMMENT.sub("", whole))
    return lines


def typed(text: str) -> Iterator[Typed]:
    """Every call of mk8s or kubectl in `text`."""
    for line in shown(text):
        for words in _calls(line):
            yield _typed(words, line, cut="…" in words)
    for span in spans(text):
        for one in _each(span) if span.partition(" ")[0] in _PROGRAMS else ():
            for words in _calls(one):
                yield _typed(words, span, cut=True)


def spans(text: str) -> list[str]:
    """What stands between backquotes, outside of blocks."""
    return [" ".join(span.split()) for span in _SPAN.findall(_FENCED.sub("", text))]


def rows(text: str) -> Iterator[list[list[str]]]:
    """The rows of the tables in `text`: the spans of each of their cells."""
    for line in text.splitlines():
        if line.startswith("| "):
            yield [_SPAN.findall(cell) for cell in line.strip("|").split(" | ")]


def links(text: str) -> list[str]:
    """Where the links of `text` lead that stay in the project."""
    return [link for link in _LINK.findall(text) if "://" not in link]


def anchors(text: str) -> set[str]:
    """What links can name of `text` behind a `#`: its headings, as GitHub spells them."""
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", text), re.M)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def _typed(words: list[str], line: str, *, cut: bool) -> Typed:
    return Typed([word for word in words if word != "…"], line, cut)


def _open(line: str) -> bool:
    """Whether `line` goes on, for a quote in it does not end."""
    try:
        shlex.split(line, comments=True)
    except ValueError:
        return True
    return line.endswith("\\")


def _calls(line: str) -> Iterator[list[str]]:
    """The calls in a line of a shell, also those behind pipes and within `$(…)`."""
    reader = shlex.shlex(line, posix=True, punctuation_chars=True)
    reader.whitespace_split = True
    call: list[str] = []
    for word in [*reader, ";"]:
        if _BREAKS.fullmatch(word):
            yield from _known(call)
            call = []
        else:
            call.append(word)


def _known(call: list[str]) -> Iterator[list[str]]:
    """The words behind mk8s or kubectl, whatever starts it: sudo, ssh, a loop."""
    for at, word in enumerate(call):
        if word.rpartition("/")[2] in _PROGRAMS:
            yield call[at + 1 :]
            return


def _each(span: str) -> Iterator[str]:
    """The calls that `mk8s lab cut|heal` stands for."""
    choice = _CHOICE.search(span)
    if choice is None:
        yield span
        return
    for one in choice[0].split("|"):
        yield from _each(span[: choice.start()] + one + span[choice.end() :])

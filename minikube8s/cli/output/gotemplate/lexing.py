"""From a template's text to texts and actions, and from an action to its words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from minikube8s.cli.output.gotemplate.errors import TemplateError

_COMMENT = re.compile(r"\{\{(- )?/\*.*?\*/( -)?\}\}", re.DOTALL)
_WORD = re.compile(
    r"""(?P<space>\s+)
    |(?P<text>"(?:[^"\\\n]|\\.)*")
    |(?P<raw>`[^`]*`)
    |(?P<char>'(?:[^'\\\n]|\\.[^']*)')
    |(?P<number>[-+]?(?:0[xX][0-9a-fA-F_]+|\d[\d_]*(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+))
    |(?P<field>\.[^\W\d]\w*)
    |(?P<dot>\.)
    |(?P<variable>\$\w*)
    |(?P<word>[^\W\d]\w*)
    |(?P<sign>:=|[=|(),])""",
    re.VERBOSE,
)


class Word:
    """One word of an action: of which kind, and how it is written."""

    __slots__ = ("kind", "text")

    def __init__(self, kind: str, text: str) -> None:
        self.kind = kind
        self.text = text


def pieces(text: str) -> Iterator[str | list[Word]]:
    """The texts and the actions' words, in order. Raises TemplateError."""
    at, trim = 0, False
    while at <= len(text):
        opened = text.find("{{", at)
        before = text[at:] if opened < 0 else text[at:opened]
        if trim:
            before = before.lstrip()
        trims = opened >= 0 and text.startswith("{{-", opened) and text[opened + 3 :][:1].isspace()
        if before := before.rstrip() if trims else before:
            yield before
        if opened < 0:
            return
        if found := _COMMENT.match(text, opened):
            at, trim = found.end(), bool(found[2])
            continue
        words, at, trim = _action(text, opened + (3 if trims else 2))
        yield words


def _action(text: str, at: int) -> tuple[list[Word], int, bool]:
    """The words of the action that begins at ``at``, where it ends, and whether it trims there."""
    words: list[Word] = []
    while True:
        if text.startswith("}}", at):
            return words, at + 2, False
        if text.startswith("-}}", at) and words and words[-1].kind == "space":
            return words, at + 3, True
        if at >= len(text):
            raise TemplateError("unclosed action")
        found = _WORD.match(text, at)
        if found is None:
            raise TemplateError(_bad(text[at]))
        words.append(Word(str(found.lastgroup), found.group()))
        at = found.end()


def _bad(char: str) -> str:
    if char == '"':
        return "unterminated quoted string"
    if char in "{}":
        return f'unexpected "{char}" in command'
    return f"bad character U+{ord(char):04X} {char!r}"

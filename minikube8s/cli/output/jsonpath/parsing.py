"""From a template's text to blocks of text, actions and ranges. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from minikube8s.cli.output.goquotes import unescaped
from minikube8s.cli.output.jsonpath.errors import JsonPathError
from minikube8s.cli.output.jsonpath.nodes import (
    Action,
    Block,
    Field,
    Filter,
    Literal,
    Node,
    Range,
    Recursive,
    Slice,
    Text,
    Union,
    Unknown,
    Wildcard,
)

_ENDS_A_WORD = frozenset(".,[]$@{}")
_KEY = re.compile(r"'([^']*)'")
_SLICE = re.compile(r"(-?\d*)(:-?\d*)?(:-?\d*)?")
_CONDITION = re.compile(r"([^!<>=]+)([!<>=]+)(.+)", re.DOTALL)


def parse(text: str) -> list[Block]:
    """The blocks of a template. Raises JsonPathError."""
    return list(_nested(iter(list(_pieces(text)))))


def _pieces(text: str) -> Iterator[Block]:
    """Text and actions in their order; ranges are not nested yet."""
    at = 0
    while at < len(text):
        opened = text.find("{", at)
        if opened != at:
            yield Text(text[at:] if opened < 0 else text[at:opened])
        if opened < 0:
            return
        reader = _Reader(text, opened + 1)
        yield Action(reader.action())
        at = reader.at


def _nested(pieces: Iterator[Block], *, inside: bool = False) -> Iterator[Block]:
    for piece in pieces:
        word = _first_word(piece)
        if word == "range" and isinstance(piece, Action):
            yield Range(piece.nodes[1:], list(_nested(pieces, inside=True)))
        elif word == "end" and inside:
            return
        else:
            yield piece


def _first_word(piece: Block) -> str:
    if isinstance(piece, Action) and piece.nodes and isinstance(piece.nodes[0], Unknown):
        return piece.nodes[0].name
    return ""


def _path(text: str) -> list[Node]:
    return _Reader(text + "}", 0).action()


class _Reader:
    """Reads one action, from behind its brace; ``at`` is then behind its closing brace."""

    def __init__(self, text: str, at: int) -> None:
        self.text = text
        self.at = at

    def action(self) -> list[Node]:
        nodes: list[Node] = []
        while True:
            char = self.text[self.at : self.at + 1]
            if char == "}":
                self.at += 1
                return nodes
            nodes += self._node(char)

    def _node(self, char: str) -> list[Node]:
        if self.text.startswith("[?(", self.at):
            return [self._filter()]
        if self.text.startswith("..", self.at):
            return self._recursive()
        if char in {"", "\r", "\n"}:
            raise JsonPathError("unclosed action")
        if char in {"+", "-"} or char.isdigit():
            return [self._number()]
        if char == "_" or char.isalnum():
            return [self._word()]
        return self._marked(char)

    def _marked(self, char: str) -> list[Node]:
        """What a sign says of that which follows it."""
        self.at += 1
        if char == "[":
            return self._brackets()
        if char in {'"', "'"}:
            return [self._quoted(char)]
        if char == ".":
            return [self._field()]
        if char in {" ", "@", "$"}:
            return []
        raise JsonPathError(f"unrecognized character in action: U+{ord(char):04X} {char!r}")

    def _recursive(self) -> list[Node]:
        self.at += 2
        if self.text.startswith("..", self.at):
            raise JsonPathError("invalid multiple recursive descent")
        char = self.text[self.at : self.at + 1]
        if char == "_" or char.isalnum():
            return [Recursive(), self._field()]
        return [Recursive()]

    def _field(self) -> Node:
        name = []
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "\\" and self.at + 1 < len(self.text):
                self.at += 1
                char = self.text[self.at]
            elif char in _ENDS_A_WORD or char.isspace():
                break
            name.append(char)
            self.at += 1
        found = "".join(name)
        return Wildcard() if found == "*" else Field(found)

    def _word(self) -> Node:
        begin = self.at
        while self.at < len(self.text) and not (
            self.text[self.at] in _ENDS_A_WORD or self.text[self.at].isspace()
        ):
            self.at += 1
        name = self.text[begin : self.at]
        return Literal(name == "true") if name in {"true", "false"} else Unknown(name)

    def _number(self) -> Node:
        found = re.compile(r"[-+]?[\d.]*").match(self.text, self.at)
        assert found is not None
        self.at = found.end()
        for kind in (int, float):
            try:
                return Literal(kind(found.group()))
            except ValueError:
                continue
        raise JsonPathError(f"cannot parse number {found.group()}")

    def _quoted(self, quote: str) -> Node:
        begin = self.at
        while self.text[self.at : self.at + 1] != quote or self.text[self.at - 1] == "\\":
            if self.text[self.at : self.at + 1] in {"", "\n"}:
                raise JsonPathError("unterminated quoted string")
            self.at += 1
        inner = self.text[begin : self.at]
        self.at += 1
        try:
            return Literal(unescaped(inner))
        except ValueError as error:
            raise JsonPathError(f"unquote error {error}") from None

    def _brackets(self) -> list[Node]:
        end = self.text.find("]", self.at)
        if end < 0 or "\n" in self.text[self.at : end]:
            raise JsonPathError("unterminated array")
        inner = self.text[self.at : end]
        self.at = end + 1
        return _choice(inner)

    def _filter(self) -> Node:
        self.at += 3
        begin, depth, quote = self.at, 0, ""
        while True:
            char = self.text[self.at : self.at + 1]
            if char in {"", "\n"}:
                raise JsonPathError("unterminated filter")
            if quote:
                quote = "" if char == quote and self.text[self.at - 1] != "\\" else quote
            elif char in {'"', "'"}:
                quote = char
            elif char == "(":
                depth += 1
            elif char == ")":
                if depth == 0:
                    break
                depth -= 1
            self.at += 1
        inner = self.text[begin : self.at]
        self.at += 1
        if not self.text.startswith("]", self.at):
            raise JsonPathError("unclosed array expect ]")
        self.at += 1
        found = _CONDITION.fullmatch(inner)
        if found is None:
            return Filter(_path(inner), "", [])
        left, operator, right = found.groups()
        return Filter(_path(left), operator, _path(right))


def _choice(inner: str) -> list[Node]:
    """What stands between brackets: keys, indexes, ranges of indexes, or several of these."""
    parts = inner.split(",")
    if len(parts) > 1:
        return [Union([_choice(part.strip(" ")) for part in parts])]
    if found := _KEY.fullmatch(inner):
        return _path("." + found.group(1))
    found = _SLICE.fullmatch(":" if inner == "*" else inner)
    if found is None:
        raise JsonPathError(f"invalid array index {inner}")
    start, end, step = found.groups()
    single = end is None
    return [Slice(_index(start), _index(end), _index(step), single=single)]


def _index(text: str | None) -> int | None:
    digits = (text or "").removeprefix(":")
    try:
        return int(digits) if digits else None
    except ValueError:
        raise JsonPathError(f"array index {digits} is not a number") from None

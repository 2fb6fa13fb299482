"""What a parsed template is made of."""

from __future__ import annotations

from typing import Any


class Constant:
    """A text, a number, true or false."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class Nil:
    """The word nil."""

    __slots__ = ()


class Dot:
    """`.`: what the template is at."""

    __slots__ = ()


class Variable:
    """`$` or `$name`."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Function:
    """A function's name."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Chain:
    """Fields of something: `.a.b`, `$x.a`, `(…).a`."""

    __slots__ = ("base", "fields")

    def __init__(self, base: Operand, fields: list[str]) -> None:
        self.base = base
        self.fields = fields


class Pipe:
    """Commands, each of which gets what the one before came to; and the variables it is put in."""

    __slots__ = ("commands", "declares", "text", "variables")

    def __init__(
        self, commands: list[list[Operand]], variables: list[str], *, declares: bool, text: str
    ) -> None:
        self.commands = commands
        self.variables = variables
        self.declares = declares
        self.text = text


Operand = Constant | Nil | Dot | Variable | Function | Chain | Pipe


class Text:
    """What stands outside of braces."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Output:
    """`{{pipeline}}`."""

    __slots__ = ("pipe",)

    def __init__(self, pipe: Pipe) -> None:
        self.pipe = pipe


class Branch:
    """`if`, `with` or `range`, as ``word`` says."""

    __slots__ = ("body", "other", "pipe", "word")

    def __init__(self, word: str, pipe: Pipe, body: list[Node], other: list[Node]) -> None:
        self.word = word
        self.pipe = pipe
        self.body = body
        self.other = other


class Call:
    """`{{template "name" pipeline}}`."""

    __slots__ = ("name", "pipe")

    def __init__(self, name: str, pipe: Pipe | None) -> None:
        self.name = name
        self.pipe = pipe


class Jump:
    """`break` or `continue`."""

    __slots__ = ("word",)

    def __init__(self, word: str) -> None:
        self.word = word


Node = Text | Output | Branch | Call | Jump

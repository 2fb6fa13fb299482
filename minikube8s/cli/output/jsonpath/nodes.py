"""What a parsed template is made of. Plain classes: a light command pays for importing this."""

from __future__ import annotations


class Field:
    """`.name`."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Wildcard:
    """`.*`: every value of a map or list."""

    __slots__ = ()


class Recursive:
    """`..`: a value and all maps, lists and texts in it, but empty ones."""

    __slots__ = ()


class Slice:
    """`[start:end:step]`, or `[start]` where ``single``."""

    __slots__ = ("end", "single", "start", "step")

    def __init__(
        self, start: int | None, end: int | None, step: int | None, *, single: bool
    ) -> None:
        self.start = start
        self.end = end
        self.step = step
        self.single = single


class Union:
    """`[a,b]`: what each part finds, one after the other."""

    __slots__ = ("parts",)

    def __init__(self, parts: list[list[Node]]) -> None:
        self.parts = parts


class Filter:
    """`[?(left operator right)]`; without an operator: whether ``left`` finds anything."""

    __slots__ = ("left", "operator", "right")

    def __init__(self, left: list[Node], operator: str, right: list[Node]) -> None:
        self.left = left
        self.operator = operator
        self.right = right


class Literal:
    """A quoted text, a number, true or false."""

    __slots__ = ("value",)

    def __init__(self, value: str | float | bool) -> None:
        self.value = value


class Unknown:
    """A word of its own, which only `range` and `end` may be."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


Node = Field | Wildcard | Recursive | Slice | Union | Filter | Literal | Unknown


class Text:
    """What stands outside of braces."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Action:
    """One `{…}`."""

    __slots__ = ("nodes",)

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes


class Range:
    """`{range …}` to its `{end}`, or to the template's."""

    __slots__ = ("body", "nodes")

    def __init__(self, nodes: list[Node], body: list[Block]) -> None:
        self.nodes = nodes
        self.body = body


Block = Text | Action | Range

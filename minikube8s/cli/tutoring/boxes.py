"""Boxes of plain text, and how they stand: one in another, beside and above each other. Pure.

A block is a list of lines of one and the same width.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

Block = list[str]


class Pen(NamedTuple):
    """The characters that pictures are drawn with."""

    top_left: str
    top_right: str
    bottom_left: str
    bottom_right: str
    across: str
    down: str
    arrow_down: str
    arrow_right: str
    cut: str
    good: str
    waiting: str
    bad: str


UNICODE = Pen("┌", "┐", "└", "┘", "─", "│", "▼", "→", "…", "●", "◌", "✗")
ASCII = Pen("+", "+", "+", "+", "-", "|", "v", "->", "~", "*", "o", "!")


def fitted(pen: Pen, text: str, width: int) -> str:
    """`text` in at most `width` columns, what is cut marked; nothing in it moves the cursor."""
    text = "".join(one if one.isprintable() else "?" for one in text)
    if pen.across.isascii():
        text = text.encode("ascii", "replace").decode()
    return text if len(text) <= width else text[: max(width - 1, 0)] + pen.cut[: max(width, 0)]


def box(pen: Pen, title: str, body: Sequence[str], width: int) -> Block:
    """A box around `body`, at most `width` (8 or more) wide, with its title in the upper edge."""
    inside = width - 4
    lines = [fitted(pen, line, inside) for line in body]
    title = fitted(pen, title, inside)
    wide = max([len(title), *map(len, lines)])
    top = f"{pen.top_left} {title} {pen.across * (wide - len(title))}{pen.top_right}"
    bottom = f"{pen.bottom_left}{pen.across * (wide + 2)}{pen.bottom_right}"
    return [top, *(f"{pen.down} {line:<{wide}} {pen.down}" for line in lines), bottom]


def above(blocks: Sequence[Block]) -> Block:
    """`blocks` below each other, at the left."""
    wide = max((len(line) for block in blocks for line in block), default=0)
    return [line.ljust(wide) for block in blocks for line in block]


def beside(blocks: Sequence[Block], width: int) -> Block:
    """`blocks` beside each other, one blank between, in as many rows as `width` asks for."""
    rows: list[list[Block]] = []
    for block in blocks:
        taken = sum(len(one[0]) + 1 for one in rows[-1]) if rows else width
        if not rows or taken + len(block[0]) > width:
            rows.append([])
        rows[-1].append(block)
    return above([_row(row) for row in rows])


def _row(blocks: Sequence[Block]) -> Block:
    high = max(map(len, blocks))
    filled = [block + [" " * len(block[0])] * (high - len(block)) for block in blocks]
    return [" ".join(parts) for parts in zip(*filled, strict=True)]

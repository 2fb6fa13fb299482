"""Go's quoted texts, which its templates and JSONPath have in common. Pure."""

from __future__ import annotations

import re

_ESCAPE = re.compile(
    r"""\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|.|$)""",
    re.DOTALL,
)
_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def unquoted(text: str) -> str:
    """What a text in quotes says. Raises ValueError."""
    inner = text[1:-1]
    return inner if text[0] == "`" else unescaped(inner)


def unescaped(text: str) -> str:
    """``text`` with its escape sequences replaced. Raises ValueError."""
    return _ESCAPE.sub(_meant, text)


def _meant(found: re.Match[str]) -> str:
    letter, *codes = found.groups()
    if letter:
        return _LETTERS.get(letter, letter)
    for code, base in zip(codes, (16, 16, 16, 8), strict=True):
        if code:
            try:
                return chr(int(code, base))
            except ValueError:
                break
    raise ValueError("invalid syntax")

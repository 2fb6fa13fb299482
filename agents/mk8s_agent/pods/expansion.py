"""`$(NAME)` in values, commands and arguments. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"\$\$|\$\(([^)]*)\)")


def expand(text: str, values: Mapping[str, str]) -> str:
    """Put values in place of references.

    A name ends at the first closing parenthesis. Unknown ones stay as they are, and `$$` is one
    dollar sign.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return "$"
        return values.get(name, match[0])

    return _REFERENCE.sub(value, text)


def missing(text: str, values: Mapping[str, str]) -> list[str]:
    """The names that `text` refers to and that have no value."""
    return [name for name in _REFERENCE.findall(text) if name and name not in values]

"""`$(NAME)` in values, commands and arguments. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"\$\$|\$\(([^()]*)\)")


def expand(text: str, values: Mapping[str, str]) -> str:
    """Put values in place of references.

    Unknown ones stay as they are, and `$$` is one dollar sign.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return "$"
        return values.get(name, match[0])

    return _REFERENCE.sub(value, text)

"""Go's Sprint and Sprintf. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

from minikube8s.cli.output.jsonpath import wording

_VERB = re.compile(r"%([-+# 0]*)(\d+)?(?:\.(\d*))?(.|$)", re.DOTALL)
_WIDEST = 10_000
"""Characters that one value is filled up to at most: a template must not eat the memory."""


def sprint(*values: Any) -> str:
    """The values, with blanks between two of which neither is a text."""
    pieces = []
    for number, value in enumerate(values):
        if number and not isinstance(value, str) and not isinstance(values[number - 1], str):
            pieces.append(" ")
        pieces.append(wording.plain(value))
    return "".join(pieces)


def sprintln(*values: Any) -> str:
    """The values on one line, with blanks between them."""
    return " ".join(map(wording.plain, values)) + "\n"


def printf(form: Any, *values: Any) -> str:
    """``form`` with its verbs replaced; what does not fit is told in place, as Go does."""
    left = list(values)

    def fill(found: re.Match[str]) -> str:
        flags, width, precision, verb = found.groups()
        if verb == "%":
            return "%"
        if not verb:
            return "%!(NOVERB)"
        if not left:
            return f"%!{verb}(MISSING)"
        size = min(int(width or 0), _WIDEST)
        digits = None if precision is None else min(int(precision or 0), _WIDEST)
        return _filled(_shown(verb, flags, size, digits, left.pop(0)), flags, size)

    text = _VERB.sub(fill, wording.plain(form))
    if left:
        extra = ", ".join(f"{wording.kind(value)}={wording.plain(value)}" for value in left)
        text += f"%!(EXTRA {extra})"
    return text


def _shown(verb: str, flags: str, size: int, digits: int | None, value: Any) -> str:
    shown: str | None = None
    if verb == "v":
        shown = wording.plain(value)
    elif verb == "T":
        shown = wording.kind(value)
    elif isinstance(value, bool):
        shown = str(value).lower() if verb == "t" else None
    elif isinstance(value, str):
        shown = _of_text(verb, digits, value)
    elif isinstance(value, int) and verb in "dxXobcU":
        shown = _of_number(verb, flags, size, value)
    elif isinstance(value, float) and verb in "feEgG":
        zero = "0" if "0" in flags and "-" not in flags else ""
        plus = "+" if "+" in flags else ""
        if verb in "gG" and digits is None:
            shown = wording.plain(value)
        else:
            precision = 6 if digits is None else digits
            shown = f"{value:{plus}{zero}{size if zero else ''}.{precision}{verb}}"
    if value is None and verb not in "vT":
        return f"%!{verb}(<nil>)"
    if shown is None:
        return f"%!{verb}({wording.kind(value)}={wording.plain(value)})"
    return shown


def _of_text(verb: str, digits: int | None, value: str) -> str | None:
    cut = value if digits is None else value[:digits]
    if verb == "s":
        return cut
    if verb == "q":
        return json.dumps(cut, ensure_ascii=False)
    return cut.encode().hex() if verb == "x" else None


def _of_number(verb: str, flags: str, size: int, value: int) -> str:
    if verb == "U":
        return f"U+{value:04X}"
    if verb == "c":
        return chr(value) if 0 <= value < 0x110000 else "\ufffd"
    sign = "+" if "+" in flags else " " if " " in flags else ""
    mark = "#" if "#" in flags else ""
    zero = f"0{size}" if "0" in flags and "-" not in flags and size else ""
    return f"{value:{sign}{mark}{zero}{verb}}"


def _filled(text: str, flags: str, size: int) -> str:
    return text.ljust(size) if "-" in flags else text.rjust(size)

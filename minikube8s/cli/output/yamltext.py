"""Objects as YAML, to the letter as kubectl prints them. Pure.

A writer of our own, because PyYAML folds, quotes and sorts otherwise than Go's library, and takes
longer to load than a whole `get`. Of YAML it knows what JSON can say.
"""

from __future__ import annotations

import re
from functools import cmp_to_key, lru_cache
from typing import Any

from minikube8s.cli.output.jsonpath.wording import number

_WIDTH = 80
_LONGEST_KEY = 128
_WORDS = frozenset(
    word
    for lower in ("y", "n", "yes", "no", "on", "off", "true", "false", "null")
    for word in (lower, lower.capitalize(), lower.upper())
) | {"~", ".nan", ".NaN", ".NAN"}
"""What YAML 1.1 takes for something else than text."""
_NUMBER = re.compile(
    r"[-+]?(0[bB][01]+|0[oO][0-7]+|0[xX][0-9a-fA-F]+)$"
    r"|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"
    r"|[-+]?\.(inf|Inf|INF)$"
)
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$")
_TIME = re.compile(
    r"\d{4}-(0?[1-9]|1[0-2])-(0?[1-9]|[12]\d|3[01])"
    r"([Tt]\d\d?:\d\d?:\d\d?(\.\d+)?(Z|[-+]\d\d:\d\d)| \d\d?:\d\d?:\d\d?(\.\d+)?)?$"
)
_SPECIAL = re.compile("[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]")
_BREAK = re.compile("[\r\n\x85\u2028\u2029]")
_NOT_PLAIN = re.compile(r"[#,\[\]{}&*!|>'\"%@` ]|---|\.\.\.|[-?:]( |$)|.*(:( |$)| #| $)")
_ESCAPES = {
    "\0": "0", "\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r",
    "\x1b": "e", '"': '"', "\\": "\\", "\x85": "N", "\u2028": "L", "\u2029": "P",
}  # fmt: skip


def dump(value: dict[str, Any]) -> str:
    """The object as block-style YAML; ends with a newline."""
    lines: list[str] = []
    if value:
        _mapping(lines, "", value, 0)
    else:
        lines.append("{}")
    return "\n".join([*lines, ""])


def _mapping(lines: list[str], lead: str, value: dict[str, Any], indent: int) -> None:
    """The lines of a mapping; ``lead`` is what its first line begins with."""
    pad = " " * indent
    for key in _ordered(tuple(value)):
        item = value[key]
        head = _head(lead, key, indent)
        lead = pad
        if isinstance(item, dict) and item:
            lines.append(head)
            _mapping(lines, pad + "  ", item, indent + 2)
        elif isinstance(item, list) and item:
            lines.append(head)
            _sequence(lines, pad, item, indent)
        else:
            _scalar(lines, head + " ", item, indent + 2)


def _sequence(lines: list[str], lead: str, value: list[Any], indent: int) -> None:
    for item in value:
        head = f"{lead}- "
        lead = " " * indent
        if isinstance(item, dict) and item:
            _mapping(lines, head, item, indent + 2)
        elif isinstance(item, list) and item:
            _sequence(lines, head, item, indent + 2)
        else:
            _scalar(lines, head, item, indent + 2)


def _scalar(lines: list[str], head: str, value: Any, indent: int) -> None:
    if isinstance(value, str):
        style = _style(value)
        if style == "|":
            lines += _literal(head, value, indent)
            return
        text = _quoted(value, style)
        if len(head) + len(text) > _WIDTH and " " in text:
            text = _folded(text, len(head), indent, style)
        lines.append(head + text)
    elif isinstance(value, bool):
        lines.append(head + ("true" if value else "false"))
    elif isinstance(value, float):
        lines.append(head + _float(value))
    elif value is None:
        lines.append(head + "null")
    else:
        lines.append(f"{head}{value}")


def _float(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e21 else number(value)


def _head(lead: str, key: str, indent: int) -> str:
    """What stands before a key's value: `key:`, or `? key` and a colon below where it is long."""
    style = _style(key)
    if len(key.encode()) <= _LONGEST_KEY and not _BREAK.search(key):
        return f"{lead}{_quoted(key, style)}:"
    lines: list[str] = []
    _scalar(lines, lead + "? ", key, indent + 2)
    return "\n".join([*lines, " " * indent + ":"])


@lru_cache(8192)
def _style(text: str) -> str:
    """How a text is written: plain (an empty word), in either quotes, or in lines (`|`)."""
    if _SPECIAL.search(text):
        return '"'
    if "\n" in text:
        return '"' if " \n" in text or text.endswith(" ") else "|"
    if not text or _is_something_else(text):
        return '"'
    return "'" if _NOT_PLAIN.match(text) else ""


def _is_something_else(text: str) -> bool:
    if text in _WORDS:
        return True
    if text[0] not in "-+.0123456789":
        return False
    return bool(
        _NUMBER.match(text.replace("_", "")) or _SEXAGESIMAL.match(text) or _TIME.match(text)
    )


@lru_cache(8192)
def _quoted(text: str, style: str) -> str:
    if style == "'":
        return "'" + text.replace("'", "''") + "'"
    if style == '"':
        return '"' + "".join(map(_escaped, text)) + '"'
    return text


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return "\\" + _ESCAPES[char]
    if not _SPECIAL.match(char):
        return char
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


def _literal(head: str, text: str, indent: int) -> list[str]:
    hint = "2" if text[0] in " \n" else ""
    keep = "-"
    if text.endswith("\n"):
        keep = "+" if text == "\n" or text.endswith("\n\n") else ""
    body = text.removesuffix("\n").split("\n")
    pad = " " * indent
    return [f"{head}|{hint}{keep}", *(pad + line if line else "" for line in body)]


def _folded(text: str, column: int, indent: int, style: str) -> str:
    """The text with line breaks for single spaces beyond the width."""
    pieces, begin = [], 0
    end = len(text) - 1 - len(style)
    at = text.find(" ", 1)
    while 0 < at < end:
        alone = text[at - 1] != " " and (style == '"' or text[at + 1] != " ")
        if alone and at > len(style) and column + at - begin > _WIDTH:
            pieces.append(text[begin:at])
            begin, column = at + 1, indent
            if text[begin] == " ":
                text = f"{text[:begin]}\\{text[begin:]}"
                end += 1
        at = text.find(" ", at + 1)
    return ("\n" + " " * indent).join([*pieces, text[begin:]])


@lru_cache(4096)
def _ordered(keys: tuple[str, ...]) -> list[str]:
    """Keys in Go's order for YAML: numbers count as such, other signs come before letters."""
    joined = "".join(keys)
    if joined.isalpha() or len(keys) == 1:
        return sorted(keys)
    return sorted(keys, key=cmp_to_key(_compared))


def _compared(one: str, other: str) -> int:
    for at, (a, b) in enumerate(zip(one, other, strict=False)):
        if a == b:
            continue
        if a.isalpha() and b.isalpha():
            return -1 if a < b else 1
        if a.isalpha() or b.isalpha():
            return -1 if b.isalpha() else 1
        return _numerically(one, other, at)
    return len(one) - len(other)


def _numerically(one: str, other: str, at: int) -> int:
    """Compare from where two keys differ first, neither in a letter."""
    ours, theirs = (re.compile(r"\d*").match(text, at) for text in (one, other))
    assert ours is not None
    assert theirs is not None
    before = re.search(r"\d*$", one[:at])
    ahead = "1" if before and before.group().strip("0") and "0" in (one[at], other[at]) else "0"
    a, b = int(ahead + ours.group()), int(ahead + theirs.group())
    if a != b:
        return -1 if a < b else 1
    if ours.end() != theirs.end():
        return -1 if ours.end() < theirs.end() else 1
    return -1 if one[at] < other[at] else 1

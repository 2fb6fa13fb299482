"""Values as Go prints them: kubectl's output is made of these. Pure."""

from __future__ import annotations

import json
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

_KINDS = {bool: "bool", int: "int64", float: "float64", str: "string", type(None): "<nil>"}


def text(value: Any) -> str:
    """A value in a template's output: texts as they are, maps and lists as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return number(value)
    return compact(value)


def compact(value: Any) -> str:
    """One line of JSON, with what could be HTML escaped."""
    return _escaped(
        json.dumps(_whole(value), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    )


def indented(value: Any) -> str:
    """JSON in lines, as `-o json` has it: by hand, as Python's encoder is slow when it indents."""
    return _escaped(_lines(value, "\n"))


def plain(value: Any) -> str:
    """A value as messages show it: `map[a:1 b:[x y]]`."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{plain(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(plain, value)) + "]"
    return "<nil>" if value is None else text(value)


def kind(value: Any) -> str:
    """The name of a value's type."""
    if isinstance(value, dict):
        return "map[string]interface {}"
    return _KINDS.get(type(value), "[]interface {}")


def number(value: float) -> str:
    """The shortest text of a float, with an exponent from a million on."""
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    shown = "".join(map(str, digits))
    power = len(digits) - 1 + int(exponent)
    minus = "-" if sign else ""
    if value and not -5 < power < 6:
        rest = f".{shown[1:]}" if len(shown) > 1 else ""
        return f"{minus}{shown[0]}{rest}e{'-' if power < 0 else '+'}{abs(power):02d}"
    return minus + _positional(shown, power)


def _positional(digits: str, power: int) -> str:
    if power < 0:
        return "0." + "0" * (-power - 1) + digits
    whole = digits[: power + 1].ljust(power + 1, "0")
    rest = digits[power + 1 :]
    return f"{whole}.{rest}" if rest else whole


def _lines(value: Any, lead: str) -> str:
    """A value in lines that begin with ``lead``."""
    inner = f"{lead}    "
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, dict) and value:
        pairs = [f"{encode_basestring(key)}: {_lines(value[key], inner)}" for key in sorted(value)]
        return f"{{{inner}{f',{inner}'.join(pairs)}{lead}}}"
    if isinstance(value, list | tuple) and value:
        items = [_lines(item, inner) for item in value]
        return f"[{inner}{f',{inner}'.join(items)}{lead}]"
    return json.dumps(_whole(value))


def _whole(value: Any) -> Any:
    """The value with whole floats as whole numbers: Go writes 1, not 1.0."""
    if isinstance(value, float):
        return int(value) if value == int(value) and abs(value) < 1e21 else value
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return value


def _escaped(encoded: str) -> str:
    for char in "<>&\u2028\u2029":
        if char in encoded:
            encoded = encoded.replace(char, f"\\u{ord(char):04x}")
    return encoded

"""The functions that templates may call. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikube8s.cli.output.gotemplate.errors import TemplateError
from minikube8s.cli.output.gotemplate.formatting import printf, sprint, sprintln
from minikube8s.cli.output.jsonpath import wording

MISSING: Any = type("Missing", (), {"__slots__": ()})()
"""What a map gives for a key that it does not have."""


def true(value: Any) -> bool:
    """Whether a value counts as true: what is empty does not."""
    return value is not MISSING and bool(value)


def known(value: Any) -> Any:
    """The value, nil where it is missing."""
    return None if value is MISSING else value


def _index(item: Any, *keys: Any) -> Any:
    for key in keys:
        if item is None or item is MISSING:
            raise TemplateError("index of untyped nil")
        if isinstance(item, dict):
            if not isinstance(key, str):
                raise TemplateError(f"value has type {wording.kind(key)}; should be string")
            item = item.get(key, MISSING)
        elif isinstance(item, list | str):
            if not isinstance(key, int) or isinstance(key, bool):
                raise TemplateError(f"cannot index slice/array with type {wording.kind(key)}")
            if not 0 <= key < len(item):
                raise TemplateError(f"index out of range: {key}")
            item = item.encode()[key] if isinstance(item, str) else item[key]
        else:
            raise TemplateError(f"can't index item of type {wording.kind(item)}")
    return item


def _slice(item: Any, *ends: Any) -> Any:
    if not isinstance(item, list | str):
        raise TemplateError(f"can't slice item of type {wording.kind(item)}")
    begin, end = (*ends, *(0, len(item))[len(ends) :])[:2]
    for bound in (begin, end):
        if not isinstance(bound, int) or not 0 <= bound <= len(item):
            raise TemplateError(f"index out of range: {wording.plain(bound)}")
    if begin > end:
        raise TemplateError(f"invalid slice index: {begin} > {end}")
    return item[begin:end]


def _len(item: Any) -> int:
    if isinstance(item, str):
        return len(item.encode())
    if isinstance(item, dict | list):
        return len(item)
    raise TemplateError(
        "len of nil pointer" if item is None else f"len of type {wording.kind(item)}"
    )


def _eq(first: Any, *others: Any) -> bool:
    if not others:
        raise TemplateError("missing argument for comparison")
    for other in others:
        if isinstance(first, dict | list) or isinstance(other, dict | list):
            raise TemplateError(f"non-comparable type: {wording.kind(first)}")
        if None not in (first, other) and type(first) is not type(other):
            raise TemplateError("incompatible types for comparison")
    return any(type(first) is type(other) and first == other for other in others)


def _lt(first: Any, other: Any) -> bool:
    for value in (first, other):
        if not isinstance(value, int | float | str) or isinstance(value, bool):
            raise TemplateError("invalid type for comparison")
    if type(first) is not type(other):
        raise TemplateError("incompatible types for comparison")
    return bool(first < other)


def _le(first: Any, other: Any) -> bool:
    return _lt(first, other) or _eq(first, other)


def _said(values: tuple[Any, ...]) -> str:
    """What is made safe for other languages: the values as they would be shown."""
    return sprint(*("<no value>" if value is None else value for value in values))


def _html(*values: Any) -> str:
    text = _said(values).replace("&", "&amp;")
    for char, entity in (("'", "&#39;"), ('"', "&#34;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(char, entity)
    return text


def _js(*values: Any) -> str:
    quoted = {"\\": "\\\\", "'": "\\'", '"': '\\"'}
    return "".join(
        quoted.get(char) or (f"\\u{ord(char):04X}" if char in "<>&=" or char < " " else char)
        for char in _said(values)
    )


def _urlquery(*values: Any) -> str:
    from urllib.parse import quote_plus

    return quote_plus(_said(values), safe="~")


def _base64decode(text: Any) -> str:
    import base64

    try:
        return base64.b64decode(text, validate=True).decode(errors="replace")
    except (ValueError, TypeError):
        raise TemplateError("base64 decode failed: this is not base64") from None


def _exists(item: Any, *keys: Any) -> bool:
    try:
        return _index(item, *keys) is not MISSING
    except TemplateError:
        return False


def _call(function: Any, *_: Any) -> None:
    raise TemplateError(f"non-function of type {wording.kind(function)}")


TABLE: dict[str, tuple[Callable[..., Any], int, int | None]] = {
    "not": (lambda value: not true(value), 1, 1),
    "len": (_len, 1, 1),
    "index": (_index, 1, None),
    "slice": (_slice, 1, 3),
    "print": (sprint, 0, None),
    "println": (sprintln, 0, None),
    "printf": (printf, 1, None),
    "eq": (_eq, 1, None),
    "ne": (lambda one, other: not _eq(one, other), 2, 2),
    "lt": (_lt, 2, 2),
    "le": (_le, 2, 2),
    "gt": (lambda one, other: not _le(one, other), 2, 2),
    "ge": (lambda one, other: not _lt(one, other), 2, 2),
    "html": (_html, 0, None),
    "js": (_js, 0, None),
    "urlquery": (_urlquery, 0, None),
    "call": (_call, 1, None),
    "base64decode": (_base64decode, 1, 1),
    "exists": (_exists, 1, None),
}
"""The function of a name, and how many arguments it takes at least and at most."""
LAZY = ("and", "or")
"""Those that look at no more arguments than they must."""
NAMES = frozenset((*TABLE, *LAZY))


def called(name: str, arguments: list[Any]) -> Any:
    """What a function comes to. Raises TemplateError."""
    function, least, most = TABLE[name]
    count = len(arguments)
    if count < least or (most is not None and count > most):
        wanted = f"{least}" if least == most else f"at least {least}"
        raise TemplateError(f"wrong number of args for {name}: want {wanted} got {count}")
    try:
        return function(*map(known, arguments))
    except TemplateError as error:
        raise TemplateError(f"error calling {name}: {error}") from None

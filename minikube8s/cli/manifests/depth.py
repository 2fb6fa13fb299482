"""Owns how deep YAML may be: its parser in C recurses, and ends the program somewhere."""

from __future__ import annotations

import re
from typing import Any

import yaml

DEEPEST = 1000
_BRACKETS = re.compile(r"[\[\]{}]")
_DASHES = re.compile(rf"(?:[-?] +){{{DEEPEST}}}")
_INDENT = "\n" + " " * DEEPEST


def check(text: str, loader: Any) -> None:
    """Raise RecursionError for a text of more than DEEPEST levels. A look is enough for most."""
    if not _perhaps_deep(text):
        return
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise RecursionError


def _perhaps_deep(text: str) -> bool:
    if _INDENT in text or _DASHES.search(text):
        return True
    if text.count("[") + text.count("{") <= DEEPEST:
        return False
    depth = 0
    for bracket in _BRACKETS.finditer(text):
        # those in words count, too: it is only whether a second look pays
        depth += 1 if bracket[0] in "[{" else -1
        if depth > DEEPEST:
            return True
    return False

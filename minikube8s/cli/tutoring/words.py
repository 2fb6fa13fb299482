"""What the tutorial itself says, in each language; the steps' sentences are in `steps/`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from minikube8s.cli.output import styles


class Clause(NamedTuple):
    """Something to be said: a key of `words.toml`, and what its places are filled with."""

    key: str
    values: Mapping[str, object] = {}


def say(language: str, key: str, **values: object) -> str:
    """The words for `key`, with every place filled."""
    return _all()[key][language].format(**values)


def spoken(language: str, clause: Clause) -> str:
    """The clause in words."""
    return say(language, clause.key, **clause.values)


def of_reader() -> str:
    """The language that the reader's environment asks for, English where it is another."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return "ko" if os.environ[name].startswith("ko") else "en"
    return "en"


def wrapped(text: str, width: int) -> list[str]:
    """The words of `text` in lines of at most `width` columns; a longer word has its own line."""
    lines: list[str] = []
    for word in text.split():
        if lines and styles.columns(lines[-1]) + 1 + styles.columns(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


@cache
def _all() -> dict[str, dict[str, str]]:
    import tomllib

    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))

"""Owns `--record`: the line that changed an object, kept as the cause of the change.

`rollout history` shows the annotation kubernetes.io/change-cause of each revision.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

CHANGE_CAUSE = "kubernetes.io/change-cause"
_HIDDEN = ("token", "password", "docker-password")


def recorded(context: click.Context, obj: dict[str, Any], wanted: bool) -> dict[str, Any]:
    """``obj`` with this call's line as its change's cause, or as it is where none is ``wanted``."""
    if not wanted:
        return obj
    metadata = obj.get("metadata") or {}
    annotations = dict(metadata.get("annotations") or {})
    annotations[CHANGE_CAUSE] = cause(context, sys.argv[1:])
    return {**obj, "metadata": {**metadata, "annotations": annotations}}


def warn(wanted: bool) -> None:
    """Say what kubectl says of the flag, where it is given."""
    if wanted:
        click.echo(
            "Flag --record has been deprecated, --record will be removed in the future", err=True
        )


def cause(context: click.Context, line: Sequence[str]) -> str:
    """``line``, the words after `mk8s`, as kubectl records it: words first, then `--flag=value`.

    What opens doors is left out.
    """
    words: list[str] = ["mk8s"]
    flags: list[str] = []
    for name, value in _read(_options(context), line):
        if not name:
            words.append(value)
        else:
            flags.append(f"--{name}={'<hidden>' if name in _HIDDEN else value}")
    return " ".join(words + flags)


def _read(options: Mapping[str, click.Option], line: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each flag's long name with its value, and each other word with an empty name."""
    rest = iter(line)
    for word in rest:
        if word == "--":
            yield from (("", after) for after in rest)
            return
        name, equals, value = word.partition("=")
        option = options.get(name)
        if option is None and word.startswith("-") and not word.startswith("--") and word != "-":
            name, value = word[:2], word[2:].removeprefix("=")
            option = options.get(name)
            equals = value
        if option is None:
            yield "", word
            continue
        long = max(option.opts, key=len).lstrip("-")
        implied = "true" if option.is_flag else getattr(option, "implied", None)
        yield long, value if equals else implied or next(rest, "")


def _options(context: click.Context) -> dict[str, click.Option]:
    found: dict[str, click.Option] = {}
    at: click.Context | None = context
    while at is not None:
        for param in at.command.params:
            if isinstance(param, click.Option):
                found = dict.fromkeys((*param.opts, *param.secondary_opts), param) | found
        at = at.parent
    return found

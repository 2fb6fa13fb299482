"""How kubectl reads a line, which is how Go's pflag does, put in click's terms. Pure.

Where the two differ: flags may be given a value (`--wait=false`), short flags a value after `=`
(`-o=yaml`), and some flags have a value that they imply (`--dry-run`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import click

from minikube8s.cli.errors import CommandError

_TRUTH = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}


class Implied(click.Option):
    """An option that may stand without a value (``--dry-run``) and then has the value ``implied``.

    A value is given after ``=`` only, as with kubectl.
    """

    def __init__(self, *args: Any, implied: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.implied = implied


def first_word(params: Iterable[click.Parameter], args: Sequence[str]) -> int:
    """Where in the line the first word stands that is no flag and no flag's value."""
    options = {name: param for param in params for name in param.opts}
    rest = iter(enumerate(args))
    for at, word in rest:
        if word in {"-", "--"} or not word.startswith("-"):
            return at
        option = options.get(word)
        if isinstance(option, click.Option) and not (
            option.is_flag or option.count or isinstance(option, Implied)
        ):
            next(rest, None)
    return len(args)


def rewritten(
    params: Iterable[click.Parameter], args: Sequence[str]
) -> tuple[list[str], list[str]]:
    """The line in click's terms, and the names of flags that it sets to false."""
    options = {name: param for param in params for name in param.opts}
    line: list[str] = []
    refused: list[str] = []
    rest = iter(args)
    for word in rest:
        if word == "--":
            line += [word, *rest]
            break
        name, equals, value = word.partition("=")
        option = options.get(name)
        if isinstance(option, Implied):
            line.append(word if equals else f"{word}={option.implied}")
        elif isinstance(option, click.Option) and option.is_flag and equals:
            if value.lower() not in _TRUTH:
                raise CommandError(f'invalid argument "{value}" for "{name}" flag: true or false')
            if _TRUTH[value.lower()]:
                line.append(name)
            else:
                refused.append(str(option.name))
        elif isinstance(option, click.Option) and equals and len(name) == 2:
            line.append(name + value)
        else:
            line.append(word)
            if isinstance(option, click.Option) and not (option.is_flag or option.count or equals):
                line += [value for value in (next(rest, None),) if value is not None]
    return line, refused

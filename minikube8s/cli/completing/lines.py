"""What has been typed so far: which verb, its arguments and flags, which word. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import click

from minikube8s.cli.pflag import Implied


class Line:
    """A line that is not finished.

    `path` are the verb and its sub-commands, `words` the arguments behind them, `flags` the values
    of flags by their long names. `current` is the word that is being typed; `flag` is whose value
    it is, and `lead` what of the word stands before that value (`--namespace=`).
    """

    def __init__(self, command: click.Command) -> None:
        self.command = command
        self.path: tuple[str, ...] = ()
        self.words: list[str] = []
        self.flags: dict[str, list[str]] = {}
        self.current = self.lead = ""
        self.flag: click.Option | None = None
        self.dashed = False


def read(root: click.Group, words: Sequence[str]) -> Line:
    """The line of `words`, of which the last one, perhaps empty, is being typed."""
    line = Line(root)
    known = options_of(root)
    rest = iter(words[:-1])
    pending: click.Option | None = None
    for word in rest:
        if pending is not None:
            _keep(line, pending, word)
            pending = None
        elif line.dashed or not word.startswith("-") or word == "-":
            if not line.dashed and _descend(line, word):
                known |= options_of(line.command)
            else:
                line.words.append(word)
        elif word == "--":
            line.dashed = True
        else:
            pending = _flag(line, known, word)
    line.current = words[-1] if words else ""
    line.flag = pending
    if pending is None and line.current.startswith("--") and not line.dashed:
        name, equals, value = line.current.partition("=")
        found = known.get(name)
        if equals and found is not None and not found.is_flag:
            line.flag, line.lead, line.current = found, f"{name}=", value
    return line


def options_of(command: click.Command) -> dict[str, click.Option]:
    """The flags of a command by each of their names."""
    return {
        name: param
        for param in command.params
        if isinstance(param, click.Option)
        for name in param.opts
    }


def long_name(option: click.Option) -> str:
    """A flag's longest name without its dashes."""
    return max(option.opts, key=len).lstrip("-")


def _descend(line: Line, word: str) -> bool:
    """Go into the sub-command that `word` names, if it names one."""
    if line.words or not isinstance(line.command, click.Group):
        return False
    context = click.Context(line.command, resilient_parsing=True)
    found = line.command.get_command(context, word)
    if found is None:
        return False
    line.command, line.path = found, (*line.path, found.name or word)
    return True


def _flag(line: Line, known: dict[str, click.Option], word: str) -> click.Option | None:
    """Take a flag in; it is returned where its value is the next word."""
    name, equals, value = word.partition("=")
    option = known.get(name)
    if option is None and not word.startswith("--"):
        # -nblue, -it
        option, value, equals = known.get(word[:2]), word[2:].removeprefix("="), "="
        if option is not None and option.is_flag:
            return None
    if option is None or option.count or isinstance(option, Implied):
        return None
    if option.is_flag:
        if value != "false":
            _keep(line, option, "true")
        return None
    if not equals:
        return option
    _keep(line, option, value)
    return None


def _keep(line: Line, option: click.Option, value: str) -> None:
    line.flags.setdefault(long_name(option), []).append(value)

"""What is said of a line that is wrong: kubectl's words, and where to look."""

from __future__ import annotations

import click


def exit_code(error: click.UsageError) -> int:
    """The exit code for ``error``: 1, unless its verb has another (`command.Verb`)."""
    return getattr(error.ctx.command, "usage_code", 1) if error.ctx else 1


def sentence(error: click.UsageError) -> str:
    """``error`` as kubectl words it, and where to look."""
    where = error.ctx.command_path if error.ctx else "mk8s"
    return f"error: {_usage(error)}\nSee '{where} --help' for usage."


def _usage(error: click.UsageError) -> str:
    if isinstance(error, click.NoSuchOption):
        name = error.option_name
        if not name.startswith("--"):
            return f"unknown shorthand flag: '{name[-1]}' in {name}"
        near = f" (did you mean {error.possibilities[0]}?)" if error.possibilities else ""
        return f"unknown flag: {name}{near}"
    if isinstance(error, click.BadOptionUsage):
        return f"flag needs an argument: {error.option_name}"
    if isinstance(error, click.MissingParameter):
        return _missing(error)
    if isinstance(error, click.BadParameter) and isinstance(error.param, click.Option):
        flags = ", ".join(error.param.opts)
        return f'invalid argument for "{flags}" flag: {error.message.rstrip(".")}'
    return error.format_message().rstrip(".")


def _missing(error: click.MissingParameter) -> str:
    param = error.param
    if isinstance(param, click.Option):
        return f'required flag(s) "{max(param.opts, key=len).lstrip("-")}" not set'
    return f"missing {param.make_metavar(error.ctx) if param and error.ctx else 'argument'}"

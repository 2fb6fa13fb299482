"""Owns what a verb is: a click command that reads its line as kubectl does (`pflag`).

The flags that say which cluster is meant may stand anywhere in the line (`globalflags`).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import click

from minikube8s.cli import pflag
from minikube8s.cli.errors import CommandError
from minikube8s.cli.globalflags import global_options

_DASH = "mk8s.after_dash"


class Verb(click.Command):
    """A command that takes the global flags, too, and reads its line by kubectl's rules."""

    usage_code = 1
    """The exit code for a line that is wrong."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        taken = {name for param in self.params for name in (*param.opts, *param.secondary_opts)}
        self.params += [
            option for option in global_options() if not taken.intersection(option.opts)
        ]

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Read the line. Raises click.UsageError, CommandError."""
        words, refused = pflag.rewritten(self.params, args)
        if "--" in words:
            context.meta[_DASH] = words[words.index("--") + 1 :]
        try:
            rest = super().parse_args(context, words)
        except click.UsageError as error:
            error.ctx = error.ctx or context
            raise
        _refuse(context, self.params, refused)
        return rest

    def get_short_help_str(self, limit: int = 45) -> str:
        """What the help of a group says of it: its first sentence, without the example."""
        told = self.short_help or (self.help or "").split("\n\n")[0]
        first = " ".join(told.split()).partition(": `")[0].partition(". ")[0]
        return first if first.endswith(".") else f"{first}."

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Say where the global flags are told."""
        super().format_epilog(context, formatter)
        formatter.write_paragraph()
        formatter.write_text(
            'Use "mk8s options" for a list of global flags (they apply to all verbs).'
        )


class Group(click.Group):
    """A verb of several: `mk8s rollout status`."""

    command_class = Verb
    group_class = type

    def __init__(
        self,
        *args: Any,
        aliases: Mapping[str, str] | None = None,
        modules: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        """``aliases``: other names of sub-commands, which the help does not list.

        ``modules``: where those are that are imported when they are called, under their names.
        """
        kwargs |= {"no_args_is_help": False, "invoke_without_command": True}
        super().__init__(*args, **kwargs)
        self.params += global_options()
        self.aliases = aliases or {}
        self.modules = modules or {}

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Read the flags before the sub-command; its own line is read by itself."""
        at = pflag.first_word(self.params, args)
        words, _ = pflag.rewritten(self.params, args[:at])
        return super().parse_args(context, [*words, *args[at:]])

    def list_commands(self, context: click.Context) -> list[str]:
        """Every sub-command."""
        return sorted([*super().list_commands(context), *self.modules])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The sub-command of this name."""
        name = self.aliases.get(name, name)
        if name in self.modules:
            found: click.Command = getattr(importlib.import_module(self.modules[name]), name)
            return found
        return super().get_command(context, name)

    def invoke(self, context: click.Context) -> Any:
        """Call the sub-command; without one, tell which there are."""
        if not context.args and not context._protected_args:
            click.echo(context.get_help())
            return 0 if context.parent is None else 1
        return super().invoke(context)

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The sub-command that ``args`` name. Raises CommandError with the nearest one."""
        if self.get_command(context, args[0]) is None:
            near = self.nearest(context, args[0])
            means = "\n\nDid you mean this?\n" + "\n".join(f"\t{name}" for name in near)
            raise CommandError(
                f'unknown command "{args[0]}" for "{context.command_path}"'
                + (means if near else f"\nSee '{context.command_path} --help' for what there is.")
            )
        return super().resolve_command(context, args)

    def nearest(self, context: click.Context, name: str) -> list[str]:
        """The sub-commands that are spelt about as ``name`` is."""
        import difflib

        return difflib.get_close_matches(name, self.list_commands(context), 3, 0.6)


class ActingGroup(Group):
    """A verb that acts itself and has sub-commands besides: `mk8s create -f x`, `create job x`."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Read the line: that of a sub-command where a word of it names one."""
        at = self._sub_command(context, args)
        if at is not None:
            context._protected_args, context.args = [args[at]], [*args[:at], *args[at + 1 :]]
            return context.args
        context.allow_extra_args, context.allow_interspersed_args = False, True
        words, refused = pflag.rewritten(self.params, args)
        try:
            rest = click.Command.parse_args(self, context, words)
        except click.UsageError as error:
            error.ctx = error.ctx or context
            raise
        _refuse(context, self.params, refused)
        return rest

    def invoke(self, context: click.Context) -> Any:
        """Call the sub-command, else the verb itself."""
        if not context._protected_args:
            return click.Command.invoke(self, context)
        args = [*context._protected_args, *context.args]
        name, found, rest = self.resolve_command(context, args)
        assert found is not None
        with found.make_context(name, rest, parent=context) as inner:
            return found.invoke(inner)

    def _sub_command(self, context: click.Context, args: Sequence[str]) -> int | None:
        """Where in the line the name of a sub-command stands; values of flags are none."""
        at = pflag.first_word(self.params, args)
        known = [*self.list_commands(context), *self.aliases]
        return at if at < len(args) and args[at] in known else None


def verb(name: str, **kwargs: Any) -> Callable[[Callable[..., Any]], Verb]:
    """Make the function the verb ``name``."""
    return click.command(name, cls=Verb, **kwargs)


def group(name: str, **kwargs: Any) -> Callable[[Callable[..., Any]], Group]:
    """Make the function a verb of several; its sub-commands come by ``@function.command``."""
    return click.group(name, cls=Group, **kwargs)


def acting_group(name: str, **kwargs: Any) -> Callable[[Callable[..., Any]], ActingGroup]:
    """Make the function a verb that acts itself and has sub-commands, too."""
    return click.group(name, cls=ActingGroup, **kwargs)


def after_dash(context: click.Context) -> list[str] | None:
    """The words after `--`; None where the line has no `--`."""
    found: list[str] | None = context.meta.get(_DASH)
    return found


def _refuse(context: click.Context, params: Iterable[click.Parameter], names: list[str]) -> None:
    """Set flags to false; those of the session are false where nothing sets them."""
    kept = {param.name for param in params if param.expose_value}
    context.params.update({name: False for name in names if name in kept})

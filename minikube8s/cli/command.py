"""Owns what a verb is: a click command that reads its line as kubectl does.

kubectl's rules (those of Go's pflag) where click's differ: flags may be given a value
(`--wait=false`), short flags a value after `=` (`-o=yaml`), some flags have a value that they imply
(`--dry-run`), and the flags that say which cluster is meant may stand anywhere in the line.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import click

from minikube8s.cli.errors import CommandError
from minikube8s.cli.output import styles
from minikube8s.cli.session import Session

_DASH = "mk8s.after_dash"
_TRUTH = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}


class Implied(click.Option):
    """An option that may stand without a value (``--dry-run``) and then has the value ``implied``.

    A value is given after ``=`` only, as with kubectl.
    """

    def __init__(self, *args: Any, implied: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.implied = implied


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
        line, refused = _rewritten(self.params, args)
        if "--" in line:
            context.meta[_DASH] = line[line.index("--") + 1 :]
        try:
            rest = super().parse_args(context, line)
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
        at = _first_word(self.params, args)
        line, _ = _rewritten(self.params, args[:at])
        return super().parse_args(context, [*line, *args[at:]])

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
        line, refused = _rewritten(self.params, args)
        try:
            rest = click.Command.parse_args(self, context, line)
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
        at = _first_word(self.params, args)
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


def global_options() -> list[click.Option]:
    """The flags that every verb takes, anywhere in the line; their values go to the session."""
    return [
        _global("-n", "--namespace", metavar="NAME", help="The namespace to act in."),
        _global("--context", metavar="NAME", help="The kubeconfig's context to use."),
        _global("--cluster", metavar="NAME", help="The kubeconfig's cluster to use."),
        _global("--user", metavar="NAME", help="The kubeconfig's user to be."),
        _global("-s", "--server", metavar="URL", help="The address of the API server."),
        _global("--kubeconfig", metavar="FILE", help="Talk to the cluster of this kubeconfig."),
        _global("--home", metavar="DIR", help="The cluster's directory (MK8S_HOME)."),
        _global("--token", metavar="TOKEN", help="Bearer token to be known by."),
        _global("--username", metavar="NAME", help="Name for basic authentication."),
        _global("--password", metavar="WORD", help="Password for basic authentication."),
        _global("--client-certificate", metavar="FILE", help="Certificate to be known by."),
        _global("--client-key", metavar="FILE", help="The certificate's key."),
        _global("--certificate-authority", metavar="FILE", help="Whom to trust."),
        _global("--tls-server-name", metavar="NAME", help="Whom the server's certificate is for."),
        _global("--insecure-skip-tls-verify", is_flag=True, help="Trust whoever answers."),
        _global("--as", metavar="USER", help="Act as another user."),
        _global("--as-group", metavar="GROUP", multiple=True, help="… in these groups."),
        _global("--as-uid", metavar="UID", help="… with this uid."),
        _global(
            "--request-timeout",
            metavar="TIME",
            help="How long one request may take: 5s, 2m; 0: as long as usual.",
        ),
        _global(
            "-v", "--v", metavar="LEVEL", type=int, help="6 to 9: show what goes to the server."
        ),
        _global("--disable-compression", is_flag=True, help="Let the server send all unpacked."),
        _global("--cache-dir", metavar="DIR", help="Taken as kubectl takes it; nothing is kept."),
        _global("--warnings-as-errors", is_flag=True, help="Fail where the server warns."),
        _global("--match-server-version", is_flag=True, help="Taken as kubectl takes it."),
        *(
            _global(name, metavar="VALUE", help="Taken as kubectl takes it; does nothing.")
            for name in ("--log-flush-frequency", "--profile", "--profile-output", "--vmodule")
        ),
        _global(
            "--color",
            metavar="WHEN",
            type=click.Choice(["auto", "always", "never"]),
            help="auto: on a terminal, unless NO_COLOR is set.",
        ),
        _global("--debug", is_flag=True, help="Show where in mk8s an error came from."),
    ]


def usage_code(error: click.UsageError) -> int:
    """The exit code for ``error``: 1, unless that says something else of its verb."""
    return error.ctx.command.usage_code if error.ctx and isinstance(error.ctx.command, Verb) else 1


def usage_sentence(error: click.UsageError) -> str:
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


def _global(*names: str, **kwargs: Any) -> click.Option:
    return click.Option(names, expose_value=False, hidden=True, callback=_keep, **kwargs)


def _keep(context: click.Context, param: click.Parameter, value: Any) -> None:
    session = context.find_object(Session)
    if session is not None and value not in (None, False, ()):
        session.flags[str(param.name)] = value
        if param.name == "color":
            styles.Choice.when = value


def _first_word(params: Iterable[click.Parameter], args: Sequence[str]) -> int:
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


def _refuse(context: click.Context, params: Iterable[click.Parameter], names: list[str]) -> None:
    """Set flags to false; those of the session are false where nothing sets them."""
    kept = {param.name for param in params if param.expose_value}
    context.params.update({name: False for name in names if name in kept})


def _rewritten(
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

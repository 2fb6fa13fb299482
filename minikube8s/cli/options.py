"""The options that several verbs share, spelt as kubectl spells them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from minikube8s.cli.durations import Duration
from minikube8s.cli.errors import CommandError
from minikube8s.cli.kustomizing import Kustomization
from minikube8s.cli.pflag import Implied

F = TypeVar("F", bound=Callable[..., Any])
_KUSTOMIZATION = "mk8s.kustomization"
_TEMPLATE = "mk8s.template"


def all_namespaces(command: F) -> F:
    """`-A/--all-namespaces`."""
    return click.option("-A", "--all-namespaces", is_flag=True, help="Act in every namespace.")(
        command
    )


def selector(command: F) -> F:
    """`-l/--selector` and `--field-selector`."""
    command = click.option("-l", "--selector", default="", help="Label selector, like app=web.")(
        command
    )
    return click.option("--field-selector", default="", help="Field selector, like a.b=c.")(command)


def filenames(command: F) -> F:
    """`-f/--filename`, `-k/--kustomize` (which comes as a filename, too) and `-R/--recursive`."""
    command = click.option(
        "-f",
        "--filename",
        "filenames",
        multiple=True,
        callback=_with_kustomization,
        help="File, folder, URL, or - for stdin.",
    )(command)
    command = click.option(
        "-k",
        "--kustomize",
        metavar="DIR",
        is_eager=True,
        expose_value=False,
        callback=_keep_kustomization,
        help="A folder with a kustomization.",
    )(command)
    return click.option(
        "-R",
        "--recursive",
        is_flag=True,
        callback=_without_kustomization,
        help="Go into folders' folders.",
    )(command)


def output(command: F) -> F:
    """`-o/--output` of a verb that changes objects, as ``form``; `--template` is a part of it."""
    command = click.option(
        "-o",
        "--output",
        "form",
        default="",
        callback=_with_template,
        help="Print the object: json, yaml, name or jsonpath.",
    )(command)
    return click.option(
        "--template",
        metavar="TEXT",
        is_eager=True,
        expose_value=False,
        callback=_keep_template,
        help="The template of -o jsonpath, or its file.",
    )(command)


def dry_run(command: F) -> F:
    """`--dry-run`, ``none``, ``client`` or ``server``."""
    return click.option(
        "--dry-run",
        cls=Implied,
        implied="client",
        type=click.Choice(["none", "client", "server"]),
        default="none",
        help="client: only say what would be sent; server: let the server try it.",
    )(command)


def field_manager(command: F) -> F:
    """`--field-manager`, the name under which the fields that are written are kept."""
    return click.option(
        "--field-manager", metavar="NAME", default="", help="Who writes, in managedFields."
    )(command)


def record(command: F) -> F:
    """`--record`, deprecated but used everywhere: keep the command line as the cause."""
    return click.option(
        "--record", is_flag=True, help="Keep this line in kubernetes.io/change-cause (deprecated)."
    )(command)


def validate(command: F) -> F:
    """`--validate`, what becomes of unknown and duplicate fields."""
    return click.option(
        "--validate",
        cls=Implied,
        implied="strict",
        type=click.Choice(["strict", "true", "warn", "ignore", "false"]),
        default="strict",
        help="Of unknown or duplicate fields: strict refuses, warn tells, ignore drops them.",
    )(command)


def managed_fields(command: F) -> F:
    """`--show-managed-fields`, as ``managers``."""
    return click.option(
        "--show-managed-fields",
        "managers",
        is_flag=True,
        help="Leave metadata.managedFields in what -o json or yaml prints.",
    )(command)


def writing(command: F) -> F:
    """What every verb takes that writes objects: how, in whose name, and what it prints."""
    for option in (field_manager, record, dry_run, output, managed_fields):
        command = option(command)
    return command


def deletion(force: str) -> Callable[[F], F]:
    """`--cascade`, `--grace-period`, `--timeout` and `--force`, which does what `force` says."""
    return lambda command: _deletion(command, force)


def _deletion(command: F, force: str) -> F:
    for option in (
        click.option(
            "--timeout", type=Duration(), default="0s", help="How long to wait; 0s: a week."
        ),
        click.option("--force", is_flag=True, help=force),
        click.option(
            "--grace-period", type=int, default=-1, help="Seconds for a pod to end by itself."
        ),
        click.option(
            "--cascade",
            cls=Implied,
            implied="background",
            default="background",
            help="What becomes of dependents: background, foreground or orphan.",
        ),
    ):
        command = option(command)
    return command


def field_validation(word: str) -> dict[str, str]:
    """The query parameter that `--validate` means."""
    meant = {"true": "strict", "false": "ignore"}.get(word, word)
    return {"fieldValidation": meant.capitalize()}


def written(dry_run: str, manager: str) -> dict[str, str]:
    """Query parameters of a write by field manager ``manager``."""
    query = {"fieldManager": manager}
    return query | {"dryRun": "All"} if dry_run == "server" else query


def selectors(selector: str, field_selector: str) -> dict[str, str]:
    """Query parameters for the two selector options."""
    query = {"labelSelector": selector, "fieldSelector": field_selector}
    return {key: value for key, value in query.items() if value}


def pod_running_timeout(default: str) -> Callable[[F], F]:
    """`--pod-running-timeout`, in seconds, more than none."""

    def check(context: click.Context, param: click.Parameter, value: float) -> float:
        if value <= 0:
            raise CommandError("--pod-running-timeout must be higher than zero")
        return value

    return click.option(
        "--pod-running-timeout",
        type=Duration(),
        default=default,
        metavar="TIME",
        callback=check,
        help=f"How long to wait for a pod to run ({default}).",
    )


def _keep_template(context: click.Context, param: click.Parameter, value: str | None) -> None:
    if value:
        context.meta[_TEMPLATE] = value


def _with_template(context: click.Context, param: click.Parameter, value: str) -> str:
    template = context.meta.get(_TEMPLATE)
    if template is not None and "=" not in value:
        value = f"{value or 'go-template'}={template}"
    if value:
        from minikube8s.cli.output import printing

        # before anything is changed whose result could then not be printed
        printing.check_form(value)
    return value


def _keep_kustomization(context: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.meta[_KUSTOMIZATION] = Kustomization(value)


def _with_kustomization(
    context: click.Context, param: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    folder = context.meta.get(_KUSTOMIZATION)
    if folder is not None and value:
        raise CommandError("only one of -f or -k can be specified")
    return value if folder is None else (folder,)


def _without_kustomization(context: click.Context, param: click.Parameter, value: bool) -> bool:
    if value and _KUSTOMIZATION in context.meta:
        raise CommandError("the -k flag can't be used with -f or -R")
    return value

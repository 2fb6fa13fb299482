"""`mk8s rollout`: new versions of Deployments, DaemonSets and StatefulSets."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeVar

import click

from minikube8s.cli import options
from minikube8s.cli.changing import chosen
from minikube8s.cli.changing.chosen import Chosen
from minikube8s.cli.command import group
from minikube8s.cli.durations import Duration
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output import printing
from minikube8s.cli.session import Session

F = TypeVar("F", bound=Callable[..., Any])
_WORDS = click.argument("words", nargs=-1, metavar="TYPE NAME | TYPE/NAME ...")
_RESTARTED = "kubectl.kubernetes.io/restartedAt"


@group("rollout")
def command() -> None:
    """Follow, list, undo, restart, pause and resume new versions of workloads."""


def _choosing(command: F) -> F:
    return options.selector(options.filenames(command))


def _writing(command: F) -> F:
    return _choosing(options.field_manager(_printing(command)))


def _printing(command: F) -> F:
    return options.managed_fields(options.output(command))


@command.command("status")
@_WORDS
@_choosing
@click.option("--revision", type=int, default=0, help="Follow this version of a Deployment only.")
@click.option("--timeout", type=Duration(), default=0.0, help="Give up after this time; 0: never.")
@click.option("-w", "--watch/--no-watch", default=True, help="=false: tell how it is and end.")
@click.pass_obj
def status(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Tell how a rollout gets on until it is over: `mk8s rollout status deploy/web`."""
    from minikube8s.cli.rollouts import following, state

    if given["revision"] < 0:
        raise CommandError(f"revision must be a positive integer: {given['revision']}")

    def act(one: Chosen) -> None:
        if given["watch"]:
            following.follow(session, one, given["revision"], given["timeout"])
        else:
            click.echo(state.state(one.obj, given["revision"]).text)

    if not _each(session, words, given, act):
        click.echo(f"No resources found in {session.namespace} namespace.", err=True)


@command.command("history")
@_WORDS
@_choosing
@_printing
@click.option("--revision", type=int, default=0, help="Show the pods' template of this version.")
@click.pass_obj
def history(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Show which versions there were, and what made them: `mk8s rollout history deploy/web`."""
    from minikube8s.cli.rollouts import history as versions
    from minikube8s.cli.rollouts import reading

    number, form, managers = given["revision"], given["form"], given["managers"]
    if number < 0:
        raise CommandError(f"revision must be a positive integer: {number}")

    def act(one: Chosen) -> None:
        found = reading.revisions(session, one)
        picked = [versions.at(found, number)] if number else found
        if form:
            for index, revision in enumerate(picked):
                if index and form == "yaml":
                    click.echo("---")
                printing.tell(form, reading.resource_of(one), revision.kept, "", managers=managers)
            return
        operation = f"with revision #{number}" if number else ""
        printing.tell("", one.resource, one.obj, operation)
        click.echo(reading.template_text(picked[0].template) if number else versions.table(picked))

    _each(session, words, given, act)


@command.command("undo")
@_WORDS
@_choosing
@_printing
@options.dry_run
@click.option("--to-revision", type=int, default=0, help="The version to go back to; 0: the last.")
@click.pass_obj
def undo(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Go back to an earlier version: `mk8s rollout undo deploy/web --to-revision 1`."""
    from minikube8s.cli.rollouts import history as versions
    from minikube8s.cli.rollouts import reading

    dry_run, form = given["dry_run"], given["form"]

    def act(one: Chosen) -> None:
        found = reading.revisions(session, one)
        to = versions.to_go_back_to(one.obj, found, given["to_revision"])
        if dry_run == "client" and not form:
            text = reading.template_text(to.template)
            will = "" if one.resource.kind == "Deployment" else "will roll back to "
            printing.tell("", one.resource, one.obj, f"{will}{text}", dry_run)
            return
        if one.obj["spec"].get("paused"):
            raise CommandError(
                "you cannot rollback a paused deployment; resume it first with 'mk8s rollout "
                f"resume deploy/{one.name}' and try again"
            )
        if versions.same_template(one.obj["spec"]["template"], to.template):
            same = f"skipped rollback (current template already matches revision {to.number})"
            printing.tell(form, one.resource, one.obj, same, dry_run, managers=given["managers"])
            return
        after = reading.go_back(session, one, to, dry_run)
        printing.tell(form, one.resource, after, "rolled back", dry_run, managers=given["managers"])

    _each(session, words, given, act)


@command.command("restart")
@_WORDS
@_writing
@click.pass_obj
def restart(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Replace all pods, in the order of a rollout: `mk8s rollout restart deploy/web`."""
    from datetime import datetime

    def change(one: Chosen, wanted: dict[str, Any]) -> None:
        if one.resource.kind not in {"Deployment", "DaemonSet", "StatefulSet"}:
            raise CommandError(f"{one} restarting is not supported")
        if one.obj["spec"].get("paused"):
            raise CommandError(f"{one} can't restart paused deployment (run rollout resume first)")
        metadata = wanted["spec"]["template"].setdefault("metadata", {})
        annotations = dict(metadata.get("annotations") or {})
        annotations[_RESTARTED] = datetime.now().astimezone().isoformat(timespec="seconds")
        metadata["annotations"] = annotations
        if wanted == one.obj:
            raise CommandError(
                f"failed to create patch for {one.name}: if restart has already been triggered "
                "within the past second, please wait before attempting to trigger another"
            )

    _write(session, words, given, change, "restarted")


@command.command("pause")
@_WORDS
@_writing
@click.pass_obj
def pause(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Let a Deployment keep its version whatever changes: `mk8s rollout pause deploy/web`."""

    def change(one: Chosen, wanted: dict[str, Any]) -> None:
        if one.resource.kind != "Deployment":
            raise CommandError(f"{one} pausing is not supported")
        if one.obj["spec"].get("paused"):
            raise CommandError(f"{one} is already paused")
        wanted["spec"]["paused"] = True

    _write(session, words, given, change, "paused")


@command.command("resume")
@_WORDS
@_writing
@click.pass_obj
def resume(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Let a paused Deployment roll out again: `mk8s rollout resume deploy/web`."""

    def change(one: Chosen, wanted: dict[str, Any]) -> None:
        if one.resource.kind != "Deployment":
            raise CommandError(f"{one} resuming is not supported")
        if not wanted["spec"].pop("paused", False):
            raise CommandError(f"{one} is not paused")

    _write(session, words, given, change, "resumed")


def _write(
    session: Session,
    words: tuple[str, ...],
    given: dict[str, Any],
    change: Callable[[Chosen, dict[str, Any]], None],
    operation: str,
) -> None:
    from minikube8s.cli.changing import patching

    printing.check_form(given["form"])

    def act(one: Chosen) -> None:
        wanted = copy.deepcopy(one.obj)
        change(one, wanted)
        manager = given["field_manager"] or "kubectl-rollout"
        after = patching.written(session, one, wanted, "none", manager)
        printing.tell(
            given["form"],
            one.resource,
            after or one.obj,
            operation,
            managers=given["managers"],
        )

    _each(session, words, given, act)


def _each(
    session: Session,
    words: tuple[str, ...],
    given: dict[str, Any],
    act: Callable[[Chosen], None],
) -> int:
    """All objects of a kind are meant where no name is given."""
    if not words and not given["filenames"]:
        raise CommandError("required resource not specified: name one, as deploy/web")
    chosen_by = given["filenames"] or given["selector"] or given["field_selector"]
    everything = not chosen_by and len(words) == 1 and "/" not in words[0]
    return chosen.for_each(session, words, given | {"everything": everything}, act)

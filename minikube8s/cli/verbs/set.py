"""`mk8s set`: change one thing of objects that are there."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from minikube8s.cli import options
from minikube8s.cli.changing import chosen, pairs, recording, templates
from minikube8s.cli.changing.chosen import Chosen
from minikube8s.cli.command import group
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output import printing
from minikube8s.cli.session import Session

F = TypeVar("F", bound=Callable[..., Any])
Object = dict[str, Any]
_WORDS = click.argument("words", nargs=-1, metavar="TYPE NAME | TYPE/NAME ... [CHANGES]")
_CONTAINERS = click.option(
    "-c", "--containers", default="*", metavar="NAME", help="Of these containers (`*` is allowed)."
)


def _writing(command: F) -> F:
    """The options of everything below `set`."""
    return chosen.selection(chosen.local(options.writing(command)))


@group("set", aliases={"sa": "serviceaccount"})
def command() -> None:
    """Change one thing of objects: `mk8s set image deploy/web nginx=nginx:1.11`."""


@command.command("image")
@_WORDS
@_writing
@click.pass_obj
def image(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Change containers' images: `mk8s set image deploy/web nginx=nginx:1.11`; `*` is every one."""
    from minikube8s.cli.changing import images

    objects, changes = pairs.split(words, "image", removals=False)
    wanted, _ = pairs.parse(changes, "image")
    if not wanted:
        raise CommandError(
            "at least one image update is required: CONTAINER=IMAGE, such as nginx=nginx:1.11"
        )

    def change(obj: Object) -> list[str]:
        known = ", ".join(one["name"] for one in templates.containers(obj))
        return [
            f'unable to find container named "{name}" (there are: {known})'
            for name in images.set_images(obj, wanted)
        ]

    _change(session, objects, given, change, "image updated")


@command.command("resources")
@_WORDS
@_CONTAINERS
@click.option("--limits", default="", metavar="cpu=N,memory=N", help="What they may have.")
@click.option("--requests", default="", metavar="cpu=N,memory=N", help="What they ask for.")
@_writing
@click.pass_obj
def resources(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Change what containers ask for and may have: `--limits=cpu=200m,memory=512Mi`."""
    from minikube8s.cli.changing import requirements

    limits = requirements.amounts(given["limits"])
    requests = requirements.amounts(given["requests"])
    if not limits and not requests:
        raise CommandError(
            "you must specify an update to requests or limits (in the form of --requests/--limits)"
        )

    def change(obj: Object) -> list[str]:
        found = requirements.set_resources(obj, given["containers"], limits, requests)
        return [] if found else [f"unable to find container named {given['containers']}"]

    _change(session, words, given, change, "resource requirements updated")


@command.command("serviceaccount", short_help="Change the account that pods run as.")
@_WORDS
@_writing
@click.pass_obj
def serviceaccount(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Change the account that pods run as: `mk8s set serviceaccount deploy/web builder`."""
    if len(words) < (1 if given["filenames"] else 2):
        raise CommandError(
            "serviceaccount is required: name the objects, then the account, as "
            "`mk8s set serviceaccount deploy/web builder`"
        )

    def change(obj: Object) -> list[str]:
        spec = templates.pod_spec(obj) or {}
        spec["serviceAccountName"] = spec["serviceAccount"] = words[-1]
        return []

    _change(session, words[:-1], given, change, "serviceaccount updated", always=True)


@command.command("selector")
@_WORDS
@click.option("--resource-version", default="", help="Only if this is its version now.")
@_writing
@click.pass_obj
def selector(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Change whom a Service leads to: `mk8s set selector svc/web app=web,tier=front`."""
    from minikube8s.api.errors import ApiError
    from minikube8s.api.selectors import parse_labels

    if not words or not any(sign in words[-1] for sign in "=!("):
        raise CommandError("name the Service, then the selector: `mk8s set selector svc/web app=x`")
    try:
        wanted = parse_labels(words[-1]).requirements
    except ApiError as error:
        raise CommandError(error.message) from None
    if any(one.operator != "In" or len(one.values) != 1 for one in wanted) or "(" in words[-1]:
        raise CommandError(
            f"match expression {words[-1]} not supported on this object: use a=b,c=d"
        )

    def change(obj: Object) -> list[str]:
        if obj["kind"] != "Service":
            raise CommandError("setting a selector is only supported for Services")
        obj["spec"]["selector"] = {one.key: one.values[0] for one in wanted}
        if given["resource_version"]:
            obj["metadata"]["resourceVersion"] = given["resource_version"]
        return []

    _change(session, words[:-1], given, change, "selector updated", of_pods=False)


@command.command("subject")
@_WORDS
@click.option("--user", "users", multiple=True, help="A user to give the role to.")
@click.option("--group", "groups", multiple=True, help="A group to give the role to.")
@click.option(
    "--serviceaccount",
    "accounts",
    multiple=True,
    metavar="NAMESPACE:NAME",
    help="An account to give the role to.",
)
@_writing
@click.pass_obj
def subject(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Give a binding's role to more: `mk8s set subject rolebinding/readers --user=jo`."""
    from minikube8s.cli.changing import subjects

    wanted = subjects.subjects(given["users"], given["groups"], given["accounts"])
    if not wanted:
        raise CommandError("you must specify at least one value of user, group or serviceaccount")

    def change(obj: Object) -> list[str]:
        if obj["kind"] not in {"RoleBinding", "ClusterRoleBinding"}:
            raise CommandError(
                "setting subjects is only supported for RoleBinding/ClusterRoleBinding"
            )
        subjects.add_subjects(obj, wanted)
        return []

    _change(session, words, given, change, "subjects updated", of_pods=False)


@command.command("env")
@_WORDS
@_CONTAINERS
@click.option("-e", "--env", "variables", multiple=True, metavar="NAME=VALUE", help="`-`: stdin.")
@click.option(
    "--from",
    "source",
    default="",
    metavar="cm/NAME|secret/NAME",
    help="All keys of a ConfigMap or Secret.",
)
@click.option("--keys", multiple=True, help="Of --from, only these.")
@click.option("--prefix", default="", help="Before the names of --from.")
@click.option("--list", "listing", is_flag=True, help="Print the variables instead.")
@click.option("--resolve", is_flag=True, help="With --list: look references up.")
@click.option("--overwrite/--no-overwrite", default=True, help="=false: refuse to change values.")
@_writing
@click.pass_obj
def env(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Change containers' variables: `mk8s set env deploy/web COLOR=blue OLD-`, or --list them."""
    from minikube8s.cli.changing import environment, listing

    objects, changes = pairs.split(words, "environment")
    for word in given["variables"]:
        changes += environment.of_lines(sys.stdin.read()) if word == "-" else [word]
    new, gone = environment.parse(changes)
    if given["source"]:
        new += listing.imported(session, given["source"], given["keys"], given["prefix"])

    def change(obj: Object) -> list[str]:
        found = templates.containers(obj, given["containers"])
        if not found:
            name = f"{obj['kind']}/{obj['metadata']['name']}"
            what = f'does not have any containers matching "{given["containers"]}"'
            click.echo(f"Warning: {name} {what}", err=True)
        for one in found:
            present = one.get("env") or []
            taken = environment.taken(present, new)
            if taken and not given["overwrite"]:
                raise CommandError(taken[0])
            variables = environment.changed(present, new, gone)
            if variables or present:
                one["env"] = variables
        return []

    if not given["listing"]:
        _change(session, objects, given, change, "env updated")
        return

    def show(one: Chosen) -> None:
        _check_template(one)
        wanted = copy.deepcopy(one.obj)
        change(wanted)
        listing.show(session, one, wanted, given["containers"], resolve=given["resolve"])

    chosen.for_each(session, objects, given, show, whole=True)


def _change(
    session: Session,
    words: Any,
    given: dict[str, Any],
    change: Callable[[Object], list[str]],
    operation: str,
    *,
    of_pods: bool = True,
    always: bool = False,
) -> None:
    """Write what ``change`` makes of each object; it returns what of it could not be done.

    Told is what changed, or ``always``.
    """
    printing.check_form(given["form"])
    recording.warn(given["record"])
    context = click.get_current_context()

    def act(one: Chosen) -> None:
        if of_pods:
            _check_template(one)
        wanted = copy.deepcopy(one.obj)
        complaints = change(wanted)
        from minikube8s.cli.changing import patching

        after = None
        if wanted != one.obj:
            wanted = recording.recorded(context, wanted, given["record"])
            manager = given["field_manager"] or "kubectl-set"
            after = patching.written(
                session, one, wanted, given["dry_run"], manager, local=given["local"]
            )
        if after is not None or always:
            after = after or one.obj
            printing.tell(
                given["form"],
                one.resource,
                after,
                operation,
                given["dry_run"],
                managers=given["managers"],
            )
        if complaints:
            raise CommandError("; ".join(complaints))

    chosen.for_each(session, words, given, act, whole=True)


def _check_template(one: Chosen) -> None:
    if templates.pod_spec(one.obj) is None:
        raise CommandError(
            f"{one.resource.plural}/{one.name} the object is not a pod or does not have a pod "
            f"template: it is a {one.resource.kind}"
        )

"""`create token`: a token of a service account."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.api.resources import SERVICEACCOUNTS
from minikube8s.cli import options
from minikube8s.cli.command import verb
from minikube8s.cli.creating.generator import one_name
from minikube8s.cli.durations import Duration
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming import targets
from minikube8s.cli.output import printing
from minikube8s.cli.session import Session

_BOUND = {
    "Pod": "v1",
    "Secret": "v1",
    "Node": "v1",
}


@verb("token")
@click.argument("names", nargs=-1, metavar="SERVICEACCOUNT")
@click.option("--audience", "audiences", multiple=True, help="For whom; else the API server.")
@click.option("--duration", type=Duration(), default=0.0, help="How long it shall be valid.")
@click.option("--bound-object-kind", "kind", default="", help="Pod, Secret or Node: ends with it.")
@click.option(
    "--bound-object-name", "bound", default="", metavar="NAME", help="The name of that object."
)
@click.option(
    "--bound-object-uid",
    "uid",
    default="",
    metavar="UID",
    help="Its uid, if it must be that very one.",
)
@options.output
@click.pass_obj
def token(session: Session, /, names: tuple[str, ...], **given: Any) -> None:
    """A token of a service account: `mk8s create token builder --duration=1h`."""
    printing.check_form(given["form"])
    name = one_name(names)
    path = targets.path(SERVICEACCOUNTS, session.namespace, name)
    answer = session.client.json("POST", f"{path}/token", _request(given))
    if given["form"]:
        printing.tell(given["form"], SERVICEACCOUNTS, answer, "")
        return
    text = answer.get("status", {}).get("token")
    if not text:
        raise CommandError(f"failed to create token: the server gave none for {name}")
    click.echo(text)


def _request(given: dict[str, Any]) -> dict[str, Any]:
    kind, bound, uid = given["kind"], given["bound"], given["uid"]
    if kind and kind not in _BOUND:
        raise CommandError("supported --bound-object-kind values are Node, Pod, Secret")
    if kind and not bound:
        raise CommandError("--bound-object-name is required if --bound-object-kind is provided")
    for flag, value in (("name", bound), ("uid", uid)):
        if value and not kind:
            raise CommandError(
                f"--bound-object-{flag} can only be set if --bound-object-kind is provided"
            )
    seconds = given["duration"]
    if seconds < 0 or seconds % 1:
        raise CommandError("--duration must be a number of whole seconds and greater than 0")
    spec: dict[str, Any] = {"audiences": list(given["audiences"])}
    if seconds:
        spec["expirationSeconds"] = int(seconds)
    if kind:
        reference = {"kind": kind, "apiVersion": _BOUND[kind], "name": bound}
        spec["boundObjectRef"] = reference | ({"uid": uid} if uid else {})
    return {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}

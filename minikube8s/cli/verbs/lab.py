"""`mk8s lab`: disturb the links of a lab's nodes, and look around in their networks."""

from __future__ import annotations

import os
import shutil

import click

from minikube8s.cli.errors import CommandError
from minikube8s.cluster import lab, labnet, preflight
from minikube8s.cluster.config import Home
from minikube8s.cluster.errors import ClusterError
from minikube8s.kit import labnames


@click.group("lab")
def command() -> None:
    """Cut nodes of this machine's lab off, delay or lose what goes to them, look into them."""


@command.command("cut")
@click.argument("node")
@click.pass_obj
def cut(context: dict[str, str | None], node: str) -> None:
    """Switch a node's link to the lab off; its pods go on. It stays so until `heal` or `down`."""
    _change(context, "cut", node)
    click.echo(f"{node} is cut off; `mk8s lab heal {node}` joins it again")


@command.command("heal")
@click.argument("node")
@click.pass_obj
def heal(context: dict[str, str | None], node: str) -> None:
    """Switch a node's link on again, without delay and loss."""
    _change(context, "heal", node)
    click.echo(f"{node} is joined to the lab")


@command.command("delay")
@click.argument("node")
@click.argument("ms", type=click.FloatRange(0, 60_000))
@click.pass_obj
def delay(context: dict[str, str | None], node: str, ms: float) -> None:
    """Let all that goes to a node take MS milliseconds longer; 0 ends it."""
    _change(context, "delay", node, f"{ms:g}")


@command.command("loss")
@click.argument("node")
@click.argument("percent", type=click.FloatRange(0, 100))
@click.pass_obj
def loss(context: dict[str, str | None], node: str, percent: float) -> None:
    """Lose PERCENT of all packets to a node; 0 ends it."""
    _change(context, "loss", node, f"{percent:g}")


@command.command("shell", context_settings={"ignore_unknown_options": True})
@click.argument("node")
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def shell(context: dict[str, str | None], node: str, words: tuple[str, ...]) -> None:
    """Run a command, or a shell, in a node's network: mk8s lab shell node2 -- ip route."""
    home = Home.from_environment(context["home"])
    program = list(words) or [os.environ.get("SHELL") or "/bin/sh"]
    try:
        preflight.require_root("lab shell")
        settings = home.load()
        if node != settings.node_name:
            lab.lab_node(settings, node, "entered")
            place = labnames.namespace(settings.name, node)
            if not place.exists():
                raise ClusterError(f"{node} has no network now: start the cluster with `mk8s up`.")
            program = ["nsenter", f"--net={place}", "--", *program]
    except ClusterError as error:
        raise CommandError(str(error)) from None
    if shutil.which(program[0]) is None:
        raise CommandError(f"{program[0]} is not installed, or is not on the PATH.", code=127)
    os.execvp(program[0], program)


def _change(context: dict[str, str | None], verb: str, node: str, *amount: str) -> None:
    home = Home.from_environment(context["home"])
    past = {"cut": "cut off", "heal": "healed", "delay": "delayed", "loss": "made lossy"}[verb]
    try:
        preflight.require_root(f"lab {verb}")
        lab.lab_node(home.load(), node, past)
        labnet.LabCall(home, verb, node, *amount).wait()
    except ClusterError as error:
        raise CommandError(str(error)) from None

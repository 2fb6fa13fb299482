"""`mk8s lab`: disturb the links of a lab's nodes, and look around in their networks."""

from __future__ import annotations

import os
import shutil

import click

from minikube8s.cli.command import group
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session
from minikube8s.cluster import lab, labnet
from minikube8s.cluster.checkup import preflight
from minikube8s.cluster.errors import ClusterError
from minikube8s.kit import labnames


@group("lab")
def command() -> None:
    """Cut nodes of this machine's lab off, delay or lose what goes to them."""


@command.command("cut")
@click.argument("node")
@click.pass_obj
def cut(session: Session, node: str) -> None:
    """Switch a node's link to the lab off; its pods go on. It stays so until `heal` or `down`."""
    _change(session, "cut", node)
    click.echo(f"{node} is cut off; `mk8s lab heal {node}` joins it again")


@command.command("heal")
@click.argument("node")
@click.pass_obj
def heal(session: Session, node: str) -> None:
    """Switch a node's link on again, without delay and loss."""
    _change(session, "heal", node)
    click.echo(f"{node} is joined to the lab")


@command.command("delay")
@click.argument("node")
@click.argument("ms", type=click.FloatRange(0, 60_000))
@click.pass_obj
def delay(session: Session, node: str, ms: float) -> None:
    """Let all that goes to a node take MS milliseconds longer; 0 ends it."""
    _change(session, "delay", node, f"{ms:g}")


@command.command("loss")
@click.argument("node")
@click.argument("percent", type=click.FloatRange(0, 100))
@click.pass_obj
def loss(session: Session, node: str, percent: float) -> None:
    """Lose PERCENT of all packets to a node; 0 ends it."""
    _change(session, "loss", node, f"{percent:g}")


@command.command("shell", context_settings={"ignore_unknown_options": True})
@click.argument("node")
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def shell(session: Session, node: str, words: tuple[str, ...]) -> None:
    """Run a command, or a shell, in a node's network: mk8s lab shell node2 -- ip route."""
    home = session.home
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


def _change(session: Session, verb: str, node: str, *amount: str) -> None:
    home = session.home
    past = {"cut": "cut off", "heal": "healed", "delay": "delayed", "loss": "made lossy"}[verb]
    try:
        preflight.require_root(f"lab {verb}")
        lab.lab_node(home.load(), node, past)
        labnet.LabCall(home, verb, node, *amount).wait()
    except ClusterError as error:
        raise CommandError(str(error)) from None

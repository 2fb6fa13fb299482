"""`mk8s image`: which images nodes have, stand-ins for a registry's, copies without a registry."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from minikube8s.cli.command import group
from minikube8s.cli.durations import Duration
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session

if TYPE_CHECKING:
    from minikube8s.cli.connection.client import Client
    from minikube8s.cli.imaging.engines import NodeEngine
    from minikube8s.cli.output.progress import Progress
    from minikube8s.cluster.engine import Engine


@group("image")
def command() -> None:
    """List images of nodes, build stand-ins for a registry's, copy images to nodes."""


@command.command("list")
@click.argument("nodes", nargs=-1, metavar="[NODE]...")
@click.option("-o", "--output", "form", type=click.Choice(["json", "yaml"]), help="For programs.")
@click.pass_obj
def show(session: Session, nodes: tuple[str, ...], form: str | None) -> None:
    """List the images of all nodes, or of these.

    Nodes of other clusters tell of their largest images only.
    """
    from minikube8s.cli.connection.client import ApiFailure
    from minikube8s.cli.imaging import listing
    from minikube8s.cli.imaging.engines import NodeEngine
    from minikube8s.cli.output.escapes import harmless
    from minikube8s.cli.output.printing import structured
    from minikube8s.cli.output.tables import render

    found = {}
    for node in _nodes(session.client, nodes):
        name = str(node["metadata"]["name"])
        try:
            found[name] = listing.of_engine(NodeEngine(session.client, name).images())
        except ApiFailure:
            found[name] = listing.of_status(node)
    rows = listing.rows(found)
    if form:
        click.echo(structured(form, {"images": [row.shape() for row in rows]}))
        return
    cells = [[harmless(cell) for cell in row.cells()] for row in rows]
    click.echo(render(listing.HEADERS, cells))


@command.command("build")
@click.argument("images", nargs=-1, metavar="[IMAGE]...")
@click.option("--all", "every", is_flag=True, help="All that there are.")
def build(images: tuple[str, ...], every: bool) -> None:
    """Build stand-ins for images of a registry from Debian's packages, without a registry.

    Without a name it says which there are. They are loaded into this machine's engine (DOCKER_HOST)
    under the names of the real ones, so manifests work as they are.
    """
    from minikube8s.cli.output.progress import watched
    from minikube8s.cluster.errors import ClusterError
    from minikube8s.cluster.standins.build import archive, load
    from minikube8s.cluster.standins.catalog import CATALOG

    if not images and not every:
        click.echo("\n".join(CATALOG))
        return
    engine = _engine()
    for name in CATALOG if every else images:
        full = name if ":" in name else f"{name}:latest"
        if full not in CATALOG:
            raise CommandError(
                f"There is no stand-in for {name!r}; there are {', '.join(CATALOG)}."
            )
        try:
            with watched() as progress:
                progress.show([f"building {full}"])
                tar = archive(full)
                progress.show([f"loading {full}"])
                load(full, tar, engine.docker_host)
        except ClusterError as error:
            raise CommandError(str(error)) from None
        click.echo(f"{full} built")


@command.command("copy")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option(
    "--node", "nodes", multiple=True, metavar="NAME", help="Only to this node; may be repeated."
)
@click.option(
    "--timeout", "seconds", type=Duration(), default=600.0, help="How long each copy may take."
)
@click.pass_obj
def copy(session: Session, images: tuple[str, ...], nodes: tuple[str, ...], seconds: float) -> None:
    """Copy images from this machine's engine to nodes that have another, without a registry.

    Only layers that are missing there are sent. Without --node all nodes get them.
    """
    from minikube8s.cli import imagenames
    from minikube8s.cli.failures import raise_all
    from minikube8s.cli.imaging.engines import NodeEngine
    from minikube8s.cli.output.progress import watched

    for image in images:
        imagenames.check(image)
    engine = _engine()
    listed = _nodes(session.client, nodes)
    chosen = [NodeEngine(session.client, node["metadata"]["name"]) for node in listed]
    failures: list[CommandError] = []
    with watched() as progress:
        for image in images:
            full = image if ":" in image.rpartition("/")[2] else f"{image}:latest"
            failures += _copied(engine, full, chosen, seconds, progress)
    raise_all(failures)


def _copied(
    engine: Engine,
    image: str,
    nodes: Sequence[NodeEngine],
    seconds: float,
    progress: Progress,
) -> Iterator[CommandError]:
    """Copy an image to nodes one by one, each told; what failed is handed back."""
    from minikube8s.cli.imaging.copying import Copying
    from minikube8s.cli.imaging.engines import identity
    from minikube8s.cluster.errors import ClusterError

    try:
        own = identity(engine.json("/info"))
        copying = Copying(engine, image, seconds)
    except ClusterError as error:
        yield CommandError(str(error))
        return
    except CommandError as error:
        yield error
        return
    for node in nodes:
        line = f"{image} to {node.node}"
        progress.show([line])
        try:
            same = own and node.id() == own
            show = partial(_show, progress, line)
            said = "shares this machine's engine" if same else copying.to(node, show)
        except ClusterError as error:
            yield CommandError(str(error))
        except CommandError as error:
            yield error
        else:
            progress.say(f"{line}: {said}")


def _show(progress: Progress, line: str, said: str) -> None:
    progress.show([f"{line}: {said}"])


def _engine() -> Engine:
    from minikube8s.cluster.checkup import preflight
    from minikube8s.cluster.engine import DEFAULT_HOST, Engine
    from minikube8s.cluster.errors import ClusterError

    host = os.environ.get("DOCKER_HOST") or DEFAULT_HOST
    try:
        preflight.require_engine(host)
    except ClusterError as error:
        raise CommandError(str(error)) from None
    return Engine(host)


def _nodes(client: Client, names: Sequence[str]) -> list[dict[str, Any]]:
    """The Nodes of these names, or all. Raises CommandError with the nearest name."""
    import difflib

    found = {
        node["metadata"]["name"]: node for node in client.json("GET", "/api/v1/nodes")["items"]
    }
    for name in names:
        if name not in found:
            near = difflib.get_close_matches(name, found, 1)
            hint = f" Did you mean {near[0]}?" if near else f" There are {', '.join(found)}."
            raise CommandError(f'nodes "{name}" not found.{hint}')
    return [found[name] for name in dict.fromkeys(names)] if names else list(found.values())

"""`mk8s status`: what runs, since when, where the logs are; what is not well, and what to do."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from minikube8s.api.times import human_duration, now_rfc3339
from minikube8s.cli import wellness
from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output.escapes import harmless
from minikube8s.cli.output.styles import paint
from minikube8s.cli.output.tables import render
from minikube8s.cli.session import Session
from minikube8s.cli.wellness import Counted, Trouble
from minikube8s.cluster import addresses, componentlogs, kubeconfig, labnet
from minikube8s.cluster.checkup import certificatefindings
from minikube8s.cluster.components import present
from minikube8s.cluster.config import Home
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.lifecycle import Component
from minikube8s.cluster.membership import joined
from minikube8s.kit.validity import validities

_PODS = 500
"""So many pods are looked at."""
_STOPPED = 3


@verb("status")
@click.option("-o", "--output", "form", type=click.Choice(["json", "yaml"]), help="For programs.")
@click.pass_obj
def command(session: Session, form: str | None) -> None:
    """Show what runs of the cluster, and what is not well.

    Where the daemons' logs are, which nodes and pods are not well, and what to do.
    Exit code 3 unless all daemons run and the API answers.
    """
    home = session.home
    try:
        about, cut, components = _look(home)
    except ClusterError as error:
        raise CommandError(str(error)) from None
    runs = all(component.pid for component in components)
    troubles = [
        Trouble(f"{node} is cut off from the lab:", f"join it again with `mk8s lab heal {node}`.")
        for node in cut
    ]
    counted: dict[str, Counted] = {}
    if runs and not home.is_joined():
        counted, silent = _asked(home)
        runs = not silent
        troubles += silent
    for one in counted.values():
        troubles += one.troubles
    lasting = validities(home.pki)
    wrong = certificatefindings.problems(lasting, datetime.now(UTC), joined=home.is_joined())
    troubles += [Trouble(f"{problem.what}:", f"{problem.remedy}.") for problem in wrong]
    troubles += wellness.of_supervision(components)
    for component in components:
        troubles += _refusal(component) if component.pid else _last_words(component)
    if form:
        _print_shape(form, about, components, counted, troubles)
    else:
        _print(_sentence(about, home), components, counted, troubles)
    if not runs:
        if not form and not all(component.pid for component in components):
            again = "simulate" if home.is_simulated() else "up"
            click.echo(f"\nNot everything runs: start it with `mk8s {again}`.")
        raise click.exceptions.Exit(_STOPPED)


def _look(home: Home) -> tuple[dict[str, str], list[str], list[Component]]:
    """What the cluster is, the nodes that are cut off, and the daemons."""
    if home.is_joined():
        known = joined.load(home)
        assert known is not None
        about = {"name": known.name, "server": f"https://{known.master}", "node": known.node_name}
        return about, [], present(home)
    settings = home.load()
    about = {"name": settings.name, "server": kubeconfig.server_url(settings)}
    return about, labnet.cut_nodes(settings), present(home)


def _asked(home: Home) -> tuple[dict[str, Counted], list[Trouble]]:
    """What the API says, or why it says nothing."""
    if address := addresses.lost(home.load()):
        return {}, [Trouble(*addresses.told_lost(address))]
    try:
        return _ask(home), []
    except CommandError as error:
        said = str(error).removeprefix("error: ").rstrip(".")
        what = f"The API does not answer: {said}."
        return {}, [Trouble(what, "See `mk8s component-logs master`.")]


def _ask(home: Home) -> dict[str, Counted]:
    from minikube8s.cli.connection.client import Client
    from minikube8s.cli.output.printing import TABLE

    client = Client.of_home(home)
    nodes = client.json("GET", "/api/v1/nodes")["items"]
    table = client.json("GET", "/api/v1/pods", accept=TABLE, query={"limit": str(_PODS)})
    now = datetime.now(UTC)
    selector = {"fieldSelector": "involvedObject.kind=Node,type=Warning"}
    events = client.json("GET", "/api/v1/events", query=selector)["items"]
    counted = wellness.of_nodes(nodes)
    counted = counted._replace(troubles=[*counted.troubles, *wellness.of_events(events, now)])
    return {"nodes": counted, "pods": wellness.of_pods(table, now)}


def _last_words(component: Component) -> Iterator[Trouble]:
    """What a daemon that does not run said at its end, unless it ended as it was asked to."""
    said = componentlogs.last_words(Path(component.log))
    if said and not componentlogs.is_harmless(said):
        what = f'{component.name} does not run; it last logged "{harmless(said)}".'
        yield Trouble(what, f"See `mk8s component-logs {component.name}`.")


def _refusal(component: Component) -> Iterator[Trouble]:
    """Why the master does not take a daemon that runs."""
    if component.notice:
        what = f"The master refuses the {component.name}: {harmless(component.notice)}."
        yield Trouble(what, f"See `mk8s component-logs {component.name}`.")


def _sentence(about: dict[str, str], home: Home) -> str:
    if "node" in about:
        return f"Node {about['node']} of cluster {about['name']}, API {about['server']}"
    return f"Cluster {about['name']} in {home.path}, API {about['server']}"


def _print(
    about: str,
    components: Sequence[Component],
    counted: dict[str, Counted],
    troubles: Sequence[Trouble],
) -> None:
    now = time.time()
    rows = [
        [
            component.name,
            "running" if component.pid else "stopped",
            str(component.pid or "-"),
            human_duration(timedelta(seconds=now - component.since)) if component.pid else "-",
            component.log,
        ]
        for component in components
    ]
    click.echo(f"{about}\n")
    click.echo(render(["COMPONENT", "STATE", "PID", "SINCE", "LOG"], rows))
    if all(one.care and one.care.runs and one.care.at_boot for one in components):
        click.echo("\nsystemd runs these daemons, and starts them after a boot.")
    if counted:
        nodes, pods = counted["nodes"], counted["pods"]
        click.echo(
            f"\n{nodes.well} of {nodes.total} nodes are Ready, {pods.well} of {pods.total} pods "
            "are well."
        )
    if troubles:
        click.echo("")
    for line in wellness.lines(troubles):
        click.echo(paint("yellow", line))


def _print_shape(
    form: str,
    about: dict[str, str],
    components: Sequence[Component],
    counted: dict[str, Counted],
    troubles: Sequence[Trouble],
) -> None:
    from minikube8s.cli.output.printing import structured

    shape: dict[str, Any] = {
        "cluster": about,
        "components": [
            {
                "name": one.name,
                "running": bool(one.pid),
                "pid": one.pid or None,
                "since": now_rfc3339(datetime.fromtimestamp(one.since, UTC)) if one.pid else None,
                "log": one.log,
                "unit": one.care.unit if one.care else None,
                "startsAtBoot": one.care.at_boot if one.care else None,
            }
            for one in components
        ],
        "troubles": [trouble.shape() for trouble in troubles],
    }
    shape |= {what: {"total": one.total, "well": one.well} for what, one in counted.items()}
    click.echo(structured(form, shape))

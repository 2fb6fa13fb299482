"""`mk8s component-logs`: what the master and the agents of this machine's cluster logged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session

if TYPE_CHECKING:
    from minikube8s.cluster.componentlogs import Record
    from minikube8s.cluster.lifecycle import Component

_COLOURS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}


@verb("component-logs")
@click.argument("components", nargs=-1, metavar="[COMPONENT]...")
@click.option("-f", "--follow", is_flag=True, help="Go on with what is logged from now on.")
@click.option("--tail", type=int, default=-1, help="Only so many of the last records.")
@click.option("--since", default="", help="Only newer than this: 5s, 2m, 3h.")
@click.option(
    "--level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="debug",
    help="Only as grave as this.",
)
@click.pass_obj
def command(
    session: Session,
    components: tuple[str, ...],
    follow: bool,
    tail: int,
    since: str,
    level: str,
) -> None:
    """Print the logs of this machine's daemons in the order of time: master, agent, agent-node2, …

    `mk8s status` lists them; without a name it is the logs of all. What was put aside as FILE.1
    is read, too.
    """
    from minikube8s.cluster import componentlogs
    from minikube8s.cluster.components import present
    from minikube8s.cluster.errors import ClusterError

    wanted = componentlogs.Wanted(_begin(since), level.upper(), tail)
    try:
        chosen = _chosen(present(session.home), components)
    except ClusterError as error:
        raise CommandError(str(error)) from None
    logs = [log for log in (Path(one.log) for one in chosen) if log.parent.exists()]
    try:
        if follow and logs:
            import asyncio

            asyncio.run(componentlogs.follow(logs, wanted, _show))
        else:
            for record in componentlogs.past(logs, wanted):
                _show(record)
    except OSError as error:
        raise CommandError(
            f"{error.filename} cannot be read: {error.strerror}. Run the command as root (sudo)."
        ) from None


def _chosen(present: list[Component], names: tuple[str, ...]) -> list[Component]:
    known = {component.name: component for component in present}
    for name in names:
        if name not in known:
            raise CommandError(f"There is no component {name!r}; there are {', '.join(known)}.")
    return [known[name] for name in dict.fromkeys(names)] if names else present


def _begin(since: str) -> datetime | None:
    from minikube8s.api.times import parse_duration

    if not since:
        return None
    try:
        return datetime.now(UTC) - timedelta(microseconds=parse_duration(since) / 1000)
    except ValueError:
        raise CommandError(f"--since {since!r} is not a duration like 5s, 2m or 3h.") from None


def _show(record: Record) -> None:
    from minikube8s.cli.output.escapes import harmless
    from minikube8s.cli.output.styles import paint

    first, newline, rest = harmless(record.text).rstrip("\n").partition("\n")
    words = first.split(" ", 2)
    if len(words) == 3 and words[1] in _COLOURS:
        first = f"{words[0]} {paint(_COLOURS[words[1]], words[1])} {words[2]}"
    click.echo(first + newline + rest)

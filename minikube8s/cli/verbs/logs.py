"""`mk8s logs`: what containers printed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from minikube8s.cli import options
from minikube8s.cli.command import verb
from minikube8s.cli.durations import Duration
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session

if TYPE_CHECKING:
    from minikube8s.cli.logreading.sources import Source


@verb("logs")
@click.argument("words", nargs=-1, metavar="(POD | TYPE/NAME) [CONTAINER]")
@click.option("-c", "--container", default="", help="The container, where a pod has several.")
@click.option("-l", "--selector", default="", help="The pods with these labels, like app=web.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what is printed from now on.")
@click.option("-p", "--previous", is_flag=True, help="The instance before the last restart.")
@click.option("--all-containers", is_flag=True, help="Of all containers of each pod.")
@click.option("--all-pods", is_flag=True, help="Of all pods of TYPE/NAME; with --prefix.")
@click.option("--prefix", is_flag=True, help="Say before each line whose it is.")
@click.option("--tail", type=int, help="Only the last lines (-1: all; 10 with a selector).")
@click.option("--since", type=Duration(), metavar="TIME", help="Only newer than this: 5s, 2m, 3h.")
@click.option("--since-time", default="", metavar="TIME", help="Only newer than this RFC 3339.")
@click.option("--timestamps", is_flag=True, help="With the time of every line.")
@click.option("--limit-bytes", type=int, help="At most so many bytes of each log.")
@click.option("--max-log-requests", type=int, default=5, help="Logs followed at once at most (5).")
@click.option("--ignore-errors", is_flag=True, help="Print errors among the lines, and go on.")
@click.option("--insecure-skip-tls-verify-backend", is_flag=True, help="Trust any kubelet.")
@options.pod_running_timeout("20s")
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Print the log of a container.

    Of a pod, of one of a workload's pods (`mk8s logs -f deploy/web`), or of all that labels select
    (`mk8s logs -f -l app=web --prefix`).
    """
    from minikube8s.cli.logreading import asking, sources

    asking.check(words, given)
    found = sources.find(session, words, given)
    if not found:
        click.echo(f"No resources found in {session.namespace} namespace.", err=True)
        return
    if given["follow"] and len(found) > given["max_log_requests"] and len(found) > 1:
        raise CommandError(
            f"you are attempting to follow {len(found)} log streams, but maximum allowed "
            f"concurrency is {given['max_log_requests']}, use --max-log-requests to increase "
            "the limit"
        )
    for failure in _failures(session, found, asking.query(given), given):
        if not given["ignore_errors"]:
            raise failure
        click.echo(f"error: {str(failure).removeprefix('error: ')}")


def _failures(
    session: Session, found: Sequence[Source], asked: Mapping[str, str], given: Mapping[str, Any]
) -> Iterator[CommandError]:
    """Show the logs; yields what goes wrong with one of them."""
    from minikube8s.cli.logreading import reading

    prefixes = _prefixes(found) if given["prefix"] or given["all_pods"] else {}
    out = sys.stdout.buffer

    def show(source: Source, data: bytes) -> None:
        out.write(prefixes[source] + data if prefixes else data)
        out.flush()

    if given["follow"] and len(found) > 1:
        for _, failure in reading.follow_all(session.client.another, found, asked, show):
            yield failure
        return
    read = reading.followed if given["follow"] else reading.lines if prefixes else reading.read
    for source in found:
        try:
            for data in read(session.client, source, asked):
                show(source, data)
        except CommandError as failure:
            yield failure


def _prefixes(found: Sequence[Source]) -> dict[Source, bytes]:
    """Of each source, in a colour of its own where a terminal shows it."""
    from minikube8s.cli.output import styles

    colours = styles.COLOURS
    return {
        source: styles.paint(colours[place % len(colours)], source.prefix).encode()
        for place, source in enumerate(found)
    }

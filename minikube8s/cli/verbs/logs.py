"""`mk8s logs`: what a pod's container printed."""

from __future__ import annotations

import re
import sys
from typing import Any

import click

from minikube8s.cli import pods
from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


@verb("logs")
@click.argument("pod", metavar="POD | pod/POD")
@click.argument("container_word", required=False, metavar="[CONTAINER]")
@click.option("-c", "--container", default="", help="The container, where a pod has several.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what is printed from now on.")
@click.option("-p", "--previous", is_flag=True, help="The instance before the last restart.")
@click.option("--tail", type=int, default=-1, help="Only the last lines.")
@click.option("--since", default="", help="Only newer than this: 5s, 2m, 3h.")
@click.option("--since-time", default="", help="Only newer than this RFC 3339 time.")
@click.option("--timestamps", is_flag=True, help="With the time of every line.")
@click.option("--limit-bytes", type=int, help="At most so many bytes.")
@click.option("--all-containers", is_flag=True, help="Of all containers, one after the other.")
@click.pass_obj
def command(session: Session, /, pod: str, container_word: str | None, **given: Any) -> None:
    """Print the log of a container: `mk8s logs -f web-0`."""
    client = session.client
    found = pods.chosen(session, [pod], 20)
    path = pods.path(found)
    if given["all_containers"]:
        containers = [one["name"] for one in pods.containers(found)]
        if given["follow"] and len(containers) > 1:
            raise CommandError("name one container to follow: -c NAME")
    else:
        wanted = given["container"] or container_word or ""
        containers = [pods.container(found, wanted)]
    for container in containers:
        query = _query(given) | {"container": container}
        with client.stream(f"{path}/log", accept="*/*", query=query) as answer:
            while chunk := answer.read1(65536):
                sys.stdout.buffer.write(chunk)
                sys.stdout.buffer.flush()


def _query(given: dict[str, Any]) -> dict[str, str]:
    query = {flag: "true" for flag in ("follow", "previous", "timestamps") if given[flag]}
    if given["tail"] >= 0:
        query["tailLines"] = str(given["tail"])
    if given["since"]:
        query["sinceSeconds"] = str(_seconds(given["since"]))
    if given["since_time"]:
        query["sinceTime"] = given["since_time"]
    if given["limit_bytes"]:
        query["limitBytes"] = str(given["limit_bytes"])
    return query


def _seconds(text: str) -> int:
    match = _DURATION.fullmatch(text)
    if not match or not any(match.groups()):
        raise CommandError(f"--since {text!r} is not a duration like 5s, 2m or 3h")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds

"""`mk8s join`: make this machine a node of another machine's cluster."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output.progress import watched
from minikube8s.cli.session import Session
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.membership import enrolling
from minikube8s.cluster.membership.wishes import Wish

_LONGEST = 1024
"""So many bytes of a token's line are read."""
_MADE = "it must hold a token, made on the master by `mk8s token create`."


@verb("join")
@click.argument("master", metavar="HOST:PORT")
@click.option(
    "--token",
    default="",
    help="A bootstrap token: see `mk8s token create`; -: read from standard input.",
)
@click.option("--token-file", help="A file that holds the token, unseen by `ps`.")
@click.option(
    "--ca-hash",
    "--discovery-token-ca-cert-hash",
    "pins",
    multiple=True,
    metavar="sha256:HEX",
    help="The hash of the cluster's CA key.",
)
@click.option("--node-name", help="Name of this machine's node (MK8S_NODE_NAME).")
@click.option("--node-ip", help="Address by which other machines reach this one (MK8S_NODE_IP).")
@click.option("--docker-host", help="The Docker engine to use (DOCKER_HOST).")
@click.option("--kubelet-config", help="A KubeletConfiguration file (MK8S_KUBELET_CONFIG).")
@click.option(
    "--replace", is_flag=True, help="Take the place of another machine that is not Ready any more."
)
@click.pass_obj
def command(
    session: Session,
    master: str,
    token: str,
    token_file: str | None,
    pins: tuple[str, ...],
    node_name: str | None,
    node_ip: str | None,
    docker_host: str | None,
    kubelet_config: str | None,
    replace: bool,
) -> None:
    """Make this machine a node of the cluster whose API is at HOST:PORT; returns when it is Ready.

    `mk8s token create --print-join-command` on the master prints the whole command. Once joined,
    `mk8s up`, `down` and `status` are about this node, and `join` again with another --node-ip,
    --kubelet-config or HOST:PORT of the same cluster changes that.
    """
    home = session.home
    kubelet = kubelet_config or os.environ.get("MK8S_KUBELET_CONFIG") or ""
    wish = Wish(
        master=master,
        token=_token(token, token_file),
        pins=pins,
        node_name=node_name or os.environ.get("MK8S_NODE_NAME") or "",
        docker_host=docker_host or os.environ.get("DOCKER_HOST") or "",
        kubelet_config=str(Path(kubelet).absolute()) if kubelet else "",
        node_ip=node_ip or os.environ.get("MK8S_NODE_IP") or "",
        replace=replace,
    )
    try:
        with watched() as progress:
            progress.show(["  joining"])
            new = enrolling.join(home, wish, lambda line: progress.say(f"  {line}"))
        if not new:
            click.echo("This machine is a node of that cluster already.")
            return
    except ClusterError as error:
        raise CommandError(str(error)) from None
    click.echo(f"This machine is a node of the cluster at {master}. See it with `mk8s status`.")


def _token(given: str, file: str | None) -> str:
    """The token that the line gives, in one of three ways. Raises CommandError."""
    if file is not None and given:
        raise CommandError("--token and --token-file both give a token: leave one of them out.")
    if file is None and given != "-":
        return given
    what = "Standard input" if file is None else file
    try:
        with sys.stdin.buffer if file is None else Path(file).open("rb") as lines:
            token = lines.readline(_LONGEST).decode(errors="replace").strip()
    except OSError as error:
        raise CommandError(f"{file} cannot be read ({error.strerror}): {_MADE}") from None
    if not token:
        raise CommandError(f"{what} is empty: {_MADE}")
    return token

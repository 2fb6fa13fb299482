"""`mk8s port-forward`: ports of this machine that lead into a pod."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.cli import options
from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session


@verb("port-forward")
@click.argument("words", nargs=-1, metavar="(POD | TYPE/NAME) [LOCAL:]REMOTE...")
@click.option(
    "--address",
    multiple=True,
    default=["localhost"],
    help="Where to listen: IP addresses or localhost, with commas between.",
)
@options.pod_running_timeout("1m")
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Lead local ports to ports of a pod until interrupted.

    Ports have numbers or names; `:80` is any free port here. Of a Service they are the Service's:
    `mk8s port-forward svc/web 8080:http`. When that pod goes, the next connection gets another one.
    """
    import asyncio

    from minikube8s.api.resources import PODS, SERVICES
    from minikube8s.cli.containers import pods
    from minikube8s.cli.forwarding import ports
    from minikube8s.cli.forwarding.listening import Forwarder

    if len(words) < 2:
        raise CommandError("TYPE/NAME and list of ports are required for port-forward")
    seconds: float = given["pod_running_timeout"]
    resource, obj = pods.named(session, words[:1])
    pod = obj if resource is PODS else pods.chosen(session, words[:1], seconds)
    if resource is SERVICES:
        pairs = [ports.of_service(obj, pod, text) for text in words[1:]]
    else:
        pairs = [ports.of_pod(pod, text) for text in words[1:]]
    addresses = ports.addresses(given["address"])

    def choose() -> str:
        return f"{pods.path(_running(pods.chosen(session, words[:1], seconds)))}/portforward"

    path = f"{pods.path(_running(pod))}/portforward"
    session.client.close()
    asyncio.run(Forwarder(session.client, path, choose).serve(pairs, addresses))


def _running(pod: dict[str, Any]) -> dict[str, Any]:
    phase = (pod.get("status") or {}).get("phase")
    if phase != "Running":
        raise CommandError(
            f"unable to forward port because pod is not running. Current status={phase}"
        )
    return pod

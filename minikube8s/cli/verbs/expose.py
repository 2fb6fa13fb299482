"""`mk8s expose`: a Service in front of an object's pods."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.api.resources import SERVICES
from minikube8s.cli import options
from minikube8s.cli.changing import chosen, recording
from minikube8s.cli.changing.chosen import Chosen
from minikube8s.cli.command import verb
from minikube8s.cli.making import sending
from minikube8s.cli.session import Session


@verb("expose")
@click.argument("words", nargs=-1, metavar="TYPE NAME | TYPE/NAME")
@click.option("--port", default="", metavar="N[,N]", help="The Service's ports; else the pods'.")
@click.option("--target-port", default="", metavar="N|NAME", help="The pods' port, if another.")
@click.option("--protocol", default="", help="TCP, UDP or SCTP.")
@click.option("--name", default="", help="The Service's name, if another than the object's.")
@click.option("--type", "type", default="", help="ClusterIP, NodePort or LoadBalancer.")
@click.option("-l", "--labels", default="", metavar="a=b,c=d", help="The Service's labels.")
@click.option("--selector", default="", metavar="a=b", help="Which pods, if others.")
@click.option("--cluster-ip", default="", help="Its address; None: no address of its own.")
@click.option("--external-ip", default="", help="One more address that leads to it.")
@click.option("--load-balancer-ip", default="", help="The address asked for from outside.")
@click.option("--session-affinity", default="", help="ClientIP: a client keeps its pod.")
@click.option("--overrides", default="", metavar="JSON", help="JSON laid over the Service.")
@click.option("--override-type", default="merge", help="merge, strategic or json.")
@options.writing
@sending.save_config
@options.filenames
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Make a Service for an object's pods: `mk8s expose deploy/web --port 80`."""
    from minikube8s.cli.making import exposing, overriding

    recording.warn(given["record"])
    context = click.get_current_context()

    def act(one: Chosen) -> None:
        service = exposing.service(one.obj, one.resource.group, given)
        if given["overrides"]:
            how = given["override_type"]
            service = overriding.overridden(service, given["overrides"], how, SERVICES.schema)
        service = recording.recorded(context, service, given["record"])
        sending.create(
            session, service, one.namespace, given, manager="kubectl-expose", operation="exposed"
        )

    chosen.for_each(session, words, given | {"selector": ""}, act)

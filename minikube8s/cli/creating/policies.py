"""`create namespace`, `serviceaccount`, `quota`, `priorityclass`, `poddisruptionbudget`."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.cli.creating.generator import generator
from minikube8s.cli.making import policies
from minikube8s.cli.making.base import Object
from minikube8s.cli.session import Session


@generator("namespace")
def namespace(session: Session, name: str, given: dict[str, Any]) -> Object:
    """A namespace: `mk8s create namespace shop`."""
    return policies.namespace(name)


@generator("serviceaccount")
def serviceaccount(session: Session, name: str, given: dict[str, Any]) -> Object:
    """An account that pods run as: `mk8s create serviceaccount builder`."""
    return policies.service_account(name)


@generator("quota")
@click.option("--hard", default="", metavar="cpu=1,pods=3", help="How much there may be.")
@click.option("--scopes", default="", metavar="SCOPE,…", help="Of which pods.")
def quota(session: Session, name: str, given: dict[str, Any]) -> Object:
    """How much a namespace may have: `mk8s create quota small --hard=pods=10,cpu=4`."""
    return policies.quota(name, given["hard"], given["scopes"])


@generator("priorityclass")
@click.option("--value", type=int, default=0, help="The more, the more important.")
@click.option("--description", default="", metavar="TEXT", help="What it is for.")
@click.option(
    "--preemption-policy",
    "preemption",
    default="PreemptLowerPriority",
    metavar="NAME",
    help="Never: its pods push none aside.",
)
@click.option("--global-default", is_flag=True, help="That of pods that name none.")
def priorityclass(session: Session, name: str, given: dict[str, Any]) -> Object:
    """How important pods are: `mk8s create priorityclass high --value=1000`."""
    return policies.priority_class(
        name,
        given["value"],
        given["description"],
        given["preemption"],
        default=given["global_default"],
    )


@generator("poddisruptionbudget")
@click.option("--selector", default="", metavar="a=b", help="Which pods.")
@click.option("--min-available", "least", default="", metavar="N|N%", help="So many have to stay.")
@click.option("--max-unavailable", "most", default="", metavar="N|N%", help="So many may go.")
def poddisruptionbudget(session: Session, name: str, given: dict[str, Any]) -> Object:
    """How many pods drains leave: `mk8s create pdb web --selector=app=web --min-available=2`."""
    return policies.disruption_budget(name, given["selector"], given["least"], given["most"])

"""`create service` and `create ingress`."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.cli.command import group
from minikube8s.cli.creating.generator import generator
from minikube8s.cli.making import ingresses, services
from minikube8s.cli.making.base import Object, one_by_one
from minikube8s.cli.session import Session

_TCP = click.option("--tcp", "ports", multiple=True, metavar="PORT[:TARGET]", help="Its ports.")


@group("service")
def service() -> None:
    """A Service: clusterip, nodeport, loadbalancer or externalname."""


@generator("clusterip")
@_TCP
@click.option("--clusterip", default="", help="Its address; None: no address of its own.")
def clusterip(session: Session, name: str, given: dict[str, Any]) -> Object:
    """Reached within the cluster: `mk8s create service clusterip web --tcp=80:8080`."""
    ports = one_by_one(given["ports"])
    return services.service(name, "ClusterIP", ports, cluster_ip=given["clusterip"])


@generator("nodeport")
@_TCP
@click.option("--node-port", type=int, default=0, help="The port on the nodes, if a certain one.")
def nodeport(session: Session, name: str, given: dict[str, Any]) -> Object:
    """Reached by a port of every node: `mk8s create service nodeport web --tcp=80`."""
    ports = one_by_one(given["ports"])
    return services.service(name, "NodePort", ports, node_port=given["node_port"])


@generator("loadbalancer")
@_TCP
def loadbalancer(session: Session, name: str, given: dict[str, Any]) -> Object:
    """Reached by an address from outside: `mk8s create service loadbalancer web --tcp=80`."""
    return services.service(name, "LoadBalancer", one_by_one(given["ports"]))


@generator("externalname")
@_TCP
@click.option("--external-name", required=True, metavar="NAME", help="The name that is meant.")
def externalname(session: Session, name: str, given: dict[str, Any]) -> Object:
    """Another name: `mk8s create service externalname db --external-name=db.example.org`."""
    ports = one_by_one(given["ports"])
    return services.service(name, "ExternalName", ports, external_name=given["external_name"])


for _sub_command in (clusterip, nodeport, loadbalancer, externalname):
    service.add_command(_sub_command)


@generator("ingress")
@click.option(
    "--rule",
    "rules",
    multiple=True,
    metavar="HOST/PATH=SERVICE:PORT[,tls[=SECRET]]",
    help="Who answers for what.",
)
@click.option("--class", "class_", default="", metavar="NAME", help="Who serves it.")
@click.option(
    "--default-backend",
    "default",
    default="",
    metavar="SERVICE:PORT",
    help="Who answers for the rest.",
)
@click.option(
    "--annotation",
    "annotations",
    multiple=True,
    metavar="KEY=VALUE",
    help="An annotation of the Ingress.",
)
def ingress(session: Session, name: str, given: dict[str, Any]) -> Object:
    """An Ingress: `mk8s create ingress web --rule='example.org/*=web:80'`; `*`: all below it."""
    return ingresses.ingress(
        name, given["rules"], given["class_"], given["default"], given["annotations"]
    )

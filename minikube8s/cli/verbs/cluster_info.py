"""`mk8s cluster-info`: where the API and the cluster's services are; `dump` writes its state."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.cli import options
from minikube8s.cli.command import acting_group
from minikube8s.cli.output import styles
from minikube8s.cli.output.escapes import harmless
from minikube8s.cli.session import Session

_SERVICES = "/api/v1/namespaces/kube-system/services"
_LABEL = "kubernetes.io/cluster-service=true"


@acting_group("cluster-info")
@click.pass_obj
def command(session: Session) -> None:
    """Show where the cluster's API and services are; `dump` writes down its state."""
    query = {"labelSelector": _LABEL}
    found = session.client.json("GET", _SERVICES, query=query).get("items") or []
    server = session.client.server
    _tell("Kubernetes control plane", server)
    for service in found:
        labels = service["metadata"].get("labels") or {}
        name = labels.get("kubernetes.io/name") or service["metadata"]["name"]
        _tell(name, address_of(server, service))
    click.echo()
    click.echo("To further debug and diagnose cluster problems, use 'mk8s cluster-info dump'.")


@command.command("dump")
@click.option("--output-directory", default="", help="The folder to write to; - is the output.")
@click.option("--namespaces", multiple=True, help="Namespaces, with commas between them.")
@click.option("-o", "--output", "form", default="json", help="json or yaml.")
@click.option("--pod-running-timeout", default="20s", help="Taken as kubectl takes it.")
@options.all_namespaces
@options.managed_fields
@click.pass_obj
def dump(session: Session, /, all_namespaces: bool, **given: Any) -> None:
    """Write down nodes, workloads, Events and logs of pods, for those who look for a fault."""
    from minikube8s.cli.documenting.dumping import Dump

    named = [part for words in given["namespaces"] for part in words.split(",") if part]
    chosen = named or list(dict.fromkeys(["kube-system", session.namespace]))
    folder = given["output_directory"]
    dumping = Dump(session.client, given["form"], folder, managers=given["managers"])
    dumping.run(None if all_namespaces else chosen)
    if folder not in {"", "-"}:
        click.echo(f"Cluster info dumped to {folder}")


def address_of(server: str, service: dict[str, Any]) -> str:
    """Where a Service is reached: its own outside address, else through the API server."""
    meta, spec = service["metadata"], service.get("spec") or {}
    ports = spec.get("ports") or []
    outside = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    if outside:
        host = outside[0].get("ip") or outside[0].get("hostname") or ""
        return " ".join(f"http://{host}:{port['port']}" for port in ports)
    name = str(meta["name"])
    if ports:
        port = str(ports[0].get("name") or "")
        secure = port == "https" or ports[0].get("port") == 443
        if secure:
            name = f"https:{name}:{port}"
        elif port:
            name = f"{name}:{port}"
    return f"{server}/api/v1/namespaces/{meta['namespace']}/services/{name}/proxy"


def _tell(what: str, where: str) -> None:
    name, place = styles.paint("green", harmless(what)), styles.paint("yellow", harmless(where))
    click.echo(f"{name} is running at {place}")

"""The state of a cluster, written down for those who look for a fault: `cluster-info dump`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from minikube8s.api.resources import (
    DAEMONSETS,
    DEPLOYMENTS,
    EVENTS,
    NAMESPACES,
    NODES,
    PODS,
    REPLICASETS,
    REPLICATIONCONTROLLERS,
    SERVICES,
    Resource,
)
from minikube8s.cli.connection.client import ApiFailure, Client
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming import targets
from minikube8s.cli.output import printing

_KINDS = {
    "events": EVENTS,
    "replication-controllers": REPLICATIONCONTROLLERS,
    "services": SERVICES,
    "daemonsets": DAEMONSETS,
    "deployments": DEPLOYMENTS,
    "replicasets": REPLICASETS,
    "pods": PODS,
}


class Dump:
    """One dump: to standard output, or to a file each in a folder."""

    def __init__(self, client: Client, form: str, folder: str, *, managers: bool) -> None:
        self._client = client
        self._printer = printing.printer(form or "json", managers=managers)
        self._ending = "yaml" if form == "yaml" else "json"
        self._folder = None if folder in {"", "-"} else Path(folder)

    def run(self, namespaces: list[str] | None) -> None:
        """Write all of some namespaces, None: of each. Raises CommandError."""
        self._objects("nodes", NODES, None)
        if namespaces is None:
            listed = self._client.json("GET", targets.path(NAMESPACES, None))
            namespaces = [item["metadata"]["name"] for item in listed.get("items") or []]
        for namespace in namespaces:
            pods: list[dict[str, Any]] = []
            for name, resource in _KINDS.items():
                found = self._objects(f"{namespace}/{name}", resource, namespace)
                pods = found if resource is PODS else pods
            for pod in pods:
                self._logs(namespace, pod)

    def _objects(self, name: str, resource: Resource, namespace: str | None) -> list[Any]:
        listed = self._client.json("GET", targets.path(resource, namespace))
        self._write(f"{name}.{self._ending}", self._printer.text(resource, listed))
        items: list[Any] = listed.get("items") or []
        return items

    def _logs(self, namespace: str, pod: dict[str, Any]) -> None:
        name, spec = pod["metadata"]["name"], pod["spec"]
        said = ""
        for container in [*(spec.get("initContainers") or ()), *spec["containers"]]:
            place = f"container {container['name']} of pod {namespace}/{name}"
            path = f"{targets.path(PODS, namespace, name)}/log"
            try:
                text = self._client.raw("GET", path, query={"container": container["name"]})
                log = text.decode(errors="replace")
            except ApiFailure as failure:
                log = f"{failure}\n"
            said += f"==== START logs for {place} ====\n{log}==== END logs for {place} ====\n"
        self._write(f"{namespace}/{name}/logs.txt", said)

    def _write(self, name: str, text: str) -> None:
        if self._folder is None:
            click.echo(text, nl=False)
            return
        path = self._folder / name
        if {"..", "/"} & set(Path(name).parts):
            raise CommandError(f"the cluster has an object of such a name: {name!r}: not written.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from None

"""What `mk8s run` makes of its flags: a Pod, and the Service before it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from minikube8s.cli import imagenames
from minikube8s.cli.errors import CommandError
from minikube8s.cli.making.base import key_values

Object = dict[str, Any]

RESTARTS = ("Always", "OnFailure", "Never")
PULLS = ("", "Always", "IfNotPresent", "Never")
_ENV_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")


def check(given: Mapping[str, Any], *, attach: bool) -> None:
    """Raise CommandError, in kubectl's words and order, where the flags do not fit each other."""
    restart, policy = given["restart"], given["image_pull_policy"]
    if restart and restart not in RESTARTS:
        raise CommandError(f"invalid restart policy: {restart}, valid are: {', '.join(RESTARTS)}")
    if policy not in PULLS:
        raise CommandError(f"invalid image pull policy: {policy}")
    if not given["image"]:
        raise CommandError("--image is required")
    imagenames.check(given["image"])
    if given["tty"] and not given["stdin"]:
        raise CommandError("-i/--stdin is required for containers with -t/--tty=true")
    if given["expose"] and not given["port"]:
        raise CommandError("--port must be set when exposing a service")
    if given["port"] and not given["port"].isdecimal():
        raise CommandError(f"--port must be a number, not {given['port']!r}")
    if given["rm"] and not attach:
        raise CommandError("--rm should only be used for attached containers")
    if attach and given["dry_run"] != "none":
        raise CommandError(
            "--dry-run=[server|client] can't be used with attached containers options "
            "(--attach, --stdin, or --tty)"
        )


def pod(name: str, words: Sequence[str], given: Mapping[str, Any]) -> Object:
    """The Pod. Raises CommandError on labels, annotations or variables that are none."""
    metadata: Object = {"name": name, "creationTimestamp": None}
    metadata["labels"] = labels(given["labels"]) or {"run": name}
    if annotations := _annotations(given["annotations"]):
        metadata["annotations"] = annotations
    container: Object = {"name": name, "image": given["image"]}
    if words:
        container["command" if given["command"] else "args"] = list(words)
    if given["port"]:
        container["ports"] = [{"containerPort": int(given["port"])}]
    if environment := env(given["env"]):
        container["env"] = environment
    container["resources"] = {}
    if given["image_pull_policy"]:
        container["imagePullPolicy"] = given["image_pull_policy"]
    if given["privileged"]:
        container["securityContext"] = {"privileged": True}
    if given["stdin"]:
        container["stdin"] = True
        if not given["leave_stdin_open"]:
            container["stdinOnce"] = True
    if given["tty"]:
        container["tty"] = True
    spec = {
        "containers": [container],
        "restartPolicy": restart_policy(given),
        "dnsPolicy": "ClusterFirst",
    }
    return {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": spec, "status": {}}


def restart_policy(given: Mapping[str, Any]) -> str:
    """The restart policy that the flags mean."""
    return str(given["restart"] or ("OnFailure" if given["stdin"] else "Always"))


def service(name: str, given: Mapping[str, Any]) -> Object:
    """The Service that `--expose` asks for."""
    port = int(given["port"])
    chosen = labels(given["labels"])
    metadata: Object = {"name": name, "creationTimestamp": None}
    if chosen:
        metadata["labels"] = chosen
    spec = {
        "ports": [{"protocol": "TCP", "port": port, "targetPort": port}],
        "selector": dict(chosen) or {"run": name},
    }
    status: Object = {"loadBalancer": {}}
    return {
        "kind": "Service",
        "apiVersion": "v1",
        "metadata": metadata,
        "spec": spec,
        "status": status,
    }


def labels(text: str) -> dict[str, str]:
    """`a=b,c=d`. Raises CommandError."""
    return dict(sorted(key_values(text).items()))


def env(texts: Sequence[str]) -> list[dict[str, str]]:
    """`A=1`, each. Raises CommandError."""
    found = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not _ENV_NAME.fullmatch(name):
            raise CommandError(f"invalid env: {text}")
        found.append({"name": name, "value": value} if value else {"name": name})
    return found


def _annotations(texts: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise CommandError(f"invalid annotations format: {text}")
        found[key] = value
    return dict(sorted(found.items()))

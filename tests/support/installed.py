"""A machine whose cluster systemd runs, with a workload; what tests ask of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from minikube8s.cluster.standins.build import archive, load
from tests.support.cluster import is_ready
from tests.support.manifests import Json, container, deployment, text
from tests.support.systemdmachine import SystemdMachine
from tests.support.wait import until

IMAGE = "busybox:latest"
HOME = "/var/lib/mk8s"
UNITS = "/etc/systemd/system"
WEB = deployment("web", 2, container("sh", "-c", "trap 'exit 0' TERM; sleep 9999 & wait"))


def with_images(machine: SystemdMachine) -> SystemdMachine:
    """Give a machine's engine the image of its workload."""
    load(IMAGE, archive(IMAGE), machine.docker_host)
    return machine


def apply(machine: SystemdMachine, *objects: Json) -> None:
    machine.mk8s("apply", "-f", "-", input=text(*objects)).ok()


def pods(machine: SystemdMachine, app: str = "web") -> list[dict[str, Any]]:
    """The pods of an app that are ready."""
    said = machine.mk8s("get", "pods", "-l", f"app={app}", "-o", "json").ok()
    return [one for one in json.loads(said)["items"] if is_ready(one)]


def ready(machine: SystemdMachine, count: int = 2, seconds: float = 60) -> list[str]:
    """Wait until so many pods of the workload are ready; the ids of their containers."""
    found = until(f"{count} pods are ready", lambda: _exactly(pods(machine), count), seconds)
    return sorted(one["status"]["containerStatuses"][0]["containerID"] for one in found)


def _exactly(found: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    return found if len(found) == count else []


def daemons(machine: SystemdMachine) -> dict[str, str]:
    """The process ids of what `mk8s status` says that runs."""
    said = machine.mk8s("status").out
    return dict(re.findall(r"^(\S+) +running +(\d+)", said, re.MULTILINE))


def supervised(machine: SystemdMachine) -> dict[str, str]:
    """The process ids of the daemons that systemd runs."""
    names = {Path(name).stem.removeprefix("mk8s-"): name for name in units(machine)}
    shown = {name: _shown(machine, unit, "MainPID") for name, unit in names.items()}
    return {name: pid for name, pid in shown.items() if pid != "0"}


def units(machine: SystemdMachine) -> list[str]:
    """The units that mk8s has made."""
    return _services(machine, UNITS)


def enabled(machine: SystemdMachine) -> list[str]:
    """What starts with the machine."""
    return _services(machine, f"{UNITS}/multi-user.target.wants")


def _services(machine: SystemdMachine, folder: str) -> list[str]:
    return machine.shell(f"cd {folder} && ls | grep '^mk8s-.*service$'").out.split()


def _shown(machine: SystemdMachine, unit: str, what: str) -> str:
    return machine.run("systemctl", "show", "--value", f"--property={what}", unit).ok().strip()

"""Deployments, Jobs and CronJobs of images and commands."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence

from minikube8s.cli.making.base import Object, made

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_SEVERAL = 5


def deployment(
    name: str, images: Sequence[str], command: Sequence[str], port: int, replicas: int
) -> Object:
    """Pods of ``images``; ``port`` (0: none) is that of the first."""
    labels = {"app": name}
    spec = {"containers": _containers(images, command, port)}
    return made(
        "Deployment",
        "apps/v1",
        name,
        labels=labels,
        spec={
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"creationTimestamp": None, "labels": labels}, "spec": spec},
            "strategy": {},
        },
        status={},
    )


def job(name: str, image: str, command: Sequence[str]) -> Object:
    """A Job that runs one image once."""
    return made("Job", "batch/v1", name, spec=_job_spec(name, image, command, "Never"), status={})


def cron_job(name: str, image: str, command: Sequence[str], schedule: str, restart: str) -> Object:
    """A CronJob that runs one image."""
    template = {
        "metadata": {"name": name, "creationTimestamp": None},
        "spec": _job_spec(name, image, command, restart or "OnFailure"),
    }
    spec = {"schedule": schedule, "jobTemplate": template}
    return made("CronJob", "batch/v1", name, spec=spec, status={})


def job_of_cron_job(name: str, cron: Object) -> Object:
    """A Job that runs now what the CronJob ``cron`` runs at its times."""
    template = cron["spec"]["jobTemplate"]
    metadata = template.get("metadata") or {}
    annotations = {"cronjob.kubernetes.io/instantiate": "manual"}
    obj = made(
        "Job",
        "batch/v1",
        name,
        labels=metadata.get("labels"),
        annotations=annotations | (metadata.get("annotations") or {}),
        spec=template["spec"],
        status={},
    )
    owner = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": cron["metadata"]["name"],
        "uid": cron["metadata"]["uid"],
        "controller": True,
    }
    obj["metadata"]["ownerReferences"] = [owner]
    return obj


def _job_spec(name: str, image: str, command: Sequence[str], restart: str) -> Object:
    container: Object = {"name": name, "image": image}
    if command:
        container["command"] = list(command)
    container["resources"] = {}
    spec = {"containers": [container], "restartPolicy": restart}
    return {"template": {"metadata": {"creationTimestamp": None}, "spec": spec}}


def _containers(images: Sequence[str], command: Sequence[str], port: int) -> list[Object]:
    found: list[Object] = []
    for image in images:
        container: Object = {"name": container_name(image), "image": image}
        if command:
            container["command"] = list(command)
        if port and not found:
            container["ports"] = [{"containerPort": port}]
        container["resources"] = {}
        found.append(container)
    return found


def container_name(image: str) -> str:
    """A name for a container of ``image``; one that had to be mended gets an ending by chance."""
    last = image.rsplit("/", 1)[-1].split("@", 1)[0].split(":", 1)[0]
    name = re.sub(r"[^a-zA-Z0-9-]", "-", last)
    if name == last:
        return name
    return f"{name}-{''.join(secrets.choice(_LETTERS) for _ in range(_SEVERAL))}"

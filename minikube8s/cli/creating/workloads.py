"""`create deployment`, `create job`, `create cronjob`."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.api.resources import CRONJOBS
from minikube8s.cli.creating.generator import generator
from minikube8s.cli.errors import CommandError
from minikube8s.cli.making import workloads
from minikube8s.cli.making.base import Object, one_by_one
from minikube8s.cli.naming import targets
from minikube8s.cli.session import Session


@generator("deployment")
@click.option("--image", "images", multiple=True, required=True, help="One container an image.")
@click.option("-r", "--replicas", type=int, default=1, help="How many pods.")
@click.option("--port", type=int, default=-1, help="The port of the first container.")
def deployment(session: Session, name: str, given: dict[str, Any]) -> Object:
    """A Deployment: `mk8s create deployment web --image=nginx --replicas=3`."""
    images = one_by_one(given["images"])
    if len(images) > 1 and given["command"]:
        raise CommandError("cannot specify multiple --image options and command")
    port = max(given["port"], 0)
    return workloads.deployment(name, images, given["command"], port, given["replicas"])


@generator("job")
@click.option("--image", default="", help="The image to run.")
@click.option("--from", "source", default="", metavar="cronjob/NAME", help="Run this now.")
def job(session: Session, name: str, given: dict[str, Any]) -> Object:
    """A Job: `mk8s create job once --image=busybox -- date`, or of a CronJob: --from=cronjob/x."""
    if bool(given["image"]) == bool(given["source"]):
        raise CommandError("either --image or --from must be specified")
    if given["image"]:
        return workloads.job(name, given["image"], given["command"])
    if given["command"]:
        raise CommandError("cannot specify --from and command")
    target = targets.one(session.kinds, given["source"].split())
    path = targets.path(target.resource, session.namespace, target.name)
    found = session.client.json("GET", path)
    if target.resource is not CRONJOBS:
        raise CommandError("from must be an existing cronjob, as --from=cronjob/NAME")
    return workloads.job_of_cron_job(name, found)


@generator("cronjob")
@click.option("--image", required=True, help="The image to run.")
@click.option("--schedule", required=True, metavar="'M H D M W'", help="When, as cron has it.")
@click.option("--restart", default="", help="OnFailure or Never.")
def cronjob(session: Session, name: str, given: dict[str, Any]) -> Object:
    """A CronJob: `mk8s create cronjob nightly --image=busybox --schedule='0 3 * * *' -- date`."""
    return workloads.cron_job(
        name, given["image"], given["command"], given["schedule"], given["restart"]
    )

"""Tables of the older and the rarer workloads, and of what they keep."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikube8s.api.meta import controller_of
from minikube8s.api.tables.model import (
    AGE,
    CONTAINERS,
    IMAGES,
    NAME,
    NONE,
    SELECTOR,
    Column,
    Obj,
    Table,
    age,
    label_map,
    label_selector,
    name_of,
    section,
    template_cells,
)


def _stateful_set(obj: Obj, now: datetime) -> list[Any]:
    spec, status = section(obj, "spec"), section(obj, "status")
    return [
        name_of(obj),
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 1)}",
        age(obj, now),
        *template_cells(section(spec, "template")),
    ]


def _daemon_set(obj: Obj, now: datetime) -> list[Any]:
    spec, status = section(obj, "spec"), section(obj, "status")
    template = section(spec, "template")
    return [
        name_of(obj),
        status.get("desiredNumberScheduled", 0),
        status.get("currentNumberScheduled", 0),
        status.get("numberReady", 0),
        status.get("updatedNumberScheduled", 0),
        status.get("numberAvailable", 0),
        label_map(section(template, "spec").get("nodeSelector")),
        age(obj, now),
        *template_cells(template),
        label_selector(spec.get("selector")),
    ]


def _replication_controller(obj: Obj, now: datetime) -> list[Any]:
    spec, status = section(obj, "spec"), section(obj, "status")
    return [
        name_of(obj),
        spec.get("replicas", 1),
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        age(obj, now),
        *template_cells(section(spec, "template")),
        label_map(spec.get("selector")),
    ]


def _controller_revision(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), _controller(obj), obj.get("revision", 0), age(obj, now)]


def _controller(obj: Obj) -> str:
    """Return who manages the object: `statefulset.apps/web`."""
    owner = controller_of(obj)
    if owner is None:
        return NONE
    group = str(owner.get("apiVersion") or "").rpartition("/")[0]
    kind = str(owner.get("kind") or "").lower()
    return f"{kind}.{group}/{owner.get('name')}" if group else f"{kind}/{owner.get('name')}"


def _pod_template(obj: Obj, now: datetime) -> list[Any]:
    template = section(obj, "template")
    labels = section(template, "metadata").get("labels")
    return [name_of(obj), *template_cells(template), label_map(labels)]


_DESIRED = Column("Desired", "Number of pods asked for.", "integer")
_CURRENT = Column("Current", "Number of pods that exist.", "integer")
_READY = Column("Ready", "Number of pods that are ready.", "integer")

STATEFUL_SET = Table(
    (NAME, Column("Ready", "Number of the pod with ready state"), AGE, CONTAINERS, IMAGES),
    _stateful_set,
)
DAEMON_SET = Table(
    (
        NAME,
        _DESIRED,
        _CURRENT,
        _READY,
        Column("Up-to-date", "Pods that have the current template.", "integer"),
        Column("Available", "Pods ready for at least minReadySeconds.", "integer"),
        Column("Node Selector", "Labels of the nodes that a pod runs on."),
        AGE,
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ),
    _daemon_set,
)
REPLICATION_CONTROLLER = Table(
    (NAME, _DESIRED, _CURRENT, _READY, AGE, CONTAINERS, IMAGES, SELECTOR), _replication_controller
)
CONTROLLER_REVISION = Table(
    (
        NAME,
        Column("Controller", "Controller of the object"),
        Column("Revision", "Its place in the history.", "integer"),
        AGE,
    ),
    _controller_revision,
)
POD_TEMPLATE = Table(
    (
        NAME,
        CONTAINERS._replace(priority=0),
        IMAGES._replace(priority=0),
        Column("Pod Labels", "Labels that pods made from it have."),
    ),
    _pod_template,
)

"""What runs pods: apps, batch, autoscaling, and policy about them."""

from __future__ import annotations

from minikube8s.api.resources.build import SCALE, row

_ALL = ("all",)

CONTROLLERREVISIONS = row("apps", "v1", "ControllerRevision", "controllerrevisions")
DAEMONSETS = row(
    "apps", "v1", "DaemonSet", "daemonsets", short=("ds",), categories=_ALL, status=True
)
DEPLOYMENTS = row(
    "apps",
    "v1",
    "Deployment",
    "deployments",
    short=("deploy",),
    categories=_ALL,
    status=True,
    subresources=(SCALE,),
)
REPLICASETS = row(
    "apps",
    "v1",
    "ReplicaSet",
    "replicasets",
    short=("rs",),
    categories=_ALL,
    status=True,
    subresources=(SCALE,),
)
STATEFULSETS = row(
    "apps",
    "v1",
    "StatefulSet",
    "statefulsets",
    short=("sts",),
    categories=_ALL,
    status=True,
    subresources=(SCALE,),
)
CRONJOBS = row("batch", "v1", "CronJob", "cronjobs", short=("cj",), categories=_ALL, status=True)
JOBS = row("batch", "v1", "Job", "jobs", categories=_ALL, status=True)
HORIZONTALPODAUTOSCALERS = row(
    "autoscaling",
    "v2",
    "HorizontalPodAutoscaler",
    "horizontalpodautoscalers",
    short=("hpa",),
    categories=_ALL,
    status=True,
)
HORIZONTALPODAUTOSCALERS_V1 = row(
    "autoscaling",
    "v1",
    "HorizontalPodAutoscaler",
    "horizontalpodautoscalers",
    short=("hpa",),
    categories=_ALL,
    status=True,
    storage=HORIZONTALPODAUTOSCALERS,
)
PODDISRUPTIONBUDGETS = row(
    "policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", short=("pdb",), status=True
)

ROWS = (
    CONTROLLERREVISIONS,
    DAEMONSETS,
    DEPLOYMENTS,
    REPLICASETS,
    STATEFULSETS,
    HORIZONTALPODAUTOSCALERS,
    HORIZONTALPODAUTOSCALERS_V1,
    CRONJOBS,
    JOBS,
    PODDISRUPTIONBUDGETS,
)

"""Owns what `labels`, `commonLabels` and `commonAnnotations` set, and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minikube8s.cli.kustomizing.paths import WORKLOADS, Spec, change
from minikube8s.cli.kustomizing.resources import Res

_TERMS = (
    "preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/",
    ("requiredDuringSchedulingIgnoredDuringExecution/"),
)
_METADATA = (Spec("metadata/labels", True),)
_TEMPLATES = (
    *(
        Spec(f"{where}metadata/labels", True, kind)
        for kind, where in WORKLOADS.items()
        if kind not in {"Pod", "PodTemplate"}
    ),
    Spec("spec/jobTemplate/metadata/labels", True, "CronJob"),
    Spec("spec/volumeClaimTemplates/metadata/labels", True, "StatefulSet"),
)
_SELECTORS = (
    Spec("spec/selector", True, "Service", ""),
    Spec("spec/selector", True, "ReplicationController", ""),
    *(
        Spec("spec/selector/matchLabels", True, kind)
        for kind in ("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet")
    ),
    Spec("spec/selector/matchLabels", False, "Job"),
    Spec("spec/jobTemplate/spec/selector/matchLabels", False, "CronJob"),
    Spec("spec/selector/matchLabels", False, "PodDisruptionBudget"),
    Spec("spec/podSelector/matchLabels", False, "NetworkPolicy"),
    Spec("spec/ingress/from/podSelector/matchLabels", False, "NetworkPolicy"),
    Spec("spec/egress/to/podSelector/matchLabels", False, "NetworkPolicy"),
    *(
        Spec(f"spec/template/spec/affinity/{kind}/{term}labelSelector/matchLabels", False, owner)
        for kind in ("podAffinity", "podAntiAffinity")
        for term in _TERMS
        for owner in ("Deployment", "StatefulSet")
    ),
    *(
        Spec("spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels", False, owner)
        for owner in ("Deployment", "StatefulSet")
    ),
)
_ANNOTATIONS = (
    Spec("metadata/annotations", True),
    *(
        Spec(f"{where}metadata/annotations", True, kind)
        for kind, where in WORKLOADS.items()
        if kind not in {"Pod", "PodTemplate"}
    ),
    Spec("spec/jobTemplate/metadata/annotations", True, "CronJob"),
)


def label(
    found: Iterable[Res],
    pairs: Mapping[str, str],
    *,
    selectors: bool,
    templates: bool,
    fields: Iterable[Spec] = (),
) -> None:
    """Set labels; with ``selectors`` also where pods are selected, and in their templates."""
    more = (*_TEMPLATES, *_SELECTORS) if selectors else _TEMPLATES if templates else ()
    _set(found, pairs, (*_METADATA, *more, *fields))


def annotate(found: Iterable[Res], pairs: Mapping[str, str]) -> None:
    """Set annotations of objects and of their pod templates."""
    _set(found, pairs, _ANNOTATIONS)


def _set(found: Iterable[Res], pairs: Mapping[str, str], specs: Iterable[Spec]) -> None:
    if not pairs:
        return

    def update(known: Any) -> Any:
        return {**(known or {}), **pairs}

    for res in found:
        for spec in specs:
            if spec.fits(res.group, res.kind):
                change(res.obj, spec.path, spec.create, update)

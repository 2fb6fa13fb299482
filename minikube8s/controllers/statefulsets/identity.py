"""What the pod of an ordinal is: its name, its labels, its host name, its volumes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minikube8s.api.resources import PODS, STATEFULSETS
from minikube8s.api.views import StatefulSet
from minikube8s.controllers.actions import Create, Delete, Patch, Report, view_ref
from minikube8s.controllers.podfacts import PodFacts
from minikube8s.controllers.revisions import POD_LABEL, Revision
from minikube8s.controllers.statefulsets.model import POD_INDEX, POD_NAME, Snapshot, ordinal_of
from minikube8s.controllers.statefulsets.storage import claim_name
from minikube8s.controllers.templates import pod_of


def pod_name(view: StatefulSet, ordinal: int) -> str:
    """Return the name of the pod of an ordinal, which is its host name, too."""
    return f"{view.metadata.name}-{ordinal}"


def create(snapshot: Snapshot, ordinal: int, revision: Revision) -> Create:
    """Return the creation of an ordinal's pod from a revision of the template."""
    view, name = snapshot.view, pod_name(snapshot.view, ordinal)
    pod = pod_of(STATEFULSETS, snapshot.object, revision.template)
    metadata, spec = pod["metadata"], pod["spec"]
    del metadata["generateName"]
    metadata["name"] = name
    metadata["labels"] = {
        **metadata.get("labels", {}),
        **_labels(name, ordinal),
        POD_LABEL: revision.name,
    }
    spec["hostname"] = name
    if view.spec.service_name:
        spec["subdomain"] = view.spec.service_name
    volumes = _volumes(snapshot, ordinal, spec)
    if volumes:
        spec["volumes"] = volumes
    return Create(PODS, view.metadata.namespace, pod, report(view, "create", name))


def delete(view: StatefulSet, pod: PodFacts) -> Delete:
    """Return the deletion of a pod."""
    return Delete(view_ref(PODS, pod.metadata), report=report(view, "delete", pod.metadata.name))


def correction(pod: PodFacts) -> Patch | None:
    """Return what gives a pod (an adopted one, say) the labels of its name, if it lacks them."""
    wanted = _labels(pod.metadata.name, ordinal_of(pod))
    if wanted.items() <= pod.metadata.labels.items():
        return None
    return Patch(view_ref(PODS, pod.metadata), {"metadata": {"labels": wanted}})


def report(view: StatefulSet, verb: str, pod: str) -> Report:
    """Return the Events of creating or deleting a pod."""
    said = f"{verb} Pod {pod} in StatefulSet {view.metadata.name}"
    word = verb.capitalize()
    return Report(
        f"Successful{word}", f"{said} successful", f"Failed{word}", f"{said} failed error: "
    )


def _labels(name: str, ordinal: int) -> dict[str, str]:
    return {POD_NAME: name, POD_INDEX: str(ordinal)}


def _volumes(snapshot: Snapshot, ordinal: int, spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the volumes of the claims, then those of the template with other names."""
    names = [one.metadata.name for one in snapshot.view.spec.volume_claim_templates]
    claimed = [
        {
            "name": name,
            "persistentVolumeClaim": {"claimName": claim_name(snapshot.view, name, ordinal)},
        }
        for name in names
    ]
    return claimed + [one for one in spec.get("volumes") or () if one["name"] not in names]

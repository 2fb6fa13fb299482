"""The one list of kinds and fields that mk8s stores but does not act on.

A kind or field leaves this list in the change that makes it work. Paths are relative to the object;
`[]` stands for every item of a list, `=value` for the one value that does not work, `!value` for
all values but one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

from minikube8s.api.resources import Resource

_CONTAINER = (
    "env[].valueFrom.fileKeyRef",
    "securityContext.windowsOptions",
    "volumeDevices",
)
_VOLUME_PLUGINS = (
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "csi",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "glusterfs",
    "iscsi",
    "photonPersistentDisk",
    "portworxVolume",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
    "vsphereVolume",
)
_VOLUME = (
    *_VOLUME_PLUGINS,
    "emptyDir.medium!Memory",
    "gitRepo",
    "image",
    "projected.sources[].clusterTrustBundle",
    "projected.sources[].podCertificate",
)
_POD = (
    *(f"initContainers[].{path}" for path in _CONTAINER),
    *(f"containers[].{path}" for path in _CONTAINER),
    *(f"ephemeralContainers[].{path}" for path in _CONTAINER),
    *(f"volumes[].{path}" for path in _VOLUME),
    "hostUsers=false",
    "resourceClaims",
    "resources",
    "runtimeClassName",
    "schedulingGroup",
    "securityContext.seLinuxChangePolicy",
    "securityContext.windowsOptions",
)

_PASSIVE: dict[tuple[str, str], str] = {
    ("networking.k8s.io", "IPAddress"): "does not allocate by them",
    ("networking.k8s.io", "ServiceCIDR"): "does not allocate by them",
    ("node.k8s.io", "RuntimeClass"): "does not run pods by them",
    ("storage.k8s.io", "CSIDriver"): "does not use them",
    ("storage.k8s.io", "CSINode"): "does not use them",
    ("storage.k8s.io", "CSIStorageCapacity"): "does not use them",
    ("storage.k8s.io", "VolumeAttachment"): "does not attach volumes",
    ("storage.k8s.io", "VolumeAttributesClass"): "does not use them",
}
"""The kinds that are only kept, and what does not happen."""

_PLURALS = {
    "CSIStorageCapacity": "CSIStorageCapacities",
}

_KINDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "PersistentVolume"): (
        *(f"spec.{name}" for name in _VOLUME_PLUGINS),
        "spec.persistentVolumeReclaimPolicy=Recycle",
        "spec.volumeMode=Block",
    ),
    ("", "PersistentVolumeClaim"): (
        "spec.dataSource",
        "spec.dataSourceRef",
        "spec.volumeAttributesClassName",
        "spec.volumeMode=Block",
    ),
    ("", "Pod"): tuple(f"spec.{path}" for path in _POD),
    ("", "ReplicationController"): tuple(f"spec.template.spec.{path}" for path in _POD),
    ("apps", "DaemonSet"): tuple(f"spec.template.spec.{path}" for path in _POD),
    ("apps", "Deployment"): tuple(f"spec.template.spec.{path}" for path in _POD),
    ("apps", "ReplicaSet"): tuple(f"spec.template.spec.{path}" for path in _POD),
    ("apps", "StatefulSet"): tuple(f"spec.template.spec.{path}" for path in _POD),
    ("batch", "CronJob"): tuple(f"spec.jobTemplate.spec.template.spec.{path}" for path in _POD),
    ("batch", "Job"): tuple(f"spec.template.spec.{path}" for path in _POD),
    ("certificates.k8s.io", "CertificateSigningRequest"): (
        "spec.signerName=kubernetes.io/kube-apiserver-client-kubelet",
        "spec.signerName=kubernetes.io/kubelet-serving",
        "spec.signerName=kubernetes.io/legacy-unknown",
    ),
    ("networking.k8s.io", "Ingress"): (
        "spec.defaultBackend.resource",
        "spec.rules[].http.paths[].backend.resource",
    ),
    ("networking.k8s.io", "IngressClass"): ("spec.parameters",),
}


class _Place(NamedTuple):
    """A field on the way to one of the list, or one of the list itself (`values` is not None).

    `values` tells whether a value is one that does not work.
    """

    listed: bool
    values: Callable[[Any], bool] | None
    below: dict[str, _Place]


def unsupported(resource: Resource, obj: dict[str, Any]) -> list[str]:
    """Return a sentence if its kind is on the list, and one for each listed field that it sets."""
    kind = (resource.group, resource.kind)
    sentences = []
    if kind in _PASSIVE:
        sentences.append(f"mk8s stores {_plural(resource.kind)} but {_PASSIVE[kind]} yet")
    return sentences + [
        f"{found}: mk8s stores this but does not act on it yet"
        for found in _found(obj, _places(kind))
    ]


def _plural(kind: str) -> str:
    if kind in _PLURALS:
        return _PLURALS[kind]
    return f"{kind}es" if kind.endswith("s") else f"{kind}s"


@cache
def _places(kind: tuple[str, str]) -> dict[str, _Place]:
    """Return a kind's paths as a tree, so that a look at an object follows what it has."""
    root: dict[str, _Place] = {}
    for entry in _KINDS.get(kind, ()):
        path, values = _parse(entry)
        *way, last = path.split(".")
        below = root
        for name in way:
            plain = name.removesuffix("[]")
            below = below.setdefault(plain, _Place(name != plain, None, {})).below
        below[last] = _Place(False, values, {})
    return root


def _parse(entry: str) -> tuple[str, Callable[[Any], bool]]:
    """Split an entry of the list into its path and the values that it means."""
    path, _, only = entry.partition("=")
    if only:
        return path, lambda value: _text(value) == only
    path, _, working = entry.partition("!")
    return path, lambda value: value not in (False, "", 0, [], {}, working)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _found(obj: dict[str, Any], places: dict[str, _Place], at: str = "") -> Iterator[str]:
    for name, place in places.items():
        value = obj.get(name)
        if value is None:
            continue
        here = f"{at}{name}"
        if place.values is not None:
            if place.values(value):
                yield here if isinstance(value, dict | list) else f"{here}: {_text(value)}"
        elif place.listed:
            for position, item in enumerate(value):
                yield from _found(item, place.below, f"{here}[{position}].")
        else:
            yield from _found(value, place.below, f"{here}.")

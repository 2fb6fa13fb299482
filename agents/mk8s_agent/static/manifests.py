"""From a file to a static pod: decoded, completed and checked as the API would. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from minikube8s.api import views
from minikube8s.api.views import Pod

CONFIG_HASH = "kubernetes.io/config.hash"
CONFIG_SOURCE = "kubernetes.io/config.source"
CONFIG_SEEN = "kubernetes.io/config.seen"
LARGEST = 10 << 20
"""Bytes of a file: what is larger is no manifest."""
_FORBIDDEN = {
    "serviceAccountName": "service accounts",
    "serviceAccountToken": "service accounts",
    "secretKeyRef": "secrets",
    "secretRef": "secrets",
    "secret": "secrets",
    "imagePullSecrets": "secrets",
    "configMapKeyRef": "configmaps",
    "configMapRef": "configmaps",
    "configMap": "configmaps",
    "persistentVolumeClaim": "persistentvolumeclaims",
    "resourceClaims": "resourceclaims",
}
"""Fields that name objects of the API: a static pod must come up without them."""


class BadManifest(Exception):
    """A file is no static pod; the message says why."""


class StaticPod(msgspec.Struct, frozen=True):
    """A pod of this node. `object` is its whole JSON, `pod` the view of it."""

    pod: Pod
    object: dict[str, Any]


def static_pod(data: bytes, path: str, node: str, seen: str) -> StaticPod:
    """The pod that a file describes. `seen` is the time of it. Raises BadManifest."""
    if len(data) > LARGEST:
        raise BadManifest(f"it has more than {LARGEST} bytes")
    obj = _decoded(data)
    if obj.get("kind") != "Pod" or obj.get("apiVersion") != "v1":
        raise BadManifest("it does not describe a v1 Pod")
    digest = hashlib.md5(usedforsecurity=False)
    for part in (node.encode(), path.encode(), msgspec.json.encode(obj, order="sorted")):
        digest.update(part)
    uid = digest.hexdigest()
    metadata = obj.setdefault("metadata", {})
    if not isinstance(metadata, dict) or not isinstance(obj.get("spec"), dict):
        raise BadManifest("metadata and spec have to be mappings")
    annotations = metadata.get("annotations") or {}
    if not isinstance(annotations, dict):
        raise BadManifest("metadata.annotations has to be a mapping")
    # What becomes of the pod is not the file's to say.
    for place, name in ((obj, "status"), (metadata, "deletionTimestamp")):
        place.pop(name, None)
    _refuse_references(obj["spec"])
    metadata["name"] = f"{metadata.get('name') or ''}-{node.lower()}"
    metadata["namespace"] = metadata.get("namespace") or "default"
    metadata["uid"] = uid
    metadata["annotations"] = {
        **annotations,
        CONFIG_HASH: uid,
        CONFIG_SOURCE: "file",
        CONFIG_SEEN: seen,
    }
    obj["spec"]["nodeName"] = node
    tolerations = obj["spec"].setdefault("tolerations", [])
    if isinstance(tolerations, list):
        tolerations.append({"effect": "NoExecute", "operator": "Exists"})
    _check(obj)
    return StaticPod(views.decode(Pod, msgspec.json.encode(obj)), obj)


def _decoded(data: bytes) -> dict[str, Any]:
    import yaml  # noqa: PLC0415 - a node without static pods needs none of it

    try:
        loaded = yaml.load(data, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        # YAML has keys that are no texts, dates and cycles; JSON has not.
        loaded = msgspec.json.decode(msgspec.json.encode(loaded))
    except (yaml.YAMLError, ValueError) as error:
        raise BadManifest(f"it is neither YAML nor JSON: {error}") from error
    except (TypeError, RecursionError, msgspec.MsgspecError) as error:
        raise BadManifest(f"it cannot be put as JSON: {error}") from error
    if not isinstance(loaded, dict):
        raise BadManifest("it does not describe an object")
    return loaded


def _check(obj: dict[str, Any]) -> None:
    """Fill in defaults and refuse what the API would refuse."""
    from minikube8s.api import defaults, schema  # noqa: PLC0415 - as above
    from minikube8s.api.resources import PODS  # noqa: PLC0415 - as above
    from minikube8s.api.strategy import for_resource  # noqa: PLC0415 - as above

    if problems := schema.check("io.k8s.api.core.v1.Pod", obj):
        raise BadManifest(schema.strict_message(problems))
    defaults.apply(PODS, obj)
    if causes := for_resource(PODS).validate(obj):
        raise BadManifest("; ".join(f"{one.field}: {one.message}" for one in causes))


def _refuse_references(spec: dict[str, Any]) -> None:
    if spec.get("ephemeralContainers"):
        raise BadManifest("static pods may not have ephemeral containers")
    for found in _references(spec):
        raise BadManifest(f"static pods may not reference {found}")


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in _FORBIDDEN and inner:
                yield _FORBIDDEN[name]
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)

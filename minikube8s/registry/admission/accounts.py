"""ServiceAccount: every pod acts in the name of an account that exists, with its token at hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minikube8s.api import names
from minikube8s.api.resources import SERVICEACCOUNTS
from minikube8s.registry.admission.request import Cluster, Object, Request

DEFAULT = "default"
_MIRROR = "kubernetes.io/config.mirror"
TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
_VOLUME_PREFIX = "kube-api-access-"
_TOKEN_SECONDS = 3607
"""An hour, and what tells these tokens from those that somebody asked for."""
_FILE_MODE = 0o644


def admit(request: Request, cluster: Cluster) -> None:
    """Name the account of a new pod, give it the account's pull secrets if it has none, and mount
    its token."""
    if request.old is not None:
        return
    spec = request.object["spec"]
    if is_mirror(request.object):
        _check_mirror(request, spec)
        return
    name = account_of(spec)
    entry = cluster.find(SERVICEACCOUNTS, request.namespace, name)
    if entry is None:
        raise request.forbidden(
            f"error looking up service account {request.namespace}/{name}:"
            f' serviceaccount "{name}" not found'
        )
    spec["serviceAccountName"] = spec["serviceAccount"] = name
    secrets = entry.object.get("imagePullSecrets")
    if secrets and not spec.get("imagePullSecrets"):
        spec["imagePullSecrets"] = [dict(secret) for secret in secrets]
    if _wants_token(spec, entry.object):
        _mount_token(spec, request.object["metadata"].get("uid") or "")


def is_mirror(pod: Object) -> bool:
    """Whether the pod only shows one that a node runs by itself, in nobody's name."""
    return bool((pod["metadata"].get("annotations") or {}).get(_MIRROR))


def account_of(spec: Object) -> str:
    """Return the name of the account that the pod of this spec runs under."""
    name: str = spec.get("serviceAccountName") or spec.get("serviceAccount") or DEFAULT
    return name


def _wants_token(spec: Object, account: Object) -> bool:
    """What the pod says counts, then what its account says."""
    for wish in (spec, account):
        if (said := wish.get("automountServiceAccountToken")) is not None:
            return bool(said)
    return True


def _mount_token(spec: Object, uid: str) -> None:
    """Mount the token in every container that has nothing at its place."""
    volumes = spec.get("volumes") or []
    present = [one["name"] for one in volumes if one["name"].startswith(_VOLUME_PREFIX)]
    name = present[0] if present else _free_name({one["name"] for one in volumes}, uid)
    lacking = [
        one
        for one in _containers(spec)
        if all(mount["mountPath"] != TOKEN_PATH for mount in one.get("volumeMounts") or ())
    ]
    for container in lacking:
        mount = {"name": name, "readOnly": True, "mountPath": TOKEN_PATH}
        container["volumeMounts"] = [*(container.get("volumeMounts") or ()), mount]
    if lacking and not present:
        spec["volumes"] = [*volumes, {"name": name, "projected": _projection()}]


def _free_name(taken: set[str], uid: str) -> str:
    """A name for the volume; a pod's own uid is as random as it has to be."""
    number = int(uid.replace("-", "") or "0", 16)
    while True:
        suffix = ""
        rest = number
        for _ in range(names.SUFFIX_LENGTH):
            rest, letter = divmod(rest, len(names.SUFFIX_ALPHABET))
            suffix += names.SUFFIX_ALPHABET[letter]
        if (name := _VOLUME_PREFIX + suffix) not in taken:
            return name
        number += 1


def _projection() -> dict[str, Any]:
    namespace = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    return {
        "defaultMode": _FILE_MODE,
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": _TOKEN_SECONDS, "path": "token"}},
            {
                "configMap": {
                    "name": "kube-root-ca.crt",
                    "items": [{"key": "ca.crt", "path": "ca.crt"}],
                }
            },
            {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": namespace}]}},
        ],
    }


def _check_mirror(request: Request, spec: Object) -> None:
    """A mirror pod shows what a node runs without the API: nothing of the API's is in it."""
    if spec.get("serviceAccountName"):
        raise request.forbidden("a mirror pod may not reference service accounts")
    volumes = spec.get("volumes") or ()
    projections = [
        source for one in volumes for source in (one.get("projected") or {}).get("sources") or ()
    ]
    if any("secret" in one for one in (*volumes, *projections)) or _refers_to_secrets(spec):
        raise request.forbidden("a mirror pod may not reference secrets")
    if any("serviceAccountToken" in one for one in projections):
        raise request.forbidden("a mirror pod may not use ServiceAccountToken volume projections")


def _refers_to_secrets(spec: Object) -> bool:
    for container in _containers(spec):
        for source in container.get("envFrom") or ():
            if "secretRef" in source:
                return True
        for variable in container.get("env") or ():
            if "secretKeyRef" in (variable.get("valueFrom") or {}):
                return True
    return bool(spec.get("imagePullSecrets"))


def _containers(spec: Object) -> Iterator[Object]:
    yield from spec.get("initContainers") or ()
    yield from spec.get("containers") or ()

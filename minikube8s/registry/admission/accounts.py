"""ServiceAccount: every pod acts in the name of an account that exists.

The token's volume (`kube-api-access-…`) is not added here yet: it would be, at the end of `admit`,
from the day that agents mount volumes.
"""

from __future__ import annotations

from minikube8s.api.resources import SERVICEACCOUNTS
from minikube8s.registry.admission.request import Cluster, Object, Request

DEFAULT = "default"
_MIRROR = "kubernetes.io/config.mirror"


def admit(request: Request, cluster: Cluster) -> None:
    """Name the account of a new pod, and give it the account's pull secrets if it has none."""
    if request.old is not None or is_mirror(request.object):
        return
    spec = request.object["spec"]
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


def is_mirror(pod: Object) -> bool:
    """Whether the pod only shows one that a node runs by itself, in nobody's name."""
    return bool((pod["metadata"].get("annotations") or {}).get(_MIRROR))


def account_of(spec: Object) -> str:
    """Return the name of the account that the pod of this spec runs under."""
    name: str = spec.get("serviceAccountName") or spec.get("serviceAccount") or DEFAULT
    return name

"""DefaultTolerationSeconds: a pod stays five minutes on a node that is not ready or unreachable."""

from __future__ import annotations

from minikube8s.registry.admission.request import Cluster, Object, Request

_EVICTING_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_SECONDS = 300


def admit(request: Request, cluster: Cluster) -> None:
    """Complete the tolerations of a pod that says nothing of these taints."""
    complete(request.object["spec"])


def complete(spec: Object) -> None:
    """Complete the tolerations of a pod's spec, in place; idempotent."""
    tolerations = list(spec.get("tolerations") or ())
    for taint in _EVICTING_TAINTS:
        if not any(_tolerates_eviction(toleration, taint) for toleration in tolerations):
            tolerations.append(
                {
                    "key": taint,
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": _SECONDS,
                }
            )
    spec["tolerations"] = tolerations


def _tolerates_eviction(toleration: Object, taint: str) -> bool:
    return toleration.get("key") in (None, "", taint) and toleration.get("effect") in (
        None,
        "",
        "NoExecute",
    )

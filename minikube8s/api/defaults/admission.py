"""What Kubernetes' admission adds to every new pod: service account, priority, tolerations."""

from __future__ import annotations

from typing import Any

from minikube8s.api.defaults.fill import fill

_EVICTING_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_TOLERATION_SECONDS = 300


def admit_pod(pod: dict[str, Any]) -> None:
    """Complete a pod that is being created, in place; idempotent.

    A pod stays five minutes on a node that is not ready or unreachable unless it says otherwise.
    """
    spec = pod.setdefault("spec", {})
    fill(spec, serviceAccountName="default", priority=0, preemptionPolicy="PreemptLowerPriority")
    fill(spec, serviceAccount=spec["serviceAccountName"])
    tolerations = list(spec.get("tolerations") or ())
    for taint in _EVICTING_TAINTS:
        if not any(_tolerates_eviction(toleration, taint) for toleration in tolerations):
            tolerations.append(
                {
                    "key": taint,
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": _TOLERATION_SECONDS,
                }
            )
    spec["tolerations"] = tolerations


def _tolerates_eviction(toleration: dict[str, Any], taint: str) -> bool:
    return toleration.get("key") in (None, "", taint) and toleration.get("effect") in (
        None,
        "",
        "NoExecute",
    )

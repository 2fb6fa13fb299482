"""Owns the order in which what was built is given: what others need comes first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minikube8s.cli.errors import CommandError
from minikube8s.cli.kustomizing.resources import Res

_FIRST = (
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
)
_LAST = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


def ordered(found: list[Res], options: Mapping[str, Any] | None) -> list[Res]:
    """``found`` as `sortOptions` say: by kind, or (`fifo`) as they came. Raises CommandError."""
    order = (options or {}).get("order") or "legacy"
    if order == "fifo":
        return found
    if order != "legacy":
        raise CommandError(f"sortOptions: the order {order!r} is neither legacy nor fifo")
    given = (options or {}).get("legacySortOptions") or {}
    first = given.get("orderFirst") if given else _FIRST
    last = given.get("orderLast") if given else _LAST
    ranks = {kind: index - len(first or ()) for index, kind in enumerate(first or ())}
    ranks |= {kind: index + 1 for index, kind in enumerate(last or ())}

    def key(res: Res) -> tuple[int, str, str]:
        known = res.id
        kind = f"{known.group or '~G'}_{known.version or '~V'}_{known.kind or '~K'}"
        name = f"{known.namespace or '~X'}|{known.name or '~N'}"
        return ranks.get(res.kind, 0), kind, name

    return sorted(found, key=key)

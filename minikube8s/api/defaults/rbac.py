"""Defaults of role bindings."""

from __future__ import annotations

from typing import Any

from minikube8s.api.defaults.fill import fill

_GROUP = "rbac.authorization.k8s.io"


def binding(obj: dict[str, Any]) -> None:
    """Fill a RoleBinding or a ClusterRoleBinding."""
    fill(obj.setdefault("roleRef", {}), apiGroup=_GROUP)
    for subject in obj.get("subjects") or ():
        if subject.get("kind") in ("User", "Group"):
            fill(subject, apiGroup=_GROUP)

"""Who a role is given to: `set subject`, `create rolebinding`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minikube8s.cli.errors import CommandError

GROUP = "rbac.authorization.k8s.io"


def subjects(
    users: Iterable[str], groups: Iterable[str], accounts: Iterable[str]
) -> list[dict[str, Any]]:
    """The subjects that the flags name, in kubectl's order. Raises CommandError."""
    found: list[dict[str, Any]] = []
    for kind, names in (("User", users), ("Group", groups)):
        found += [{"apiGroup": GROUP, "kind": kind, "name": name} for name in names]
    for account in accounts:
        namespace, colon, name = account.partition(":")
        if not colon or not name or not namespace or ":" in name:
            raise CommandError(
                f"serviceaccount must be <namespace>:<name>, such as default:builder, not {account}"
            )
        found.append({"kind": "ServiceAccount", "name": name, "namespace": namespace})
    return found


def add_subjects(obj: dict[str, Any], wanted: Iterable[dict[str, Any]]) -> None:
    """Give the binding ``obj`` those of the subjects that it has not."""
    present = list(obj.get("subjects") or [])
    present += [subject for subject in wanted if subject not in present]
    obj["subjects"] = present

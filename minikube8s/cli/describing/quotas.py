"""How Namespaces and what limits their use are described."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minikube8s.api.quantity import canonical, from_value, parse
from minikube8s.cli.describing import common
from minikube8s.cli.describing.writer import Writer

Object = dict[str, Any]
_SCOPES = {
    "Terminating": "Matches all pods that have an active deadline. These pods have a limited "
    "lifespan on a node before being actively terminated by the system.",
    "NotTerminating": "Matches all pods that do not have an active deadline. These pods usually "
    "include long running pods whose container command is not expected to terminate.",
    "BestEffort": "Matches all pods that do not have resource requirements set. These pods have a "
    "best effort quality of service.",
    "NotBestEffort": "Matches all pods that have at least one resource requirement set. These pods "
    "have a burstable or guaranteed quality of service.",
}
_LIMITS = (
    "Type",
    "Resource",
    "Min",
    "Max",
    "Default Request",
    "Default Limit",
    "Max Limit/Request Ratio",
)
_FIELDS = ("min", "max", "defaultRequest", "default", "maxLimitRequestRatio")


def namespace(w: Writer, obj: Object, around: common.Around) -> None:
    """A Namespace with its ``quotas`` and ``ranges``. It has no Events."""
    status = obj.get("status") or {}
    common.head(w, obj, namespace=False)
    common.labels(w, obj)
    w.line(0, "Status:", status.get("phase", ""))
    columns = ("Type", "Status", "LastTransitionTime", "Reason", "Message")
    common.conditions(w, status.get("conditions"), *columns)
    _quotas(w, around.related.get("quotas"))
    _ranges(w, around.related.get("ranges"))


def quota(w: Writer, obj: Object, around: common.Around) -> None:
    """A ResourceQuota: what is used of what. It has no Events."""
    common.head(w, obj)
    scopes = sorted((obj.get("spec") or {}).get("scopes") or ())
    if scopes:
        w.line(0, "Scopes:", ", ".join(scopes))
    for scope in scopes:
        if scope in _SCOPES:
            w.line(0, f" * {_SCOPES[scope]}")
    status = obj.get("status") or {}
    used = status.get("used") or {}
    rows = []
    for name, hard in sorted((status.get("hard") or {}).items()):
        limit, taken = parse(hard), parse(used.get(name, 0))
        if limit.notation != taken.notation:
            taken = from_value(taken.value, limit.notation)
        rows.append((name, taken, limit))
    w.table(0, ("Resource", "Used", "Hard"), rows)


def limit_range(w: Writer, obj: Object, around: common.Around) -> None:
    """A LimitRange. It has no Events."""
    common.head(w, obj)
    w.table(0, _LIMITS, _limits(obj, ""))


def _quotas(w: Writer, found: list[Object] | None) -> None:
    if found is None:
        return
    w.line(0)
    if not found:
        w.line(0, "No resource quota.")
        return
    w.line(0, "Resource Quotas")
    for one in sorted(found, key=lambda one: str(one["metadata"]["name"])):
        w.line(1, "Name:", one["metadata"]["name"])
        scopes = sorted((one.get("spec") or {}).get("scopes") or ())
        if scopes:
            w.line(1, "Scopes:", ", ".join(scopes))
        for scope in scopes:
            if scope in _SCOPES:
                w.line(1, f"* {_SCOPES[scope]}")
        w.line(1, "Resource", "Used", "Hard")
        w.line(1, "--------", "---", "---")
        status = one.get("status") or {}
        for name, hard in sorted((status.get("hard") or {}).items()):
            used = (status.get("used") or {}).get(name, 0)
            w.line(1, name, canonical(used), canonical(hard))


def _ranges(w: Writer, found: list[Object] | None) -> None:
    if found is None:
        return
    w.line(0)
    if not found:
        w.line(0, "No LimitRange resource.")
        return
    w.line(0, "Resource Limits")
    w.line(0, " Type", *_LIMITS[1:])
    w.line(0, " ----", *("-" * len(title) for title in _LIMITS[1:]))
    for one in found:
        for row in _limits(one, " "):
            w.line(0, *row)


def _limits(obj: Object, indent: str) -> Iterator[list[str]]:
    for limit in (obj.get("spec") or {}).get("limits") or ():
        names = sorted({name for field in _FIELDS for name in limit.get(field) or ()})
        for name in names:
            amounts = ((limit.get(field) or {}).get(name) for field in _FIELDS)
            shown = ("-" if amount is None else canonical(amount) for amount in amounts)
            yield [f"{indent}{limit.get('type', '')}", name, *shown]

"""The parts that several kinds' descriptions share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from minikube8s.api.meta import controller_of
from minikube8s.api.times import age, parse_time
from minikube8s.cli.describing.writer import Writer

Object = dict[str, Any]
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def head(writer: Writer, obj: Object, *, namespaced: bool = True) -> None:
    """Name and Namespace."""
    writer.line(0, "Name:", obj["metadata"]["name"])
    if namespaced:
        writer.line(0, "Namespace:", obj["metadata"].get("namespace", ""))


def labels(writer: Writer, obj: Object) -> None:
    """Labels and Annotations; the annotation of `apply` is left out."""
    metadata = obj["metadata"]
    writer.mapping("Labels", metadata.get("labels"))
    annotations = metadata.get("annotations") or {}
    shown = {key: value for key, value in annotations.items() if key != LAST_APPLIED}
    writer.mapping("Annotations", shown, ": ")


def created(writer: Writer, obj: Object) -> None:
    """CreationTimestamp."""
    writer.line(0, "CreationTimestamp:", local(obj["metadata"].get("creationTimestamp")))


def controlled_by(writer: Writer, obj: Object) -> None:
    """The controller, when the object has one."""
    owner = controller_of(obj)
    if owner:
        writer.line(0, "Controlled By:", f"{owner['kind']}/{owner['name']}")


def conditions(writer: Writer, obj: Object, *columns: str) -> None:
    """The Conditions table with ``columns`` of their fields."""
    found = obj.get("status", {}).get("conditions") or []
    if not found:
        return
    writer.line(0, "Conditions:")
    fields = {
        "Type": "type", "Status": "status", "Reason": "reason", "Message": "message",
        "LastHeartbeatTime": "lastHeartbeatTime", "LastTransitionTime": "lastTransitionTime",
    }  # fmt: skip

    def cell(condition: Object, column: str) -> str:
        value = str(condition.get(fields[column]) or "")
        return local(value) if column.endswith("Time") else value

    rows = [[cell(condition, column) for column in columns] for condition in found]
    writer.line(1, *columns)
    if len(columns) > 2:
        writer.line(1, *("-" * min(len(column), 6) for column in columns))
    for row in rows:
        writer.line(1, *row)


def events(writer: Writer, found: Sequence[Object], now: datetime) -> None:
    """The Events table, oldest first."""
    if not found:
        writer.line(0, "Events:", "<none>")
        return
    writer.line(0, "Events:")
    ordered = sorted(found, key=lambda event: event.get("lastTimestamp") or "")
    rows = []
    for event in ordered:
        when = age(event.get("lastTimestamp") or event.get("eventTime"), now)
        if event.get("count", 1) > 1:
            when = f"{when} (x{event['count']} over {age(event.get('firstTimestamp'), now)})"
        source = (event.get("source") or {}).get("component") or event.get("reportingComponent", "")
        message = (event.get("message") or "").strip()
        rows.append([event.get("type", ""), event.get("reason", ""), when, source, message])
    headers = ["Type", "Reason", "Age", "From", "Message"]
    writer.line(1, *headers)
    writer.line(1, *("-" * len(header) for header in headers[:2]), "----", "----", "-------")
    for row in rows:
        writer.line(1, *row)


def local(timestamp: str | None) -> str:
    """An RFC 3339 time as kubectl shows it: `Tue, 18 Jan 2022 09:05:00 +0000`."""
    if not timestamp:
        return "<unset>"
    return parse_time(timestamp).astimezone().strftime("%a, %d %b %Y %H:%M:%S %z")


def selector(found: Object | None) -> str:
    """A LabelSelector as text: `app=web,tier in (a,b)`."""
    parts = [
        f"{key}={value}" for key, value in sorted((found or {}).get("matchLabels", {}).items())
    ]
    for expression in (found or {}).get("matchExpressions") or []:
        values = ",".join(expression.get("values") or [])
        operator = expression["operator"]
        key = expression["key"]
        parts.append(
            {"Exists": key, "DoesNotExist": f"!{key}"}.get(
                operator, f"{key} {operator.lower()} ({values})"
            )
        )
    return ",".join(parts) or "<none>"


def now() -> datetime:
    """The time that ages are counted to."""
    return datetime.now(UTC)

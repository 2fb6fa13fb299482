"""What scenarios show of a cluster, in an order and in words that do not differ from run to run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, MutableMapping
from datetime import datetime
from typing import Any

import yaml

from minikube8s.api import tables
from minikube8s.api.resources import EVENTS, PODS, Resource
from minikube8s.cli.output.tables import render
from minikube8s.registry import Registry
from minikube8s.store.entry import Entry
from tests.support.scenarios.agent import Agent
from tests.support.scenarios.naming import Names, natural

Json = dict[str, Any]

_UNTOLD = ("Age", "Created At", "Last Seen", "Nominated Node", "Readiness Gates", "Restarts")
"""Columns that differ with every second, or say nothing here."""


def in_order(entries: Iterable[Entry], names: Names) -> list[Entry]:
    """Return the entries by namespace and by the names that they are shown with."""
    return sorted(entries, key=lambda one: (one.namespace, natural(names.shown(one.name))))


def table(
    resource: Resource, entries: Iterable[Entry], names: Names, now: datetime, *, wide: bool
) -> str:
    """Return kubectl's table of the entries; of pods also where they are."""
    columns = tables.columns(resource)
    shown = [
        at
        for at, column in enumerate(columns)
        if column["name"] not in _UNTOLD
        and (wide or not column["priority"] or (resource is PODS and column["name"] == "Node"))
    ]
    rows = []
    for entry in in_order(entries, names):
        cells = tables.row(resource, entry.object, now)
        rows.append([names.shown(str(cells[at])) for at in shown])
    if not rows:
        return "No resources found"
    return render([columns[at]["name"].upper() for at in shown], rows)


def part(obj: Json, path: str) -> str:
    """Return the part of the object at a path of dots, as YAML."""
    at: Any = obj
    for step in path.split("."):
        if isinstance(at, list):
            at = at[int(step)] if int(step) < len(at) else None
        elif at is not None:
            at = at.get(step)
    if isinstance(at, dict | list):
        return f"{path}:\n" + str(yaml.safe_dump(at, default_flow_style=None, width=100)).rstrip()
    return f"{path}: {at}"


def conditions(obj: Json) -> str:
    """Return the conditions of the object's status, sorted by type."""
    known = (obj.get("status") or {}).get("conditions") or []
    rows = [
        [one["type"], one["status"], one.get("reason", ""), one.get("message", "")]
        for one in sorted(known, key=lambda one: str(one["type"]))
    ]
    return render(["TYPE", "STATUS", "REASON", "MESSAGE"], rows) if rows else "no conditions"


def events(
    registry: Registry,
    names: Names,
    seen: MutableMapping[str, int],
    abouts: Collection[tuple[str, str]],
    reasons: Collection[str],
) -> str:
    """Return the Events that were not shown before, and remember them as `seen`."""
    # What differs only in names that are not shown is one line.
    times: Counter[tuple[str, ...]] = Counter()
    last: dict[tuple[str, ...], str] = {}
    for entry in registry.list(EVENTS):
        event = entry.object
        involved = event["involvedObject"]
        count = event.get("count") or 1
        about = (involved.get("kind", ""), involved.get("name", ""))
        if abouts and about not in abouts:
            continue
        if (reasons and event["reason"] not in reasons) or seen.get(entry.uid) == count:
            continue
        seen[entry.uid] = count
        told = f"{about[0].lower()}/{names.shown(about[1])}"
        row = (event["type"], event["reason"], told, names.shown(event["message"]))
        times[row] += count
        last[row] = max(last.get(row, ""), event["lastTimestamp"])
    if not times:
        return "no events"
    rows = sorted(times, key=lambda row: (last[row], natural(row[2]), row))
    return render(
        ["TYPE", "REASON", "OBJECT", "MESSAGE"],
        [[*row[:3], row[3] + (f" (x{times[row]})" if times[row] > 1 else "")] for row in rows],
    )


def containers(agents: Mapping[str, Agent], names: Names) -> str:
    """Return what runs on each machine."""
    rows = []
    for agent in agents.values():
        state = "off" if not agent.powered else "on" if agent.connected else "cut off"
        running = sorted((names.shown(one.name) for one in agent.containers.values()), key=natural)
        rows.append([agent.name, state, " ".join(running) or "-"])
    return render(["NODE", "STATE", "PODS"], rows)

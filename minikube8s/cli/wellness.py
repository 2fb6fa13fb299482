"""Owns what `mk8s status` says of a cluster beside its daemons: what is not well, and the way out.

Pure: nodes and the table of pods come in as the API gives them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from minikube8s.api import nodeclaims
from minikube8s.cli.output.escapes import harmless

if TYPE_CHECKING:
    from minikube8s.cluster.lifecycle import Component

Object = dict[str, Any]

_PATIENCE = 30.0
"""Seconds that a pod may take to start, or to end beyond its grace, before that is told."""
_REFUSED_AGAIN = 60.0
"""Seconds; an agent that is refused asks again every ten."""
_DONE = {"Completed", "Succeeded"}
_ON_THEIR_WAY = re.compile(
    r"Pending|ContainerCreating|PodInitializing|Running|Terminating|SchedulingGated|Init:\d+/\d+"
)
_SHOWN = 5


class Trouble(NamedTuple):
    """What is wrong, and what to do about it: two sentences."""

    what: str
    remedy: str

    def shape(self) -> dict[str, str]:
        """The trouble as JSON."""
        return {"what": self.what, "remedy": self.remedy}


class Counted(NamedTuple):
    """How many there are, how many of them are well, and what is wrong with others."""

    total: int
    well: int
    troubles: list[Trouble]


def of_supervision(components: Sequence[Component]) -> list[Trouble]:
    """Daemons that run, of which systemd has a unit and does not do all that this promises."""
    troubles = []
    cared = {one.name: one.care for one in components if one.pid and one.care}
    if beside := [name for name, care in cared.items() if not care.runs]:
        what = f"systemd does not run {', '.join(beside)}, of which it has units."
        troubles.append(Trouble(what, "Let it take them over with `mk8s install`."))
    if lost := [name for name, care in cared.items() if not care.at_boot]:
        what = f"systemd does not start {', '.join(lost)} after a boot."
        troubles.append(Trouble(what, "Change that with `mk8s up`."))
    return troubles


def of_nodes(nodes: Iterable[Object]) -> Counted:
    """Nodes that are not Ready, short of something, or closed to new pods."""
    troubles, total, well = [], 0, 0
    for node in nodes:
        total += 1
        name = harmless(str(node["metadata"]["name"]))
        conditions = {
            str(one["type"]): one for one in (node.get("status") or {}).get("conditions") or ()
        }
        ready = conditions.pop("Ready", {})
        if ready.get("status") == "True":
            well += 1
        else:
            why = harmless(str(ready.get("message") or "it has not said how it is"))
            troubles.append(
                Trouble(
                    f"Node {name} is not Ready: {why.rstrip('.')}.",
                    f"See `mk8s component-logs` on its machine, and `mk8s describe node {name}`.",
                )
            )
        for kind, condition in conditions.items():
            if condition.get("status") == "True":
                said = harmless(str(condition.get("message") or "")).rstrip(".")
                troubles.append(
                    Trouble(f"Node {name} has {kind}: {said}.", "See `mk8s doctor` on its machine.")
                )
        if (node.get("spec") or {}).get("unschedulable"):
            troubles.append(
                Trouble(f"Node {name} takes no new pods.", f"Open it: `mk8s uncordon {name}`.")
            )
    return Counted(total, well, troubles)


def of_events(events: Iterable[Object], now: datetime) -> list[Trouble]:
    """Machines that the master refuses now, because they claim what is another node's."""
    said: dict[str, Trouble] = {}
    for event in events:
        last = _time(event.get("lastTimestamp"))
        if event.get("reason") not in nodeclaims.REASONS or last is None:
            continue
        if (now - last).total_seconds() < _REFUSED_AGAIN:
            message = harmless(str(event.get("message") or "")).rstrip(".")
            name = harmless(str((event.get("involvedObject") or {}).get("name")))
            remedy = f"See `mk8s describe node {name}`."
            said[message] = Trouble(f"{message[:1].upper()}{message[1:]}.", remedy)
    return list(said.values())


def of_pods(table: Object, now: datetime) -> Counted:
    """Pods that fail, or take long, of a Table of pods; the table may be cut off at its limit."""
    names = [str(column["name"]) for column in table.get("columnDefinitions") or ()]
    rows = table.get("rows") or []
    sick = []
    for row in rows:
        cells = dict(zip(names, row["cells"], strict=False))
        metadata = (row.get("object") or {}).get("metadata") or {}
        if not _is_well(cells, metadata, now):
            sick.append((metadata, str(cells.get("Status"))))
    unseen = int((table.get("metadata") or {}).get("remainingItemCount") or 0)
    troubles = [_of_pod(metadata, status) for metadata, status in sick[:_SHOWN]]
    if len(sick) > _SHOWN:
        more = len(sick) - _SHOWN
        troubles.append(Trouble(f"{more} more pods are not well.", "See `mk8s get pods -A`."))
    return Counted(len(rows) + unseen, len(rows) - len(sick) + unseen, troubles)


def lines(troubles: Iterable[Trouble]) -> Iterator[str]:
    """One line each."""
    for trouble in troubles:
        yield f"! {trouble.what} {trouble.remedy}"


def _is_well(cells: Mapping[str, Any], metadata: Object, now: datetime) -> bool:
    status, ready = str(cells.get("Status") or ""), str(cells.get("Ready") or "")
    have, _, want = ready.partition("/")
    if status in _DONE or (status == "Running" and have == want):
        return True
    if not _ON_THEIR_WAY.fullmatch(status):
        return False
    since = _time(metadata.get("deletionTimestamp") or metadata.get("creationTimestamp"))
    return since is None or (now - since).total_seconds() < _PATIENCE


def _of_pod(metadata: Object, status: str) -> Trouble:
    namespace, name = str(metadata.get("namespace")), harmless(str(metadata.get("name")))
    where = "" if namespace == "default" else f" -n {harmless(namespace)}"
    shown = harmless(status) if status != "Running" else "Running, but not ready"
    return Trouble(
        f"Pod {harmless(namespace)}/{name}: {shown}.", f"Ask why: `mk8s why pod/{name}{where}`."
    )


def _time(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if text else None
    except ValueError:
        return None

"""The parts that several kinds' descriptions share, and what a description is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from minikube8s.api.meta import annotations_of, controller_of, labels_of
from minikube8s.api.times import age, parse_time
from minikube8s.cli.describing.writer import Writer

Object = dict[str, Any]
NONE, UNSET, UNKNOWN = "<none>", "<unset>", "<unknown>"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
LONGEST = 140
"""How many characters an annotation may have; what is longer gets lines of its own, cut off."""
_NEVER = "Mon, 01 Jan 0001 00:00:00 +0000"


class Around:
    """What is told beside an object: its Events (None: not wanted), what belongs to it, the time.

    ``related`` holds lists of objects by the name that the kind's describer knows them by.
    """

    def __init__(
        self,
        when: datetime | None = None,
        events: Sequence[Object] | None = None,
        related: Mapping[str, Any] | None = None,
    ) -> None:
        self.now = when or now()
        self.events = events
        self.related = related or {}

    def age(self, timestamp: str | None) -> str:
        """How long ago ``timestamp`` was."""
        return age(timestamp, self.now)


def now() -> datetime:
    """The time that ages are counted to."""
    return datetime.now(UTC)


def head(w: Writer, obj: Object, *, namespace: bool = True) -> None:
    """Name and Namespace."""
    w.line(0, "Name:", obj["metadata"]["name"])
    if namespace:
        w.line(0, "Namespace:", obj["metadata"].get("namespace", ""))


def labels(w: Writer, obj: Object) -> None:
    """Labels and Annotations."""
    w.several(0, "Labels", pairs(labels_of(obj)))
    notes(w, obj)


def notes(w: Writer, obj: Object, indent: str = "", inner: str = "") -> None:
    """Annotations but that of `apply`; long ones have lines of their own, cut off.

    ``indent`` stands before the label, ``inner`` before each entry.
    """
    shown: list[str] = []
    for key, value in sorted(annotations_of(obj).items()):
        text = str(value or "").removesuffix("\n")
        if key == LAST_APPLIED:
            continue
        if len(text) + len(key) + 2 > LONGEST or "\n" in text:
            shown.append(f"{key}:")
            shown += [f"  {_shortened(line)}" for line in text.split("\n")]
        else:
            shown.append(f"{key}: {text}")
    w.several(0, f"{indent}Annotations", (inner + line for line in shown or [NONE]))


def pairs(content: Mapping[str, str] | None) -> list[str]:
    """`key=value` for each, sorted."""
    return [f"{key}={value}" for key, value in sorted((content or {}).items())]


def joined(content: Mapping[str, str] | None) -> str:
    """Labels in one line."""
    return ",".join(pairs(content)) or NONE


def created(w: Writer, obj: Object) -> None:
    """CreationTimestamp."""
    w.line(0, "CreationTimestamp:", local(obj["metadata"].get("creationTimestamp")))


def controlled_by(w: Writer, obj: Object) -> None:
    """The controller, when the object has one."""
    owner = controller_of(obj)
    if owner:
        w.line(0, "Controlled By:", f"{owner['kind']}/{owner['name']}")


def conditions(w: Writer, found: Iterable[Object] | None, *columns: str, space: str = "") -> None:
    """The Conditions table with ``columns``; ``space`` follows cells where kubectl has one."""
    rows = list(found or ())
    if not rows:
        return
    w.line(0, "Conditions:")
    w.line(1, *columns)
    if len(columns) > 2:
        w.line(1, *(_rule(column) for column in columns))
    for row in rows:
        cells = [_cell(row, column) for column in columns]
        w.line(1, *(cell + space for cell in cells[:-1]), cells[-1])


def _rule(column: str) -> str:
    return "-" * (17 if column == "LastProbeTime" else len(column))


def _cell(condition: Object, column: str) -> str:
    value = condition.get(column[0].lower() + column[1:])
    return local(value) if column.endswith("Time") else str(value or "")


def events(w: Writer, around: Around) -> None:
    """The Events table, oldest first; nothing where Events are not wanted."""
    if around.events is None:
        return
    if not around.events:
        w.line(0, "Events:", NONE)
        return
    w.part()
    w.line(0, "Events:")
    ordered = sorted(around.events, key=lambda event: event.get("lastTimestamp") or "")
    w.line(1, "Type", "Reason", "Age", "From", "Message")
    w.line(1, "----", "------", "----", "----", "-------")
    for event in ordered:
        source = (event.get("source") or {}).get("component") or event.get("reportingComponent", "")
        message = (event.get("message") or "").strip()
        when = seen(event, around)
        w.line(1, event.get("type", ""), event.get("reason", ""), when, source, message)


def seen(event: Object, around: Around) -> str:
    """How long ago an Event was, and how often: `5s (x3 over 1m)`."""
    first = around.age(event.get("eventTime") or event.get("firstTimestamp"))
    series = event.get("series")
    if series:
        return f"{around.age(series.get('lastObservedTime'))} (x{series['count']} over {first})"
    if (event.get("count") or 0) > 1:
        return f"{around.age(event.get('lastTimestamp'))} (x{event['count']} over {first})"
    return first


def status(w: Writer, obj: Object, around: Around, phase: str | None) -> None:
    """Status: the phase, or since when the object is ending."""
    ended = obj["metadata"].get("deletionTimestamp")
    w.line(0, "Status:", f"Terminating (lasts {around.age(ended)})" if ended else phase or "")


def local(timestamp: str | None) -> str:
    """An RFC 3339 time as kubectl shows it: `Tue, 18 Jan 2022 09:05:00 +0000`."""
    if not timestamp:
        return _NEVER
    return parse_time(timestamp).astimezone().strftime("%a, %d %b %Y %H:%M:%S %z")


def selector(found: Object | None) -> str:
    """A LabelSelector as text: `app=web,tier in (a,b)`; empty where it says nothing."""
    parts = [
        (key, f"{key}={value}") for key, value in ((found or {}).get("matchLabels") or {}).items()
    ]
    for expression in (found or {}).get("matchExpressions") or ():
        key, operator = expression["key"], expression["operator"]
        values = ",".join(sorted(expression.get("values") or ()))
        word = {"In": "in", "NotIn": "notin"}.get(operator, operator.lower())
        plain = {"Exists": key, "DoesNotExist": f"!{key}"}
        parts.append((key, plain.get(operator, f"{key} {word} ({values})")))
    return ",".join(text for _, text in sorted(parts, key=lambda part: part[0]))


def go(value: Any) -> str:
    """A plain value as Go's `%v` writes it."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{' '.join(map(go, value))}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{go(value[key])}' for key in sorted(value))}]"
    if isinstance(value, float) or (isinstance(value, int) and abs(value) >= 2**63):
        plain = value == int(value) and abs(value) < 1e21
        return str(int(value)) if plain else repr(float(value))
    return str(value)


def _shortened(line: str) -> str:
    return line if len(line) <= LONGEST - 2 else line[: LONGEST - 2] + "..."

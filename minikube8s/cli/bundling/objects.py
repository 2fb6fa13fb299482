"""Owns what `mk8s bundle` asks the API: every object, Events in order, logs of pods that fail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from minikube8s.cli.bundling.redacting import Redactor, values_of
from minikube8s.cli.connection.client import ApiFailure

if TYPE_CHECKING:
    from minikube8s.api.resources import Resource
    from minikube8s.cli.connection.client import Client

Object = dict[str, Any]
Files = Iterator[tuple[str, str]]

_MOST_OBJECTS = 500
"""Of each kind."""
_MOST_PODS = 20
_LOG_LINES, _LOG_BYTES = 500, 256 << 10


def known_secrets(client: Client) -> list[str]:
    """The values of all Secrets, to be looked for in everything else."""
    found = client.json("GET", "/api/v1/secrets")["items"]
    return [value for secret in found for value in values_of(secret)]


def everything(client: Client, redactor: Redactor) -> Files:
    """A file of each kind that can be listed."""
    seen = set()
    for row in _kinds(client):
        key = (row.group, row.plural)
        if key in seen or "list" not in row.verbs:
            continue
        seen.add(key)
        name = f"objects/{row.plural}{'.' if row.group else ''}{row.group}.json"
        prefix = f"/apis/{row.group}" if row.group else "/api"
        query = {"limit": str(_MOST_OBJECTS)}
        try:
            listed = client.json("GET", f"{prefix}/{row.version}/{row.plural}", query=query)
        except ApiFailure as failure:
            yield name, f"{failure}\n"
            continue
        items = listed.get("items") or []
        if not items:
            continue
        kind = {"apiVersion": row.api_version, "kind": row.kind}
        told = [redactor.shown({**kind, **item}) for item in items]
        more = (listed.get("metadata") or {}).get("remainingItemCount")
        if more:
            told.append({"leftOut": more})
        yield name, json.dumps(told, indent=1)


def events(client: Client, redactor: Redactor) -> Files:
    """The Events as lines, in the order of time."""
    items = client.json("GET", "/api/v1/events")["items"]
    lines = []
    for event in items:
        about = event.get("involvedObject") or {}
        when = event.get("lastTimestamp") or event.get("eventTime") or ""
        place = f"{about.get('namespace', '')}/{about.get('kind', '')}/{about.get('name', '')}"
        said = str(event.get("message") or "").replace("\n", " ")
        count = event.get("count") or 1
        lines.append(f"{when} {event.get('type')} {event.get('reason')} x{count} {place}: {said}")
    yield "events.txt", redactor.text("\n".join(sorted(lines)) + "\n")


def failing(client: Client, redactor: Redactor) -> Files:
    """The ends of the logs of containers that failed or are not ready, and of those before them."""
    pods = client.json("GET", "/api/v1/pods")["items"]
    chosen = [pod for pod in pods if any(_is_failing(one) for one in _statuses(pod))]
    for pod in chosen[:_MOST_PODS]:
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/log"
        for status in _statuses(pod):
            if not _is_failing(status):
                continue
            folder = f"pods/{metadata['namespace']}/{metadata['name']}"
            for previous in (False, True) if status.get("restartCount") else (False,):
                suffix = ".previous" if previous else ""
                text = _log(client, path, str(status["name"]), previous=previous)
                yield f"{folder}/{status['name']}{suffix}.log", redactor.text(text)


def _log(client: Client, path: str, container: str, *, previous: bool) -> str:
    query = {
        "container": container,
        "tailLines": str(_LOG_LINES),
        "limitBytes": str(_LOG_BYTES),
        "timestamps": "true",
    }
    if previous:
        query["previous"] = "true"
    try:
        with client.stream(path, accept="*/*", seconds=10.0, query=query) as answer:
            return answer.read(_LOG_BYTES).decode(errors="replace")
    except ApiFailure as failure:
        return f"{failure}\n"


def _statuses(pod: Object) -> list[Object]:
    status = pod.get("status") or {}
    fields = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
    return [one for field in fields for one in status.get(field) or ()]


def _is_failing(status: Object) -> bool:
    state = status.get("state") or {}
    ended = state.get("terminated") or {}
    if ended:
        return bool(ended.get("exitCode")) or bool(status.get("restartCount"))
    return bool(status.get("restartCount")) or not status.get("ready")


def _kinds(client: Client) -> Iterator[Resource]:
    from minikube8s.cli.naming.kinds import AGGREGATED, rows_of

    for path in ("/api", "/apis"):
        yield from rows_of(client.json("GET", path, accept=AGGREGATED))

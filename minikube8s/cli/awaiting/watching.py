"""Owns following one object, or the first that a selector finds, until it is as wanted."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from minikube8s.api.resources import Resource
from minikube8s.cli.connection.client import ApiFailure, Client
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming import targets

Object = dict[str, Any]
_SHORTEST = 1.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_MAY_PASS = {408, 410, 429}
"""Refusals of a watch that a new list, or some time, mends; as those of 500 and above."""


def follow(
    client: Client,
    resource: Resource,
    namespace: str | None,
    query: dict[str, str],
    deadline: float,
) -> Iterator[list[Object]]:
    """What the collection holds of `query`, now and after each change, until the deadline.

    A watch that is cut off is begun anew, with a pause where it told nothing. Raises ApiFailure,
    CommandError where nobody answers.
    """
    path, pause = targets.path(resource, namespace), _FIRST_PAUSE
    while True:
        listed = client.json("GET", path, query=query)
        known = {_key(item): item for item in listed.get("items") or ()}
        yield list(known.values())
        left = deadline - time.monotonic()
        if left <= 0:
            return
        version = listed["metadata"].get("resourceVersion", "")
        for event in _events(client, path, {**query, "resourceVersion": version}, left):
            obj = event["object"]
            if event["type"] == "ERROR":
                break
            pause = _FIRST_PAUSE
            if event["type"] == "DELETED":
                known.pop(_key(obj), None)
            elif event["type"] != "BOOKMARK":
                known[_key(obj)] = obj
            yield list(known.values())
        left = deadline - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(pause, left))
        pause = min(2 * pause, _LONGEST_PAUSE)


def until(
    client: Client,
    resource: Resource,
    namespace: str | None,
    query: dict[str, str],
    deadline: float,
    met: Callable[[list[Object]], bool],
) -> bool:
    """Whether ``met`` was true of what `follow` tells, before the deadline."""
    return any(met(found) for found in follow(client, resource, namespace, query, deadline))


def _events(
    client: Client, path: str, query: dict[str, str], seconds: float
) -> Iterator[dict[str, Any]]:
    end = time.monotonic() + seconds
    asked = query | {"watch": "true", "timeoutSeconds": str(int(max(seconds, _SHORTEST)) + 1)}
    # what is cut off, or silent to the deadline, ends here: the next list shows how things stand
    try:
        with client.stream(path, seconds=max(seconds, 0.001), query=asked) as answer:
            for line in answer:
                yield json.loads(line)
                left = end - time.monotonic()
                if left <= 0:
                    return
    except ApiFailure as failure:
        code = int(failure.status.get("code") or 0)
        if 400 <= code < 500 and code not in _MAY_PASS:
            raise
    except (TimeoutError, CommandError):
        return


def _key(obj: Object) -> tuple[str, str]:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]

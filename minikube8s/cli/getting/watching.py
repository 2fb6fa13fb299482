"""Owns a watch that goes on: after the server's end, after its restart, after what it forgot."""

from __future__ import annotations

import http.client
import json
import math
import time
from collections.abc import Iterator
from typing import Any

from minikube8s.cli.connection.client import ApiFailure, Client
from minikube8s.cli.errors import CommandError

PATIENCE_SECONDS = 300.0
"""How long a server may be away before the watch is given up."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_LOST = (OSError, http.client.HTTPException, ValueError)
_EXPIRED = ("Expired", "Gone")
_AHEAD = "Too large resource version"
"""What a server says whose data are older than what was seen of them: one made anew."""

Object = dict[str, Any]


class Event:
    """What happened: ADDED, MODIFIED or DELETED and what to show of it; or AWAY and BACK.

    ``content`` is a Table of rows, or an object; of AWAY the reason.
    """

    __slots__ = ("content", "type")

    def __init__(self, type: str, content: Any) -> None:
        self.type = type
        self.content = content


class Watch:
    """The changes of one collection from when it was listed; each object's state is told once.

    ``seconds`` is how long to look; 0 for as long as anybody does.
    """

    def __init__(
        self, client: Client, path: str, accept: str, query: dict[str, str], seconds: float = 0.0
    ) -> None:
        self._client = client
        self._path = path
        self._accept = accept
        self._query = query
        self._seconds = seconds
        self._known: dict[str, tuple[str, Any]] = {}
        self._version = ""

    def list(self) -> Object:
        """What there is now: a Table, or a List. Raises CommandError."""
        answer = self._client.json("GET", self._path, accept=self._accept, query=self._query)
        self._version = answer["metadata"]["resourceVersion"]
        self._known = {uid: (version, part) for uid, version, part in _parts(answer)}
        return answer

    def events(self) -> Iterator[Event]:
        """What happens from then on.

        Raises ApiFailure for what the server refuses, CommandError when it stays away.
        """
        away_since: float | None = None
        pause = _FIRST_PAUSE
        while True:
            try:
                if not self._version:
                    yield from self._again()
                for event in self._stream():
                    if away_since is not None:
                        away_since, pause = None, _FIRST_PAUSE
                        yield Event("BACK", None)
                    if event is not None:
                        yield event
                if self._seconds:
                    return
                why = "it ended the watch"
            except ApiFailure as failure:
                if failure.reason not in _EXPIRED and _AHEAD not in str(failure):
                    raise
                self._version = ""
                why = str(failure)
            except (CommandError, *_LOST) as error:
                why = str(error)
            now = time.monotonic()
            away_since = away_since or now
            if now - away_since > PATIENCE_SECONDS:
                raise CommandError(f"the watch was given up: {why}")
            if pause > _FIRST_PAUSE:
                yield Event("AWAY", why)
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _stream(self) -> Iterator[Event | None]:
        """The events of one connection; None once it is there."""
        query = {**self._query, "watch": "true", "resourceVersion": self._version}
        if self._seconds:
            query["timeoutSeconds"] = str(math.ceil(self._seconds))
        with self._client.stream(self._path, accept=self._accept, query=query) as answer:
            yield None
            for line in answer:
                told = json.loads(line)
                if told["type"] == "ERROR":
                    raise ApiFailure(told["object"])
                if told["type"] != "BOOKMARK":
                    self._keep(told["type"], told["object"])
                    yield Event(told["type"], told["object"])

    def _again(self) -> Iterator[Event]:
        """List anew, and tell what differs from what is known."""
        before = self._known
        answer = self.list()
        for uid, (version, part) in self._known.items():
            if uid not in before:
                yield Event("ADDED", _as_event(answer, part))
            elif before[uid][0] != version:
                yield Event("MODIFIED", _as_event(answer, part))
        for uid, (_, part) in before.items():
            if uid not in self._known:
                yield Event("DELETED", _as_event(answer, part))

    def _keep(self, type: str, content: Object) -> None:
        for uid, version, part in _parts(content):
            self._version = version or self._version
            if type == "DELETED":
                self._known.pop(uid, None)
            else:
                self._known[uid] = (version, part)


def _parts(content: Object) -> Iterator[tuple[str, str, Any]]:
    """The uid, revision and row or object of each that a Table, a List or an object holds."""
    if content.get("kind") == "Table":
        for row in content.get("rows") or []:
            yield *_identity(row["object"]), row
    elif "items" in content:
        for item in content["items"] or []:
            yield *_identity(item), item
    else:
        yield *_identity(content), content


def _identity(obj: Object) -> tuple[str, str]:
    metadata = obj["metadata"]
    return metadata.get("uid") or metadata["name"], metadata.get("resourceVersion", "")


def _as_event(answer: Object, part: Any) -> Object:
    return {"kind": "Table", "rows": [part]} if answer.get("kind") == "Table" else part

"""Asks the API what exists, and waits for what is expected: watches tell when to look again."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence

from minikube8s.api.resources import (
    DEPLOYMENTS,
    NAMESPACES,
    PODS,
    REPLICASETS,
    SERVICES,
    Resource,
)
from minikube8s.cli.connection.client import ApiFailure, Client
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming import targets
from minikube8s.cli.tutoring.checks import hopeless, missing
from minikube8s.cli.tutoring.course import Expectation
from minikube8s.cli.tutoring.words import Clause
from minikube8s.cli.tutoring.world import Object, World

LABEL = "mk8s.io/tutorial"
_PAUSE_SECONDS = 1.0
_WATCH_SECONDS = 300
_SETTLING_SECONDS = 15.0
"""How long an address may take to come that nobody may ever give."""


class Seeing:
    """One namespace of one server; `connect` makes a client for each watch beside `client`."""

    def __init__(self, client: Client, connect: Callable[[], Client], namespace: str) -> None:
        self._client = client
        self._connect = connect
        self._namespace = namespace
        self._changed = threading.Event()
        self._watching = False

    def world(self) -> World:
        """What there is now. Raises CommandError."""
        return World(
            self._list(DEPLOYMENTS),
            self._list(REPLICASETS),
            self._list(PODS),
            self._list(SERVICES),
        )

    def settled(
        self,
        expected: Sequence[Expectation],
        seconds: float,
        tell: Callable[[World, Sequence[Clause]], object],
    ) -> tuple[World, list[Clause]]:
        """The world once it is as expected, or as it was last, and what is missing of it then.

        Ends early where an image cannot be had. `tell` hears of every change on the way.
        """
        self._watch()
        start = time.monotonic()
        while True:
            self._changed.clear()
            world = self.world()
            lacking = missing(expected, world)
            if not lacking or hopeless(world):
                return world, lacking
            tell(world, lacking)
            only_address = all(clause.key == "address" for clause in lacking)
            limit = min(seconds, _SETTLING_SECONDS) if only_address else seconds
            if not self._changed.wait(max(0.0, start + limit - time.monotonic())):
                return world, lacking

    def own_namespace(self) -> bool:
        """Whether the namespace is there. Raises CommandError where it is not the tutorial's."""
        try:
            found = self._client.json("GET", targets.path(NAMESPACES, None, self._namespace))
        except ApiFailure as failure:
            if failure.reason == "NotFound":
                return False
            raise
        if (found["metadata"].get("labels") or {}).get(LABEL) != "true":
            raise CommandError(
                f"the namespace {self._namespace} is somebody else's: name another with -n, which "
                "the tutorial makes and removes"
            )
        return True

    def make_namespace(self) -> None:
        """Have the namespace, marked as the tutorial's. Raises CommandError."""
        if not self.own_namespace():
            metadata = {"name": self._namespace, "labels": {LABEL: "true"}}
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
            self._client.json("POST", targets.path(NAMESPACES, None), body)

    def _list(self, resource: Resource) -> tuple[Object, ...]:
        answer = self._client.json("GET", targets.path(resource, self._namespace))
        return tuple({"kind": resource.kind, **one} for one in answer.get("items") or [])

    def _watch(self) -> None:
        """Have a watch of each kind, for as long as the program runs."""
        if not self._watching:
            self._watching = True
            for resource in (PODS, REPLICASETS, DEPLOYMENTS, SERVICES):
                threading.Thread(target=self._follow, args=(resource,), daemon=True).start()

    def _follow(self, resource: Resource) -> None:
        path = targets.path(resource, self._namespace)
        query = {"watch": "true", "timeoutSeconds": str(_WATCH_SECONDS)}
        while True:
            # whatever ends a watch, the next one begins with all there is
            with (
                contextlib.suppress(CommandError, OSError, ValueError),
                self._connect().stream(path, query=query, seconds=_WATCH_SECONDS * 2) as answer,
            ):
                # what went before this was told to nobody
                self._changed.set()
                for _ in answer:
                    self._changed.set()
            time.sleep(_PAUSE_SECONDS)

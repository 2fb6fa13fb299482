"""Owns asking the container engine of a node, through its agent: images, and one to be loaded."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from minikube8s.cli.connection.client import ApiFailure
from minikube8s.cli.errors import CommandError

if TYPE_CHECKING:
    from minikube8s.cli.connection.client import Client

Object = dict[str, Any]

_MOST_IMAGES = 300
"""So many images of a node are looked into for layers that need not be sent."""


class NoSuchPage(CommandError):
    """The node is another Kubernetes': its engine cannot be asked through the API."""


class EngineRefuses(CommandError):
    """The engine read what it was sent, and does not take it."""


class NodeEngine:
    """The engine of one node. Every call may raise CommandError."""

    def __init__(self, client: Client, node: str) -> None:
        self.node = node
        self._client = client
        self._path = f"/api/v1/nodes/{quote(node, safe='')}/proxy/engine"

    def id(self) -> str:
        """What tells this engine from others."""
        return identity(self._json("/info"))

    def images(self) -> list[Object]:
        """All images, as the engine lists them."""
        found: list[Object] = self._json("/images/json")
        return found

    def image(self, reference: str) -> Object | None:
        """What the engine says of an image, None when it has none of that name."""
        try:
            found: Object = self._json(f"/images/{quote(reference, safe=':/@')}/json")
        except ApiFailure as failure:
            if failure.status.get("code") == 404:
                return None
            raise
        return found

    def layers(self) -> Iterator[list[str]]:
        """The layers of each image, from the lowest."""
        for listed in self.images()[:_MOST_IMAGES]:
            image = self.image(str(listed["Id"]))
            if image is not None:
                yield layers_of(image)

    def room(self) -> int | None:
        """Bytes that are free where the engine keeps images; None where the node does not tell."""
        page = f"/api/v1/nodes/{quote(self.node, safe='')}/proxy/stats/summary"
        try:
            told = json.loads(self._client.raw("GET", page))["node"]["runtime"]["imageFs"]
            return int(told["availableBytes"])
        except (ApiFailure, KeyError, TypeError, ValueError):
            return None

    def load(self, blocks: Iterable[bytes], seconds: float) -> None:
        """Have an archive loaded; ``seconds`` bound each silent wait."""
        path = f"{self._path}/images/load?quiet=1"
        sent = self._client.upload(path, blocks, "application/x-tar", seconds=seconds)
        try:
            with sent as response:
                for line in response:
                    said = json.loads(line) if line.strip() else {}
                    if said.get("error"):
                        raise self._refusal(said["error"])
        except ApiFailure as failure:
            if failure.status.get("code") == 500:
                raise self._refusal(failure.status.get("message")) from None
            raise

    def _refusal(self, why: object) -> EngineRefuses:
        return EngineRefuses(f"The engine of node {self.node} refuses: {why}")

    def _json(self, path: str) -> Any:
        try:
            return json.loads(self._client.raw("GET", self._path + path))
        except ApiFailure as failure:
            if failure.reason in {"NotFound", "MethodNotAllowed"} and path == "/info":
                raise NoSuchPage(
                    f"Node {self.node} is none of mk8s, or its agent is older than this program: "
                    "load images there with the tools of that cluster."
                ) from None
            raise


def identity(info: Object) -> str:
    """What tells an engine from others: engines of one machine, and of copies of one, share an ID.

    Empty where it does not say.
    """
    parts = [str(info.get(field) or "") for field in ("ID", "Name", "DockerRootDir")]
    return " ".join(parts) if all(parts) else ""


def layers_of(image: Object) -> list[str]:
    """The layers of an image, from the lowest."""
    return list((image.get("RootFS") or {}).get("Layers") or ())


def is_same(one: Object, other: Object | None) -> bool:
    """Whether two engines have the same image, whatever each calls it."""
    if other is None:
        return False
    if one.get("Id") == other.get("Id"):
        return True
    return layers_of(one) == layers_of(other) and one.get("Created") == other.get("Created")

"""Owns how an image gets from this machine's engine to a node's: only what is missing there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote

from minikube8s.cli.errors import CommandError
from minikube8s.cli.imaging.engines import EngineRefuses, NodeEngine, is_same, layers_of
from minikube8s.cli.output.progress import amount, bar
from minikube8s.cluster import imagearchive
from minikube8s.cluster.engine import STREAM_SECONDS, Engine
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.imagearchive import Survey

Object = dict[str, Any]
Show = Callable[[str], object]

_COPIES = 2
"""An engine keeps what is sent until it has unpacked it."""


class Copying:
    """One image of this machine on its way to nodes; ``seconds`` for each of them.

    Raises CommandError, ClusterError.
    """

    def __init__(self, engine: Engine, reference: str, seconds: float) -> None:
        self._engine, self._reference = engine, reference
        self._seconds = seconds
        self._show: Show = lambda _: None
        self._deadline = 0.0
        found = engine.image(reference)
        if found is None:
            raise CommandError(missing(reference, tags_of(engine.json("/images/json"))))
        self._image = found
        self._survey: Survey | None = None

    def to(self, node: NodeEngine, show: Show) -> str:
        """Copy; what came of it, in words. ``show`` hears how far it is."""
        self._show = show
        self._deadline = time.monotonic() + self._seconds
        if is_same(self._image, node.image(self._reference)):
            return "is there already"
        self._show("looking for layers that are there already")
        layers = layers_of(self._image)
        present = imagearchive.shared(layers, node.layers())
        found = self._surveyed()
        sent, present = self._send(node, found, present)
        if not is_same(self._image, node.image(self._reference)) and present:
            # an engine that keeps images with containerd wants every layer again
            sent, present = self._send(node, found, 0)
        if not is_same(self._image, node.image(self._reference)):
            raise CommandError(
                f"The engine of node {node.node} took {self._reference}, and has another image of "
                "that name now: see the log of its engine."
            )
        return f"copied, {amount(sent)}; {present} of {len(layers)} layers were there"

    def _send(self, node: NodeEngine, found: Survey, present: int) -> tuple[int, int]:
        """Send it without the ``present`` lowest layers, or with them where the engine wants them.

        Returns how many bytes went, and how many layers were left out.
        """
        dropped = imagearchive.needless(found, present)
        total = imagearchive.size(found, dropped)
        self._require_room(node, total)
        try:
            with self._saved() as blocks:
                slim = imagearchive.without(blocks, dropped)
                node.load(self._counted(slim, total), STREAM_SECONDS)
        except EngineRefuses as error:
            if "no space left" in str(error):
                raise self._no_room(node, total) from None
            if not present:
                raise
            return self._send(node, found, 0)
        except CommandError as error:
            said = str(error).removeprefix("error: ").rstrip(".")
            raise CommandError(
                f"{self._reference} did not get to node {node.node}: {said}. What had arrived is "
                "gone; copy it again when the node is Ready (`mk8s get nodes`)."
            ) from None
        return total, present

    def _require_room(self, node: NodeEngine, total: int) -> None:
        """Raise unless the node has room for the archive and for what is unpacked from it."""
        room = node.room()
        if room is not None and room < _COPIES * total:
            raise CommandError(
                f"Node {node.node} has {amount(room)} left for images, and {self._reference} takes "
                f"{amount(_COPIES * total)} there until it is unpacked: remove images that nobody "
                "uses (`docker image prune`)."
            )

    def _no_room(self, node: NodeEngine, total: int) -> CommandError:
        return CommandError(
            f"Node {node.node} has no room for {self._reference} ({amount(total)} are missing "
            "there): remove images that nobody uses (`docker image prune`)."
        )

    def _surveyed(self) -> Survey:
        if self._survey is None:
            self._show("reading the image")
            with self._saved() as blocks:
                self._survey = imagearchive.survey(self._timed(blocks))
        return self._survey

    def _saved(self) -> Any:
        path = f"/images/{quote(self._reference, safe=':/@')}/get"
        return self._engine.answer("GET", path, seconds=STREAM_SECONDS)

    def _counted(self, blocks: Iterable[bytes], total: int) -> Iterator[bytes]:
        done = 0
        for block in self._timed(blocks):
            yield block
            done += len(block)
            self._show(f"{bar(done, total)} {amount(min(done, total))} of {amount(total)}")
        self._show("unpacking")

    def _timed(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for block in blocks:
            if time.monotonic() > self._deadline:
                raise ClusterError(
                    f"Copying {self._reference} took longer than {self._seconds:.0f} s: give it "
                    "more with --timeout."
                )
            yield block


def tags_of(images: Iterable[Object]) -> list[str]:
    """The names that images have."""
    tags = (tag for image in images for tag in image.get("RepoTags") or ())
    return sorted({str(tag) for tag in tags if "<none>" not in str(tag)})


def missing(reference: str, tags: list[str]) -> str:
    """The sentence about an image that this machine does not have."""
    import difflib

    # that both are the latest is no likeness
    told = {name: tag for tag in tags for name in (tag.rpartition(":")[0], tag)}
    near = difflib.get_close_matches(reference.removesuffix(":latest"), told, 1)
    hint = f" Did you mean {told[near[0]]}?" if near else ""
    return (
        f"This machine's engine has no image {reference!r}.{hint} Get it with `docker pull`, "
        "`docker build` or `mk8s image build`."
    )

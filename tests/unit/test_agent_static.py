"""Static pods on a node: when they run, when they end, and what the master is told of them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mk8s_agent.assignments import Assigned, Assignments
from mk8s_agent.pods.identity import MIRROR
from mk8s_agent.runtime.fake import IGNORES_TERM
from mk8s_agent.runtime.vocabulary import Phase
from mk8s_agent.static.directory import Directory
from mk8s_agent.static.keeper import StaticPods

from minikube8s.api.views import Pod
from tests.support.agentnode import Node, container, elapsed, on_a_node, pod_json, view
from tests.support.virtualtime import VirtualClock


def static(uid: str = "hash-1", *containers: dict[str, Any], **spec: Any) -> dict[str, Pod]:
    return {uid: view(pod_json(*containers, name="web-node1", uid=uid, **spec))}


def mirror(uid: str = "mirror-1", of: str = "hash-1", **metadata: Any) -> dict[str, Any]:
    annotations = {"annotations": {MIRROR: of}}
    return pod_json(name="web-node1", uid=uid, metadata={**annotations, **metadata})


@on_a_node
async def test_a_static_pod_runs_without_a_master(node: Node) -> None:
    node.pods.set_static(static())
    await node.running("hash-1")
    await node.restart()
    node.pods.set_static(static())
    await node.running("hash-1")
    await node.clock.sleep(100)
    assert len(node.containers()) == 2


@on_a_node
async def test_neither_a_sync_nor_the_deletion_of_its_mirror_ends_it(node: Node) -> None:
    node.pods.set_static(static())
    await node.running("hash-1")
    ids = {one.id for one in node.containers()}
    node.sync(mirror())
    node.delete(mirror())
    node.sync()
    await node.clock.sleep(100)
    assert {one.id for one in node.containers()} == ids
    assert node.reports.gone == []


@on_a_node
async def test_a_static_pod_whose_file_is_gone_ends_within_its_grace_period(node: Node) -> None:
    deaf = container(args=[IGNORES_TERM])
    node.pods.set_static(static("hash-1", deaf, terminationGracePeriodSeconds=7))
    await node.running("hash-1")
    node.sync(mirror())
    begun = elapsed(node)
    node.pods.set_static({})
    node.sync(mirror(labels={"a": "b"}))
    await node.until(lambda: "hash-1" in node.reports.gone)
    assert 6 <= elapsed(node) - begun <= 8
    assert node.containers() == []


@on_a_node
async def test_a_changed_file_runs_once_what_it_said_before_has_ended(node: Node) -> None:
    deaf = container(args=[IGNORES_TERM])
    node.pods.set_static(static("hash-1", deaf, terminationGracePeriodSeconds=7))
    await node.running("hash-1")
    node.pods.set_static(static("hash-2"))
    await node.clock.sleep(5)
    assert "hash-2" not in node.reports.statuses
    await node.running("hash-2")
    assert node.reports.gone == ["hash-1"]
    assert {one.labels["io.kubernetes.pod.uid"] for one in node.containers()} == {"hash-2"}


@on_a_node
async def test_a_file_that_was_changed_while_the_agent_was_away_replaces_its_pod(
    node: Node,
) -> None:
    node.pods.set_static(static("hash-1"))
    await node.running("hash-1")
    await node.restart()
    node.pods.set_static(static("hash-2"))
    await node.running("hash-2")
    assert {one.labels["io.kubernetes.pod.uid"] for one in node.containers()} == {"hash-2"}


@on_a_node
async def test_static_pods_and_their_mirrors_stay_until_their_files_could_be_read(
    node: Node,
) -> None:
    node.pods.set_static(static())
    node.sync(mirror())
    await node.running("hash-1")
    ids = {one.id for one in node.containers()}
    await node.restart(files_read=False)
    node.sync(mirror())
    await node.clock.sleep(100)
    node.pods.set_static({}, complete=False)
    await node.clock.sleep(100)
    assert {one.id for one in node.containers()} == ids and node.reports.gone == []
    node.pods.set_static(static())
    await node.running("hash-1")
    await node.clock.sleep(100)
    assert {one.id for one in node.containers()} == ids and node.reports.gone == []


@on_a_node
async def test_whom_nobody_wants_goes_once_the_files_could_be_read(node: Node) -> None:
    node.sync(pod_json())
    await node.running("uid-1")
    await node.restart(files_read=False)
    node.sync()
    await node.clock.sleep(100)
    node.pods.set_static({})
    await node.until(lambda: "uid-1" in node.reports.gone)
    assert node.containers() == []


@on_a_node
async def test_a_mirror_of_nothing_goes(node: Node) -> None:
    node.sync(mirror(of="hash-0"))
    await node.until(lambda: node.reports.gone == ["hash-0"])
    assert node.containers() == []


@on_a_node
async def test_other_pods_go_on_as_ever(node: Node) -> None:
    node.pods.set_static(static())
    node.sync(pod_json())
    await node.running("uid-1")
    node.sync()
    await node.until(lambda: node.reports.gone == ["uid-1"])
    assert {one.phase for one in node.containers()} == {Phase.RUNNING}


@dataclass
class Heard:
    """What the master would hear of static pods."""

    mirrors: list[tuple[str, str]] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)

    def mirror(self, uid: str, pod: dict[str, Any]) -> None:
        assert pod["metadata"]["annotations"][MIRROR] == uid
        assert "uid" not in pod["metadata"]
        self.mirrors.append((pod["metadata"]["name"], uid))

    def repeat_status(self, uid: str) -> None:
        self.repeated.append(uid)


@dataclass
class Files:
    """A directory of manifests, and who keeps it."""

    directory: Path
    heard: Heard = field(default_factory=Heard)
    assignments: Assignments = field(default_factory=Assignments)
    pods: dict[str, Pod] = field(default_factory=dict)
    complete: bool | None = None
    """Whether the last that was said was all; None: nothing was said."""

    def __post_init__(self) -> None:
        self.keeper = StaticPods(
            Directory(self.directory),
            "node1",
            self.assignments,
            self.heard,
            VirtualClock(),
            self._take,
        )

    def _take(self, pods: Any, complete: bool) -> None:
        self.pods, self.complete = dict(pods), complete

    def write(self, file: str, name: str, command: str = "sleep") -> None:
        spec = f"containers: [{{name: main, image: busybox, command: [{command}]}}]"
        text = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n"
        (self.directory / file).write_text(text)

    def names(self) -> list[str]:
        return sorted(one.metadata.name for one in self.pods.values())

    def show(self, *pods: dict[str, Any]) -> None:
        """What the master says that the API has."""
        made = [
            Assigned(
                "pods",
                (one["metadata"]["namespace"], one["metadata"]["name"]),
                1,
                json.dumps(one).encode(),
            )
            for one in pods
        ]
        self.assignments.replace(made, 1)


async def test_bad_files_are_left_out_and_the_others_go_on(tmp_path: Path, caplog: Any) -> None:
    files = Files(tmp_path)
    files.write("a.yaml", "one")
    (tmp_path / "b.yaml").write_text("kind: [")
    files.write(".hidden", "hidden")
    files.write("z.yaml", "one", "other")
    (tmp_path / "dir").mkdir()
    files.keeper.read()
    assert files.names() == ["one-node1"]
    assert "b.yaml is left out of the static pods" in caplog.text
    assert "z.yaml is left out: another file has pod default/one-node1" in caplog.text


async def test_a_directory_that_cannot_be_read_says_nothing(tmp_path: Path, caplog: Any) -> None:
    directory = tmp_path / "manifests"
    directory.write_text("no directory")
    files = Files(directory)
    assert not files.keeper.read()
    assert files.complete is None
    assert "static pods cannot be read" in caplog.text
    directory.unlink()
    assert files.keeper.read(), "what is missing has no pods"
    assert files.complete is True


async def test_a_file_that_vanishes_while_it_is_read_takes_no_other_pod_along(
    tmp_path: Path, monkeypatch: Any
) -> None:
    files = Files(tmp_path)
    files.write("a.yaml", "one")
    files.write("b.yaml", "two")
    files.keeper.read()
    _fail_to_open(monkeypatch, "a.yaml", FileNotFoundError(2, "gone"))
    files.keeper.read()
    assert files.names() == ["two-node1"]


async def test_a_file_that_cannot_be_read_goes_on_as_before(
    tmp_path: Path, monkeypatch: Any
) -> None:
    files = Files(tmp_path)
    files.write("a.yaml", "one")
    files.keeper.read()
    files.write("b.yaml", "two")
    _fail_to_open(monkeypatch, "a.yaml", OSError(5, "Input/output error"))
    assert not files.keeper.read(), "so that it is tried again"
    assert files.names() == ["one-node1", "two-node1"] and files.complete
    fresh = Files(tmp_path)
    fresh.keeper.read()
    assert fresh.names() == ["two-node1"] and not fresh.complete


def _fail_to_open(monkeypatch: Any, name: str, error: OSError) -> None:
    opened = Path.open

    def open_or_not(path: Path, *args: Any, **kwargs: Any) -> Any:
        if path.name == name:
            raise error
        return opened(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", open_or_not)


async def test_the_api_is_made_to_show_each_pod_again_and_again(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.write("a.yaml", "web")
    files.keeper.read()
    (uid,) = files.pods
    told = ("web-node1", uid)
    assert files.heard.mirrors == [told]
    unsubscribe = files.assignments.subscribe(files.keeper._assignment_changed)
    files.show(mirror(of=uid))
    assert files.heard.mirrors == [told] and files.heard.repeated == [uid]
    files.show(mirror(of=uid, labels={"a": "b"}))
    assert files.heard.repeated == [uid], "known already"
    files.show(mirror(of=uid, deletionTimestamp="2026-01-01T00:00:00Z"))
    assert files.heard.mirrors == [told] * 2
    files.show()
    assert files.heard.mirrors == [told] * 3
    files.show(mirror("mirror-2", of=uid))
    assert files.heard.repeated == [uid] * 2
    files.show(mirror(of="hash of an older file"))
    assert files.heard.mirrors == [told] * 4
    unsubscribe()


async def test_changes_of_the_directory_are_heard(tmp_path: Path) -> None:
    directory = tmp_path / "manifests"
    directory.mkdir()
    files = Files(directory)
    running = asyncio.create_task(files.keeper.run())

    async def until(names: list[str]) -> None:
        async with asyncio.timeout(10):
            while files.names() != names:  # noqa: ASYNC110 - the kernel tells the keeper, not us
                await asyncio.sleep(0.01)

    await asyncio.sleep(0)
    files.write("a.yaml", "one")
    await until(["one-node1"])
    (first,) = files.pods
    files.write("b.yaml", "two")
    await until(["one-node1", "two-node1"])
    (directory / "b.yaml").rename(directory / ".b.yaml")
    await until(["one-node1"])
    files.write("a.yaml", "one", "other")
    async with asyncio.timeout(10):
        while first in files.pods:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    (directory / "a.yaml").unlink()
    (directory / ".b.yaml").unlink()
    directory.rmdir()
    await until([])
    async with asyncio.timeout(10):
        while not directory.is_dir():  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    files.write("c.yaml", "three")
    await until(["three-node1"])
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

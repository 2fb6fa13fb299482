"""What a container leaves as its last words, in its status."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mk8s_agent.pods.identity import CONTAINER, SANDBOX_NAME
from mk8s_agent.runtime.vocabulary import LogChunk

from tests.support.agentnode import Node, container, on_a_node, pod_json

FALLBACK = {"terminationMessagePolicy": "FallbackToLogsOnError"}


def file_of(node: Node, name: str = "app", attempt: int = 0) -> Path:
    return node.directory / "uid-1" / "termination" / f"{name}.{attempt}"


def ended(node: Node, name: str = "app") -> dict[str, Any]:
    """The container's end as last reported."""
    status = node.container_status(name)
    found: dict[str, Any] = status["state"].get("terminated") or status["lastState"]["terminated"]
    return found


async def told(
    node: Node, code: int, *, message: bytes = b"", log: bytes = b"", **fields: Any
) -> str:
    """The message of a container that writes this and ends."""
    node.sync(pod_json(container(**fields), restartPolicy="Never"))
    await node.running()
    file_of(node).write_bytes(message)
    node.runtime.write(node.newest().id, LogChunk("stdout", log))
    node.runtime.exit(node.newest().id, code)
    await node.until(lambda: "terminated" in node.state())
    said: str = node.state()["terminated"].get("message", "")
    return said


@pytest.mark.parametrize(
    ("code", "message", "log", "fields", "expected"),
    [
        (0, b"all done", b"", {}, "all done"),
        (3, b"", b"log\n", {}, ""),
        (3, b"", b"log\n", FALLBACK, "log\n"),
        (3, b"words", b"log\n", FALLBACK, "words"),
        (0, b"", b"log\n", FALLBACK, ""),
        (3, b"x" * 5000 + b"end", b"", {}, "x" * 4093 + "end"),
        (3, b"", b"x" * 5000 + b"end", FALLBACK, "x" * 2045 + "end"),
        (3, b"\xff", b"", {}, "\ufffd"),
    ],
)
def test_last_words(
    tmp_path: Path,
    code: int,
    message: bytes,
    log: bytes,
    fields: dict[str, Any],
    expected: str,
) -> None:
    @on_a_node
    async def check(node: Node) -> None:
        assert await told(node, code, message=message, log=log, **fields) == expected

    check(tmp_path)


@on_a_node
async def test_the_file_is_the_attempts_own_and_any_user_may_write_it(node: Node) -> None:
    node.sync(pod_json(container("one", terminationMessagePath="/tmp/said"), container("two")))
    await node.running()
    for name in ("one", "two"):
        assert file_of(node, name).stat().st_mode & 0o777 == 0o666
    assert file_of(node).parent.stat().st_mode & 0o777 == 0o700
    [made] = [
        box.spec for box in node.runtime._boxes.values() if box.spec.labels[CONTAINER] == "one"
    ]
    assert [m.target for m in made.mounts if m.source == str(file_of(node, "one"))] == ["/tmp/said"]
    file_of(node, "one").write_text("first")
    node.runtime.exit(node.newest("one").id, 1)
    await node.until(lambda: node.container_status("one")["restartCount"] == 1)
    assert ended(node, "one")["message"] == "first"
    assert file_of(node, "one", 1).read_bytes() == b""


@on_a_node
async def test_all_messages_of_a_pod_share_twelve_kibibytes(node: Node) -> None:
    names = [f"c{number}" for number in range(6)]
    node.sync(pod_json(*map(container, names), restartPolicy="Never"))
    await node.running()
    for name in names:
        file_of(node, name).write_text("y" * 4096)
        node.runtime.exit(node.newest(name).id, 1)
    await node.until(lambda: all("terminated" in node.state(name) for name in names))
    assert {len(ended(node, name)["message"]) for name in names} == {2048}


@on_a_node
async def test_an_agent_that_is_restarted_reads_them_again_and_a_deleted_pod_leaves_none(
    node: Node,
) -> None:
    pod = pod_json(restartPolicy="Never")
    node.sync(pod)
    await node.running()
    file_of(node).write_text("farewell")
    node.runtime.exit(node.newest().id, 0)
    await node.until(lambda: node.state().get("terminated", {}).get("message") == "farewell")
    node.reports.statuses.clear()
    await node.restart()
    await node.until(lambda: node.state().get("terminated", {}).get("message") == "farewell")
    node.delete(pod)
    await node.until(lambda: node.reports.gone == ["uid-1"])
    assert list(node.directory.iterdir()) == []


@on_a_node
async def test_the_pause_container_has_no_such_file(node: Node) -> None:
    node.sync(pod_json())
    await node.running()
    assert not file_of(node, SANDBOX_NAME).exists()

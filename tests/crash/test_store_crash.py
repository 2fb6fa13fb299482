"""Whatever was acknowledged before `kill -9` is there afterwards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from minikube8s.store.encode import decode
from minikube8s.store.sqlite import SqliteStore

WRITER = Path(__file__).with_name("writer.py")
ROUNDS = 3


def acknowledged_until_killed(state: Path, lines: int) -> list[tuple[str, int]]:
    """Run a writer, kill it after it printed `lines` lines, return all that it acknowledged."""
    with subprocess.Popen(
        [sys.executable, WRITER, state], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        read = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        read += process.stdout.readlines()
    whole = [line.split() for line in read if line.endswith("\n")]
    return [(key, int(revision)) for key, revision in whole]


@pytest.mark.parametrize("lines", [1, 100, 777])
async def test_nothing_acknowledged_is_lost_by_a_kill(tmp_path: Path, lines: int) -> None:
    state = tmp_path / "state.db"
    known: dict[str, int] = {}
    for _ in range(ROUNDS):
        for key, revision in acknowledged_until_killed(state, lines):
            known[key] = max(revision, known.get(key, 0), key=abs)
        store = SqliteStore(state)
        await store.open()
        records, revision = await store.range("")
        await store.close()
        live = {record.key: record for record in records}
        assert revision >= max(abs(known_revision) for known_revision in known.values())
        for key, acknowledged in known.items():
            # A later write of the same key may have been made without being acknowledged.
            if key in live:
                assert live[key].revision >= abs(acknowledged)
            else:
                assert acknowledged < 0 or revision > acknowledged
        for record in records:
            assert decode(record.value)["metadata"]["resourceVersion"] == str(record.revision)

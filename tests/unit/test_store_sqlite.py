"""What the SQLite store promises beyond the contract: durability, bounds, clear errors."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from minikube8s.store import sqlite as sqlite_store
from minikube8s.store.interface import (
    Blob,
    Change,
    Mismatch,
    Record,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreLocked,
)
from minikube8s.store.logtable import LogTable, Write
from minikube8s.store.sqlite import SqliteStore

MIB = 1024 * 1024


def text(content: str) -> Blob:
    return Blob(content.encode() + b"@", b";")


def put(table: LogTable, key: str, content: str, expected: int | None = None) -> None:
    table.commit([Write(key, text(content), expected, deleted=False)])


def remove(table: LogTable, key: str) -> None:
    table.commit([Write(key, text("last"), None, deleted=True)])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


async def test_what_was_acknowledged_is_there_after_reopening(path: Path) -> None:
    store = SqliteStore(path)
    await store.open()
    kept = await store.put("a", text("one"), 0)
    await store.put("b", text("one"), 0)
    change = await store.delete("b", text("last"), None)
    await store.close()
    again = SqliteStore(path)
    await again.open()
    assert await again.range("") == ([kept], change.revision)
    assert await anext(again.watch(change.revision - 1)) == change
    await again.close()


async def test_a_revision_is_never_used_twice_even_when_its_deletion_is_forgotten(
    path: Path,
) -> None:
    store = SqliteStore(path)
    await store.open()
    await store.put("a", text("one"), 0)
    change = await store.delete("a", text("last"), None)
    await store.compact(change.revision)
    await store.close()
    again = SqliteStore(path)
    await again.open()
    assert (await again.put("a", text("two"), 0)).revision == change.revision + 1
    await again.close()


async def test_closing_commits_what_was_accepted(path: Path) -> None:
    store = SqliteStore(path)
    await store.open()
    writes = [asyncio.ensure_future(store.put(f"k{n}", text("x"), 0)) for n in range(100)]
    await asyncio.sleep(0)
    await store.close()
    assert all(isinstance(record, Record) for record in await asyncio.gather(*writes))


async def test_writes_that_queue_up_share_a_transaction(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    commit = LogTable.commit

    def counting(self: LogTable, writes: list[Write]) -> object:
        batches.append(len(writes))
        return commit(self, writes)

    monkeypatch.setattr(LogTable, "commit", counting)
    store = SqliteStore(path)
    await store.open()
    await asyncio.gather(*(store.put(f"k{n}", text("x"), 0) for n in range(200)))
    await store.close()
    assert sum(batches) == 200
    assert len(batches) < 20


def test_writes_of_one_transaction_see_each_other(path: Path) -> None:
    table = LogTable(path)
    table.open()
    put(table, "a", "old", 0)
    at = table.revision
    outcomes = table.commit(
        [
            Write("b", text("one"), 0, deleted=False),
            Write("b", text("two"), 0, deleted=False),
            Write("b", text("three"), at + 1, deleted=False),
            Write("a", text("last"), at, deleted=True),
            Write("a", text("again"), at, deleted=False),
            Write("a", text("new"), 0, deleted=False),
        ]
    )
    told = [
        one.revision if isinstance(one, Change) else one.current and one.current.revision
        for one in outcomes
    ]
    assert told == [at + 1, at + 1, at + 2, at + 3, None, at + 4]
    assert isinstance(outcomes[1], Mismatch) and outcomes[1].current is not None
    assert outcomes[1].current.value == text("one").at(at + 1)
    table.close()
    table.open()
    assert table.get("a") == Record("a", text("new").at(at + 4), at + 4)
    assert isinstance(table.commit([Write("a", text("x"), at, deleted=False)])[0], Mismatch)
    table.close()


async def test_too_many_waiting_writes_are_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "PENDING", 10)
    store = SqliteStore(path)
    await store.open()
    writes = (store.put(f"k{n}", text("x"), 0) for n in range(30))
    results = await asyncio.gather(*writes, return_exceptions=True)
    assert any(isinstance(result, StoreBusy) for result in results)
    # Nothing is stuck: the next one goes through.
    await store.put("after", text("x"), 0)
    await store.close()


def test_the_file_is_readable_by_its_owner_only(path: Path) -> None:
    table = LogTable(path)
    table.open()
    put(table, "secrets/default/a", "x")
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    table.close()


def test_a_second_user_of_the_file_is_refused_and_told_why(path: Path) -> None:
    first = LogTable(path)
    first.open()
    program = (
        "import sys; from pathlib import Path\n"
        "from minikube8s.store.logtable import LogTable\n"
        "LogTable(Path(sys.argv[1])).open()"
    )
    other = subprocess.run(
        [sys.executable, "-c", program, path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "StoreLocked" in other.stderr
    assert "in use by another process" in other.stderr
    with pytest.raises(StoreLocked):
        LogTable(path).open()
    put(first, "a", "still mine")
    first.close()
    second = LogTable(path)
    second.open()
    assert second.get("a") is not None
    second.close()


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.write_text("not a database, " * 100)
    with pytest.raises(StoreDamaged, match="is damaged"):
        LogTable(path).open()
    assert path.read_text().startswith("not a database")


def test_another_programs_database_is_refused(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE theirs (x)")
    db.close()
    with pytest.raises(StoreDamaged, match="not one of mk8s"):
        LogTable(path).open()


def test_a_newer_format_is_refused(path: Path) -> None:
    table = LogTable(path)
    table.open()
    table.close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreError, match="format 99, written by a newer mk8s"):
        LogTable(path).open()


def test_damage_inside_the_file_is_a_clear_error(path: Path) -> None:
    table = LogTable(path)
    table.open()
    for n in range(200):
        put(table, f"key{n}", "x" * 500)
    table.close()
    content = bytearray(path.read_bytes())
    content[8192 : len(content) - 4096] = b"\xaa" * (len(content) - 12288)
    path.write_bytes(content)
    with pytest.raises(StoreDamaged, match="put back a copy"):
        broken = LogTable(path)
        broken.open()
        broken.range("", "", 0, 0)


def test_a_missing_directory_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="check that its directory exists"):
        LogTable(tmp_path / "absent" / "state.db").open()


def test_a_full_disk_refuses_the_batch_and_keeps_what_was_there(path: Path) -> None:
    table = LogTable(path)
    table.open()
    put(table, "a", "one")
    before = table.revision
    assert table._file._db is not None
    table._file._db.execute("PRAGMA max_page_count = 20")
    with pytest.raises(StoreFull, match=r"is full .* free some space"):
        table.commit([Write(f"k{n}", text("x" * 4096), 0, deleted=False) for n in range(40)])
    assert table.revision == before
    assert [record.key for record in table.range("", "", 0, 0)[0]] == ["a"]
    table._file._db.execute("PRAGMA max_page_count = 100000")
    put(table, "b", "x" * 4096, 0)
    assert table.revision == before + 1
    table.close()


def test_a_batch_that_fails_half_way_leaves_nothing_behind(path: Path) -> None:
    table = LogTable(path)
    table.open()
    broken = Write("b", Blob(None, b""), 0, deleted=False)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        table.commit([Write("a", text("one"), 0, deleted=False), broken])
    assert table.range("", "", 0, 0)[0] == []
    put(table, "a", "two", 0)
    assert table.get("a") == Record("a", b"two@2;", 2)
    table.close()


def size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.parent.iterdir())


def test_churning_leases_and_events_do_not_grow_the_file(path: Path) -> None:
    table = LogTable(path)
    table.open()
    for n in range(100):
        put(table, f"pods/default/p{n}", "x" * 3000)
    for n in range(3000):
        put(table, "leases/kube-node-lease/n1", "x" * 600)
        put(table, f"events/default/e{n}", "x" * 900)
        if n >= 200:
            remove(table, f"events/default/e{n - 200}")
        table.tidy()
    live = sum(len(record.value) for record in table.range("", "", 0, 0)[0])
    assert size(path) < 2 * live + 16 * MIB
    after_churn = size(path)
    for _ in range(3000):
        put(table, "leases/kube-node-lease/n1", "x" * 600)
        table.tidy()
    assert size(path) <= after_churn * 1.1
    table.close()


def test_large_values_shorten_the_history(path: Path) -> None:
    table = LogTable(path)
    table.open()
    for _ in range(60):
        put(table, "configmaps/default/big", "x" * MIB)
        table.tidy()
    assert size(path) < 2 * MIB + 16 * MIB
    assert table.revision - table.oldest < 10
    table.close()


def test_the_file_shrinks_when_objects_go(path: Path) -> None:
    table = LogTable(path)
    table.open()
    for n in range(40):
        put(table, f"configmaps/default/c{n}", "x" * MIB)
    for n in range(40):
        remove(table, f"configmaps/default/c{n}")
        table.tidy()
    for _ in range(20):
        put(table, "leases/kube-node-lease/n1", "x")
        table.tidy()
    assert size(path) < 16 * MIB
    table.close()


def test_the_history_is_rebuilt_after_reopening(path: Path) -> None:
    table = LogTable(path, history=20)
    table.open()
    for n in range(30):
        put(table, f"k{n % 5}", str(n))
        if n % 7 == 0:
            remove(table, f"k{n % 5}")
    before = table._history
    table.close()
    again = LogTable(path, history=20)
    again.open()
    assert list(again._history._states) == list(before._states)
    again.close()

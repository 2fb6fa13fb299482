"""What every store promises. A new store adds itself to the `make_store` fixture."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from minikube8s.store.interface import (
    FIRST_REVISION,
    Blob,
    Change,
    Compacted,
    Mismatch,
    Record,
    Store,
    StoreError,
)
from minikube8s.store.memory import MemoryStore
from minikube8s.store.sqlite import SqliteStore

DEADLINE = 10.0
MakeStore = Callable[[], Store]


def text(content: str) -> Blob:
    return Blob(content.encode() + b"@", b";")


@pytest.fixture(params=["memory", "sqlite"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> MakeStore:
    if request.param == "memory":
        return lambda: MemoryStore(history=10)
    return lambda: SqliteStore(tmp_path / "state.db", history=10)


@pytest.fixture
async def store(make_store: MakeStore) -> AsyncIterator[Store]:
    opened = make_store()
    await opened.open()
    yield opened
    await opened.close()


async def take(changes: AsyncIterator[Change], count: int) -> list[Change]:
    async with asyncio.timeout(DEADLINE):
        return [await anext(changes) for _ in range(count)]


async def test_an_empty_store_is_at_the_first_revision(store: Store) -> None:
    assert await store.revision() == FIRST_REVISION
    assert await store.range("") == ([], FIRST_REVISION)
    assert await store.get("pods/default/a") is None


async def test_a_put_fills_its_revision_into_the_value(store: Store) -> None:
    record = await store.put("a", text("one"), 0)
    assert record == Record("a", b"one@%d;" % record.revision, record.revision)
    assert record.revision == FIRST_REVISION + 1
    assert await store.get("a") == record


async def test_all_keys_share_one_sequence_of_revisions(store: Store) -> None:
    revisions = [(await store.put(key, text("x"), None)).revision for key in "abab"]
    assert revisions == [FIRST_REVISION + n for n in (1, 2, 3, 4)]
    assert await store.revision() == revisions[-1]


async def test_a_put_that_expects_absence_is_refused_when_the_key_exists(store: Store) -> None:
    record = await store.put("a", text("one"), 0)
    with pytest.raises(Mismatch) as refusal:
        await store.put("a", text("two"), 0)
    assert refusal.value.current == record
    assert await store.revision() == record.revision


async def test_a_put_at_an_old_revision_is_refused_with_the_current_record(store: Store) -> None:
    old = await store.put("a", text("one"), 0)
    new = await store.put("a", text("two"), old.revision)
    with pytest.raises(Mismatch) as refusal:
        await store.put("a", text("three"), old.revision)
    assert refusal.value.current == new


async def test_a_put_that_expects_a_revision_is_refused_when_the_key_is_absent(
    store: Store,
) -> None:
    with pytest.raises(Mismatch) as refusal:
        await store.put("a", text("one"), 5)
    assert refusal.value.current is None


async def test_an_unconditional_put_creates_and_replaces(store: Store) -> None:
    await store.put("a", text("one"), None)
    record = await store.put("a", text("two"), None)
    assert await store.get("a") == record


async def test_a_deletion_takes_a_revision_and_carries_the_last_state(store: Store) -> None:
    record = await store.put("a", text("one"), 0)
    change = await store.delete("a", text("last"), record.revision)
    assert change == Change("a", b"last@%d;" % change.revision, record.revision + 1, True)
    assert await store.get("a") is None
    assert await store.range("") == ([], change.revision)


async def test_a_deletion_at_an_old_revision_is_refused(store: Store) -> None:
    old = await store.put("a", text("one"), 0)
    new = await store.put("a", text("two"), None)
    with pytest.raises(Mismatch) as refusal:
        await store.delete("a", text("last"), old.revision)
    assert refusal.value.current == new
    assert await store.get("a") == new


@pytest.mark.parametrize("expected", [None, 0, 7])
async def test_deleting_an_absent_key_is_refused(store: Store, expected: int | None) -> None:
    with pytest.raises(Mismatch) as refusal:
        await store.delete("a", text("last"), expected)
    assert refusal.value.current is None


async def test_a_deleted_key_can_be_created_again(store: Store) -> None:
    await store.put("a", text("one"), 0)
    await store.delete("a", text("last"), None)
    record = await store.put("a", text("two"), 0)
    assert await store.get("a") == record


async def test_a_range_is_sorted_and_stays_within_its_prefix(store: Store) -> None:
    for key in ("pods/b/1", "pods/a/2", "pods/a/1", "pods.x/a/1", "podsz", "nodes/n"):
        await store.put(key, text(key), 0)
    records, revision = await store.range("pods/")
    assert [record.key for record in records] == ["pods/a/1", "pods/a/2", "pods/b/1"]
    assert revision == await store.revision()


async def test_a_range_can_be_read_in_pages(store: Store) -> None:
    for key in ("p/1", "p/2", "p/3", "q/1"):
        await store.put(key, text(key), 0)
    first, _ = await store.range("p/", limit=2)
    second, _ = await store.range("p/", after=first[-1].key, limit=2)
    assert [record.key for record in first + second] == ["p/1", "p/2", "p/3"]


async def test_a_range_reads_the_past_that_is_remembered(store: Store) -> None:
    a = await store.put("a", text("one"), 0)
    b = await store.put("b", text("one"), 0)
    await store.put("a", text("two"), None)
    await store.delete("b", text("last"), None)
    assert await store.range("", revision=b.revision) == ([a, b], b.revision)


async def test_a_range_of_a_forgotten_past_is_refused(store: Store) -> None:
    await store.put("a", text("one"), 0)
    record = await store.put("a", text("two"), None)
    await store.compact(record.revision)
    with pytest.raises(Compacted) as refusal:
        await store.range("", revision=record.revision - 1)
    assert refusal.value.oldest == record.revision


async def test_a_watch_replays_and_then_follows_without_gap_or_duplicate(store: Store) -> None:
    start = await store.revision()
    a = await store.put("a", text("one"), 0)
    watch = store.watch(start)
    assert await take(watch, 1) == [Change(*a, False)]
    b = await store.put("b", text("one"), 0)
    gone = await store.delete("a", text("last"), None)
    assert await take(watch, 2) == [Change(*b, False), gone]


async def test_a_watch_starts_after_its_revision(store: Store) -> None:
    a = await store.put("a", text("one"), 0)
    b = await store.put("b", text("one"), 0)
    assert await take(store.watch(a.revision), 1) == [Change(*b, False)]


async def test_a_watch_that_starts_while_writes_go_on_sees_each_once(store: Store) -> None:
    async def write() -> None:
        for _ in range(50):
            await store.put("a", text("x"), None)

    start = await store.revision()
    writer = asyncio.create_task(write())
    for _ in range(3):
        # The history of this store is short: begin where it begins.
        watch = store.watch(await store.oldest())
        seen = [change.revision for change in await take(watch, 5)]
        assert seen == list(range(seen[0], seen[0] + 5))
    await writer
    assert await store.revision() == start + 50


async def test_a_watch_from_a_compacted_revision_is_refused(store: Store) -> None:
    start = await store.revision()
    record = await store.put("a", text("one"), 0)
    await store.compact(record.revision)
    with pytest.raises(Compacted) as refusal:
        await take(store.watch(start), 1)
    assert refusal.value.oldest == record.revision


async def test_compaction_keeps_what_is_live(store: Store) -> None:
    kept = await store.put("a", text("one"), 0)
    await store.put("b", text("one"), 0)
    await store.delete("b", text("last"), None)
    revision = await store.revision()
    await store.compact(revision + 100)
    assert await store.oldest() == revision
    assert await store.range("") == ([kept], revision)
    assert (await store.put("c", text("x"), 0)).revision == revision + 1


async def test_compacting_twice_or_backwards_changes_nothing(store: Store) -> None:
    record = await store.put("a", text("one"), 0)
    await store.compact(record.revision)
    await store.compact(1)
    assert await store.oldest() == record.revision


async def test_history_is_bounded_without_being_asked(store: Store) -> None:
    for _ in range(100):
        await store.put("a", text("x"), None)
    revision = await store.revision()
    assert revision - 20 < await store.oldest() <= revision - 5


async def test_everything_after_the_oldest_revision_can_be_replayed_exactly(store: Store) -> None:
    for n in range(60):
        key = f"k{n % 7}"
        live = await store.get(key)
        if live and n % 5 == 0:
            await store.delete(key, text("last"), None)
        else:
            await store.put(key, text(str(n)), None)
    oldest = await store.oldest()
    records, _ = await store.range("", revision=oldest)
    state = {record.key: record for record in records}
    watch = store.watch(oldest)
    for change in await take(watch, await store.revision() - oldest):
        if change.deleted:
            del state[change.key]
        else:
            state[change.key] = Record(change.key, change.value, change.revision)
    assert sorted(state.values()) == (await store.range(""))[0]


async def test_concurrent_writers_of_one_key_win_one_at_a_time(store: Store) -> None:
    async def increment() -> int:
        refused = 0
        while True:
            live = await store.get("n")
            value = int(live.value.split(b"@")[0]) if live else 0
            try:
                await store.put("n", text(str(value + 1)), live.revision if live else 0)
            except Mismatch:
                refused += 1
            else:
                return refused

    await asyncio.gather(*(increment() for _ in range(20)))
    live = await store.get("n")
    assert live is not None
    assert live.value.startswith(b"20@")


async def test_a_refused_write_does_not_harm_those_beside_it(store: Store) -> None:
    results = await asyncio.gather(
        store.put("a", text("one"), 0),
        store.put("a", text("two"), 0),
        store.put("b", text("one"), 0),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [Record, Mismatch, Record]


async def test_a_closed_store_refuses_and_ends_its_watches(make_store: MakeStore) -> None:
    store = make_store()
    await store.open()
    await store.put("a", text("one"), 0)
    watch = store.watch(await store.oldest())
    await take(watch, 1)
    waiting = asyncio.ensure_future(anext(watch))
    await asyncio.sleep(0)
    await store.close()
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await asyncio.wait_for(waiting, DEADLINE)
    with pytest.raises(StoreError, match="not open"):
        await store.put("b", text("one"), 0)

"""What the cache promises, above every store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from minikube8s.api.errors import ApiError
from minikube8s.api.selectors import NOTHING, Selector, parse_labels
from minikube8s.store import watching
from minikube8s.store.cache import Cache
from minikube8s.store.encode import blob
from minikube8s.store.entry import Entry
from minikube8s.store.feed import Feed
from minikube8s.store.interface import Mismatch, Record, Store
from minikube8s.store.memory import MemoryStore
from minikube8s.store.sqlite import SqliteStore
from minikube8s.store.watching import Event, Watch

DEADLINE = 10.0


def an_object(name: str, **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **metadata}}


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opened: Store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "db")
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def cache(store: Store) -> AsyncIterator[Cache]:
    started = Cache(store)
    await started.start()
    yield started
    await started.close()


async def put(cache: Cache, key: str, expected: int | None = None, **metadata: Any) -> Entry:
    return await cache.put(key, blob(an_object(key.rpartition("/")[2], **metadata)), expected)


async def remove(cache: Cache, key: str) -> Entry:
    return await cache.delete(key, blob(an_object(key.rpartition("/")[2])), None)


def shown(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.type, event.entry.key) for event in events]


async def batch(watch: Watch) -> list[Event]:
    return await watch.batch(DEADLINE)


async def test_a_write_is_visible_when_it_returns(cache: Cache) -> None:
    entry = await put(cache, "pods/default/a", 0)
    assert cache.get("pods/default/a") is entry
    assert cache.revision == entry.revision
    await remove(cache, "pods/default/a")
    assert cache.get("pods/default/a") is None


async def test_the_stored_object_carries_its_revision(cache: Cache) -> None:
    entry = await put(cache, "pods/default/a", uid="u1")
    assert entry.object["metadata"]["resourceVersion"] == str(entry.revision)
    assert (entry.namespace, entry.name, entry.uid) == ("default", "a", "u1")


async def test_a_refused_write_changes_nothing(cache: Cache) -> None:
    entry = await put(cache, "pods/default/a", 0)
    with pytest.raises(Mismatch):
        await put(cache, "pods/default/a", 0)
    assert cache.get("pods/default/a") is entry


async def test_lists_are_sorted_and_keep_to_their_prefix(cache: Cache) -> None:
    for key in ("pods/b/x", "pods/a/y", "pods/a/x", "nodes/n", "pods/ab/z"):
        await put(cache, key)
    assert [e.key for e in cache.list("pods/a/")] == ["pods/a/x", "pods/a/y"]
    assert [e.key for e in cache.list("pods/")] == ["pods/a/x", "pods/a/y", "pods/ab/z", "pods/b/x"]
    assert cache.count("pods/") == 4
    assert cache.count("") == 5
    assert cache.list("secrets/") == []


async def test_a_watch_reports_what_happened_with_the_state_before(cache: Cache) -> None:
    watch = cache.watch("pods/")
    first = await put(cache, "pods/default/a")
    second = await put(cache, "pods/default/a")
    last = await remove(cache, "pods/default/a")
    events = await batch(watch)
    assert [event.type for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    assert [event.previous for event in events] == [None, first, second]
    assert events[2].entry.revision == last.revision == events[2].revision


@pytest.mark.parametrize(
    ("prefix", "seen"),
    [
        ("", ["pods/a/x", "pods/a/xy", "pods/b/x", "nodes/n"]),
        ("pods/", ["pods/a/x", "pods/a/xy", "pods/b/x"]),
        ("pods/a/", ["pods/a/x", "pods/a/xy"]),
        ("pods/a/x", ["pods/a/x"]),
        ("secrets/", []),
    ],
)
async def test_a_watch_sees_only_its_prefix_live_and_replayed(
    cache: Cache, prefix: str, seen: list[str]
) -> None:
    start = cache.revision
    live = cache.watch(prefix)
    for key in ("pods/a/x", "pods/a/xy", "pods/b/x", "nodes/n"):
        await put(cache, key)
    replayed = cache.watch(prefix, start)
    for watch in (live, replayed):
        events = await watch.batch(DEADLINE if seen else 0)
        assert [event.entry.key for event in events] == seen


async def test_a_watch_from_a_revision_replays_what_came_after(cache: Cache) -> None:
    await put(cache, "pods/default/a")
    middle = await put(cache, "pods/default/b")
    await put(cache, "pods/default/c")
    watch = cache.watch("pods/", middle.revision)
    await put(cache, "pods/default/d")
    assert shown(await batch(watch)) == [("ADDED", "pods/default/c"), ("ADDED", "pods/default/d")]


async def test_a_watch_from_before_the_memory_is_refused_as_expired(cache: Cache) -> None:
    start = cache.revision
    for _ in range(watching.RING_EVENTS + 1):
        await put(cache, "pods/default/a")
    with pytest.raises(ApiError) as refusal:
        cache.watch("pods/", start)
    assert (refusal.value.code, refusal.value.reason) == (410, "Expired")


async def test_a_watch_from_the_future_is_refused_as_expired(cache: Cache) -> None:
    with pytest.raises(ApiError) as refusal:
        cache.watch("pods/", cache.revision + 1)
    assert refusal.value.code == 410


async def test_a_busy_kind_does_not_expire_the_watches_of_a_quiet_one(cache: Cache) -> None:
    start = await put(cache, "nodes/n")
    for _ in range(watching.RING_EVENTS + 1):
        await put(cache, "leases/kube-node-lease/n")
    watch = cache.watch("nodes/", start.revision)
    await put(cache, "nodes/n")
    assert shown(await batch(watch)) == [("MODIFIED", "nodes/n")]


async def test_a_slow_watcher_is_cut_off_and_the_others_are_not(cache: Cache) -> None:
    slow, reading = cache.watch("pods/"), cache.watch("pods/")
    for _ in range(watching.BUFFER + 1):
        await put(cache, "pods/default/a")
        await batch(reading)
    with pytest.raises(ApiError) as refusal:
        await anext(slow)
    assert refusal.value.code == 410
    await put(cache, "pods/default/b")
    assert shown(await batch(reading)) == [("ADDED", "pods/default/b")]


async def test_many_changes_at_once_do_not_cut_off_a_watcher_that_reads(cache: Cache) -> None:
    seen = 0

    async def read() -> None:
        nonlocal seen
        async for _ in cache.watch("pods/"):
            seen += 1

    reader = asyncio.ensure_future(read())
    await asyncio.sleep(0)
    many = 2 * watching.BUFFER
    await asyncio.gather(*(put(cache, f"pods/default/{number}") for number in range(many)))
    await asyncio.sleep(0)
    assert seen == many and not reader.done()
    reader.cancel()


async def test_a_closed_watch_ends_for_a_reader_that_waits(cache: Cache) -> None:
    watch = cache.watch("pods/")
    reader = asyncio.ensure_future(anext(watch, None))
    await asyncio.sleep(0)
    watch.close()
    assert await asyncio.wait_for(reader, DEADLINE) is None


async def test_a_batch_returns_empty_after_its_timeout(cache: Cache) -> None:
    assert await cache.watch("pods/").batch(0.001) == []


async def test_a_watch_knows_up_to_where_it_has_been_read(cache: Cache) -> None:
    watch = cache.watch("pods/")
    await put(cache, "nodes/n")
    assert watch.revision == cache.revision
    entry = await put(cache, "pods/default/a")
    await put(cache, "nodes/n")
    assert watch.revision == entry.revision - 1
    await batch(watch)
    assert watch.revision == cache.revision


async def test_watches_go_on_across_a_restart(store: Store) -> None:
    before = Cache(store)
    await before.start()
    a = await put(before, "pods/default/a")
    b = await put(before, "pods/default/b")
    await remove(before, "pods/default/a")
    await before.close()
    after = Cache(store)
    await after.start()
    events = await batch(after.watch("pods/", a.revision))
    assert shown(events) == [("ADDED", "pods/default/b"), ("DELETED", "pods/default/a")]
    assert events[1].previous is not None
    assert events[1].previous.value == a.value
    assert [entry.value for entry in after.list("")] == [b.value]
    await after.close()


async def test_dependents_follow_the_owner_references(cache: Cache) -> None:
    references = [{"uid": "o1"}, {"uid": "o2"}]
    await put(cache, "pods/default/a", ownerReferences=references)
    await put(cache, "pods/default/b", ownerReferences=references[:1])
    assert [e.name for e in cache.indexes.dependents("o1")] == ["a", "b"]
    await put(cache, "pods/default/a", ownerReferences=references[1:])
    await remove(cache, "pods/default/b")
    assert [e.name for e in cache.indexes.dependents("o1")] == []
    assert [e.name for e in cache.indexes.dependents("o2")] == ["a"]


async def test_claimable_are_those_of_the_owner_and_those_without_a_controller(
    cache: Cache,
) -> None:
    async def claimable() -> list[str]:
        return [e.name for e in cache.indexes.claimable("pods/", "pods/default/", "o1")]

    await put(cache, "pods/default/own", ownerReferences=[{"uid": "o1", "controller": True}])
    await put(cache, "pods/default/other", ownerReferences=[{"uid": "o2", "controller": True}])
    await put(cache, "pods/default/loose", ownerReferences=[{"uid": "o2"}])
    await put(cache, "pods/default/free")
    await put(cache, "pods/elsewhere/free")
    await put(cache, "configmaps/default/own", ownerReferences=[{"uid": "o1"}])
    assert await claimable() == ["free", "loose", "own"]
    await put(cache, "pods/default/free", ownerReferences=[{"uid": "o2", "controller": True}])
    await put(cache, "pods/default/other")
    await remove(cache, "pods/default/loose")
    assert await claimable() == ["other", "own"]


async def test_claimable_by_a_selector_leaves_out_what_lacks_a_label_that_it_demands(
    cache: Cache,
) -> None:
    async def claimable(selector: str = "app in (web, www),!old") -> list[str]:
        found = cache.indexes.claimable("pods/", "pods/default/", "o1", parse_labels(selector))
        return [e.name for e in found]

    controlled = [{"uid": "o2", "controller": True}]
    await put(cache, "pods/default/own", ownerReferences=[{"uid": "o1", "controller": True}])
    await put(cache, "pods/default/web", labels={"app": "web"})
    await put(cache, "pods/default/www", labels={"app": "www"})
    await put(cache, "pods/default/db", labels={"app": "db"})
    await put(cache, "pods/default/taken", labels={"app": "web"}, ownerReferences=controlled)
    assert await claimable() == ["own", "web", "www"]
    await put(cache, "pods/default/db", labels={"app": "web"})
    await put(cache, "pods/default/web", labels={"app": "db"})
    await put(cache, "pods/default/taken", labels={"app": "web"})
    await remove(cache, "pods/default/www")
    assert await claimable() == ["db", "own", "taken"]
    assert await claimable("!old") == ["db", "own", "taken", "web"]


def selector_of(entry: Entry) -> Selector:
    annotations: dict[str, str] = entry.object["metadata"].get("annotations", {})
    return parse_labels(annotations["selector"]) if "selector" in annotations else NOTHING


async def test_selecting_finds_who_selects_labels_and_follows_changes(cache: Cache) -> None:
    async def selecting(**labels: str) -> list[str]:
        found = cache.indexes.selecting("services/", "services/default/", labels, selector_of)
        return [e.name for e in found]

    async def select(name: str, selector: str) -> None:
        await put(cache, f"services/default/{name}", annotations={"selector": selector})

    await select("web", "app in (web, www),tier=front")
    await put(cache, "services/default/nobody")
    await put(cache, "services/elsewhere/web", annotations={"selector": "app=web"})
    assert await selecting(app="web", tier="front") == ["web"]
    assert await selecting(app="web") == []
    await select("everybody", "")
    await select("no-db", "app!=db")
    assert await selecting(app="www", tier="front") == ["everybody", "no-db", "web"]
    assert await selecting(app="db") == ["everybody"]
    await select("web", "app=db")
    await remove(cache, "services/default/everybody")
    assert await selecting(app="db") == ["web"]
    assert await selecting(app="www", tier="front") == ["no-db"]


async def test_dependents_are_known_after_a_restart(store: Store) -> None:
    for _ in range(2):
        cache = Cache(store)
        await cache.start()
        await put(cache, "pods/default/a", ownerReferences=[{"uid": "o1"}])
        assert [e.name for e in cache.indexes.dependents("o1")] == ["a"]
        await cache.close()


async def test_an_observer_sees_what_is_there_and_every_change_after(cache: Cache) -> None:
    seen: list[tuple[str, str]] = []
    await put(cache, "pods/default/a")
    await put(cache, "nodes/n")
    cache.observe("pods/", lambda event: seen.append((event.type, event.entry.name)))
    await put(cache, "pods/default/a")
    await remove(cache, "pods/default/a")
    assert seen == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]


async def test_concurrent_writes_are_each_visible_when_they_return(cache: Cache) -> None:
    async def write(n: int) -> None:
        entry = await put(cache, f"pods/default/p{n % 10}")
        assert cache.revision >= entry.revision
        current = cache.get(entry.key)
        assert current is not None
        assert current.revision >= entry.revision

    await asyncio.gather(*(write(n) for n in range(200)))


async def test_an_observer_that_fails_stops_neither_the_cache_nor_the_others(
    cache: Cache, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []

    def fail(event: Event) -> None:
        raise ValueError(event.entry.key)

    cache.observe("pods/", fail)
    cache.observe("pods/", lambda event: seen.append(event.entry.key))
    await put(cache, "pods/default/a")
    assert seen == ["pods/default/a"]
    assert "an index could not take in" in caplog.text


async def test_a_cache_that_lost_its_place_loads_anew_and_expires_its_watches() -> None:
    store = MemoryStore()
    store._feed = Feed(bound=5)
    await store.open()
    cache = Cache(store)
    await cache.start()
    await put(cache, "pods/default/old", ownerReferences=[{"uid": "o"}])
    watch = cache.watch("pods/")
    # More changes than the feed holds, before the cache gets a turn.
    await store.delete("pods/default/old", blob(an_object("old")), None)
    for n in range(10):
        await store.put(f"pods/default/p{n}", blob(an_object(f"p{n}")), 0)
    await put(cache, "nodes/n")
    assert cache.count("pods/") == 10
    assert cache.indexes.dependents("o") == []
    with pytest.raises(ApiError) as refusal:
        await watch.batch(DEADLINE)
    assert refusal.value.code == 410
    await cache.close()
    await store.close()


async def test_while_a_cache_loads_anew_it_shows_what_it_showed_before() -> None:
    class Slow(MemoryStore):
        """A store whose lists take until they are let go on."""

        reading, go_on = asyncio.Event(), asyncio.Event()

        async def range(self, *args: Any, **options: Any) -> tuple[list[Record], int]:
            self.reading.set()
            await self.go_on.wait()
            return await super().range(*args, **options)

    store = Slow()
    store._feed = Feed(bound=5)
    await store.open()
    store.go_on.set()
    cache = Cache(store)
    await cache.start()
    key = "pods/default/mine"
    await put(cache, key, ownerReferences=[{"uid": "o", "controller": True}])
    store.reading.clear()
    store.go_on.clear()
    for n in range(10):
        await store.put(f"pods/default/p{n}", blob(an_object(f"p{n}")), 0)
    await asyncio.wait_for(store.reading.wait(), DEADLINE)
    listed, found = cache.list("pods/"), cache.indexes.claimable("pods/", "pods/default/", "o")
    assert [one.key for one in listed] == [one.key for one in found] == [key]
    # Who looks now must be told that there is more: the changes in between are shown to nobody.
    watch = cache.watch("pods/")
    store.go_on.set()
    with pytest.raises(ApiError) as refusal:
        await watch.batch(DEADLINE)
    assert refusal.value.code == 410
    assert cache.count("pods/") == 11
    await cache.close()
    await store.close()


async def test_an_index_is_whole_though_it_cannot_read_one_object(cache: Cache) -> None:
    def picky(entry: Entry) -> Selector:
        if entry.name == "a":
            raise ValueError(entry.key)
        return parse_labels("app=web")

    for name in ("a", "b"):
        await put(cache, f"pods/default/{name}")
    found = cache.indexes.selecting("pods/", "pods/default/", {"app": "web"}, picky)
    assert [one.name for one in found] == ["b"]
    await put(cache, "pods/default/c")
    found = cache.indexes.selecting("pods/", "pods/default/", {"app": "web"}, picky)
    assert [one.name for one in found] == ["b", "c"]


async def test_labels_find_what_a_walk_over_the_namespace_finds(cache: Cache) -> None:
    async def labelled(key: str, **labels: str) -> None:
        await cache.put(key, blob(an_object(key.rpartition("/")[2], labels=labels)), None)

    await labelled("pods/default/a", app="web", tier="x")
    selectors = [
        parse_labels(text)
        for text in ("app=web", "app in (web,db)", "app=web,tier=x", "app!=web", "", "app=no")
    ]

    def check() -> None:
        for selector in selectors:
            walked = [one for one in cache.list("pods/default/") if selector.matches(one.labels)]
            assert cache.indexes.selected("pods/", "pods/default/", selector) == walked

    check()
    await labelled("pods/default/b", app="db")
    await labelled("pods/default/c")
    await labelled("pods/other/d", app="web")
    check()
    await labelled("pods/default/a", app="db", tier="x")
    check()
    await cache.delete("pods/default/b", blob(an_object("b")), None)
    check()
    assert cache.indexes.selected("pods/", "pods/default/", NOTHING) == []

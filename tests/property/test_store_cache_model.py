"""Random interleavings of writes, watches and restarts, compared with a plain model."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from minikube8s.store.cache import Cache
from minikube8s.store.encode import blob
from minikube8s.store.interface import Mismatch
from minikube8s.store.memory import MemoryStore
from minikube8s.store.watching import Event, Watch

KEYS = ("pods/a/x", "pods/a/y", "pods/b/x", "nodes/n")
PREFIXES = ("", "pods/", "pods/a/", "pods/a/x", "nodes/")
DEADLINE = 10.0

steps = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(KEYS), st.sampled_from(["any", "new", "current"])),
    st.tuples(st.just("delete"), st.sampled_from(KEYS)),
    st.tuples(st.just("burst"), st.lists(st.sampled_from(KEYS), min_size=2, max_size=5)),
    st.tuples(st.just("watch"), st.sampled_from(PREFIXES)),
    st.tuples(st.just("resume"), st.sampled_from(PREFIXES), st.integers(0, 30)),
    st.tuples(st.just("read"), st.integers(0, 5)),
    st.tuples(st.just("restart")),
)


@dataclass
class Follower:
    """A client: the state it knows, kept up to date by its watch alone."""

    prefix: str
    watch: Watch
    state: dict[str, bytes]
    revision: int

    async def read(self, target: int) -> None:
        for event in await self.watch.batch(0):
            self.apply(event)
        assert self.watch.revision == target

    def apply(self, event: Event) -> None:
        assert event.revision > self.revision, "a duplicate, or out of order"
        self.revision = event.revision
        key = event.entry.key
        before = self.state.get(key)
        assert (event.previous.value if event.previous else None) == before
        assert event.type in ({"MODIFIED", "DELETED"} if before else {"ADDED"})
        if event.type == "DELETED":
            del self.state[key]
        else:
            self.state[key] = event.entry.value


def within(prefix: str, key: str) -> bool:
    return prefix in {"", key} or (prefix.endswith("/") and key.startswith(prefix))


class World:
    def __init__(self) -> None:
        self.store = MemoryStore(history=1000)
        self.model: dict[str, bytes] = {}
        self.past: dict[int, dict[str, bytes]] = {}
        self.followers: list[Follower] = []
        self.cache = Cache(self.store)

    async def start(self) -> None:
        await self.store.open()
        await self.cache.start()
        self.past[self.cache.revision] = {}

    async def restart(self) -> None:
        await self.cache.close()
        self.cache = Cache(self.store)
        await self.cache.start()
        for follower in self.followers:
            # A client resumes from what it has read itself.
            follower.watch = self.cache.watch(follower.prefix, follower.revision)

    async def write(self, key: str, expected: int | None, *, delete: bool = False) -> None:
        content = blob({"kind": "X", "metadata": {"name": key}})
        live = self.cache.get(key)
        try:
            if delete:
                entry = await self.cache.delete(key, content, expected)
            else:
                entry = await self.cache.put(key, content, expected)
        except Mismatch:
            assert live is None if delete else expected == 0
            return
        self.record(entry.key, None if delete else entry.value, entry.revision)

    def record(self, key: str, value: bytes | None, revision: int) -> None:
        if value is None:
            del self.model[key]
        else:
            self.model[key] = value
        self.past[revision] = dict(self.model)

    async def burst(self, keys: list[str]) -> None:
        content = blob({"kind": "X", "metadata": {"name": "burst"}})
        entries = await asyncio.gather(*(self.cache.put(key, content, None) for key in keys))
        for entry in sorted(entries, key=lambda e: e.revision):
            self.record(entry.key, entry.value, entry.revision)

    def follow(self, prefix: str, back: int) -> None:
        revision = max(min(self.past), self.cache.revision - back)
        watch = self.cache.watch(prefix, revision if back else None)
        state = {k: v for k, v in self.past[revision].items() if within(prefix, k)}
        self.followers.append(Follower(prefix, watch, state, revision))

    async def check(self) -> None:
        assert {entry.key: entry.value for entry in self.cache.list("")} == self.model
        for follower in self.followers:
            await follower.read(self.cache.revision)
            expected = {k: v for k, v in self.model.items() if within(follower.prefix, k)}
            assert follower.state == expected


async def play(script: list[tuple[object, ...]]) -> None:
    world = World()
    await world.start()
    for step in script:
        match step:
            case ("put", str(key), expected):
                live = world.cache.get(key)
                revision = {"any": None, "new": 0, "current": live.revision if live else 0}
                await world.write(key, revision[str(expected)])
            case ("delete", str(key)):
                await world.write(key, None, delete=True)
            case ("burst", list(keys)):
                await world.burst(keys)
            case ("watch", str(prefix)):
                world.follow(prefix, 0)
            case ("resume", str(prefix), int(back)):
                world.follow(prefix, back)
            case ("read", int(number)) if number < len(world.followers):
                await world.followers[number].read(world.cache.revision)
            case ("restart",):
                await world.restart()
    await world.check()
    await world.cache.close()


@settings(max_examples=150, deadline=None)
@given(st.lists(steps, max_size=40))
def test_every_watch_leads_to_the_state_without_gap_or_duplicate(
    script: list[tuple[object, ...]],
) -> None:
    asyncio.run(asyncio.wait_for(play(script), DEADLINE))

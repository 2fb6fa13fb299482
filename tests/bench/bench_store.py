"""Measures the store and the watch cache: `python tests/bench/bench_store.py`.

Prints one row a measurement. The write figures depend on the disk's flush time, which is printed
first: group commit makes concurrent writers share it.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from minikube8s.store.cache import Cache
from minikube8s.store.encode import blob
from minikube8s.store.interface import Blob
from minikube8s.store.sqlite import SqliteStore

OBJECTS = 500
WATCHERS = 100
FLUSHES = 100

LINE = "{:<52}{:>14}  {}"


def pod(number: int) -> Blob:
    """Return a pod of a realistic size, about 3 kB."""
    container = {
        "name": "nginx",
        "image": "nginx:1.25",
        "ports": [{"containerPort": 80, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}},
        "env": [{"name": f"VARIABLE_{n}", "value": "x" * 40} for n in range(20)],
    }
    conditions = [
        {"type": t, "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
        for t in ("Initialized", "Ready", "ContainersReady", "PodScheduled")
    ]
    return blob(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"web-{number:05}",
                "namespace": "default",
                "uid": f"00000000-0000-0000-0000-{number:012}",
                "labels": {"app": "web", "pod-template-hash": "5d4f8c7b9"},
                "ownerReferences": [{"kind": "ReplicaSet", "name": "web", "uid": "rs"}],
            },
            "spec": {"containers": [container], "nodeName": "node1"},
            "status": {"phase": "Running", "podIP": "10.244.0.7", "conditions": conditions},
        }
    )


def key(number: int) -> str:
    return f"pods/default/web-{number:05}"


def resident() -> int:
    """Return the resident memory of this process in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def best(work: Callable[[], object], times: int = 20) -> float:
    """Return the shortest of several runs, in seconds."""
    durations = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        durations.append(time.perf_counter() - start)
    return min(durations)


def show(what: str, value: str, note: str = "") -> None:
    print(LINE.format(what, value, note).rstrip())


def flush_time(directory: Path) -> float:
    """Return the seconds that one write and fdatasync take, on average."""
    with (directory / "flush").open("wb", buffering=0) as file:
        start = time.perf_counter()
        for _ in range(FLUSHES):
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
    return (time.perf_counter() - start) / FLUSHES


async def writes(cache: Cache, writers: int, total: int) -> float:
    """Return the puts a second of so many concurrent writers, each waiting for its own."""
    numbers = iter(range(total))

    async def write() -> None:
        for number in numbers:
            await cache.put(key(number), pod(number), None)

    start = time.perf_counter()
    await asyncio.gather(*(write() for _ in range(writers)))
    return total / (time.perf_counter() - start)


async def fan_out(cache: Cache) -> float:
    """Return the events a second delivered to WATCHERS watchers."""
    watches = [cache.watch("pods/") for _ in range(WATCHERS)]
    total = OBJECTS * WATCHERS
    seen = 0

    async def read(watch: object) -> None:
        nonlocal seen
        mine = 0
        while mine < OBJECTS:
            mine += len(await watch.batch(10))  # type: ignore[attr-defined]
        seen += mine

    start = time.perf_counter()
    readers = [asyncio.ensure_future(read(watch)) for watch in watches]
    await asyncio.gather(*(cache.put(key(n), pod(n), None) for n in range(OBJECTS)))
    await asyncio.gather(*readers)
    duration = time.perf_counter() - start
    for watch in watches:
        watch.close()
    assert seen == total
    return total / duration


async def measure(directory: Path) -> None:
    show("size of one pod", f"{len(pod(1).at(1))} B")
    show("write + fdatasync of this disk", f"{flush_time(directory) * 1e3:.2f} ms")
    path = directory / "state.db"
    store = SqliteStore(path)
    await store.open()
    cache = Cache(store)
    await cache.start()
    for writers, total in ((1, 200), (16, 2000), (256, 4000)):
        rate = await writes(cache, writers, total)
        show(f"put, {writers} concurrent writers", f"{rate:,.0f} /s", "durable and visible")
    show("watch fan-out to 100 watchers", f"{await fan_out(cache):,.0f} /s", "events delivered")
    for number in range(OBJECTS, 4000):
        await cache.delete(key(number), pod(number), None)
    duration = best(lambda: cache.list("pods/default/"))
    show("list of 500 from the cache", f"{duration * 1e6:.0f} us")
    duration = best(lambda: b",".join(entry.value for entry in cache.list("pods/default/")))
    show("list of 500 joined to one body", f"{duration * 1e6:.0f} us")
    duration = best(lambda: [e for e in cache.list("pods/default/") if e.labels["app"] == "web"])
    show("list of 500 by label, labels known", f"{duration * 1e6:.0f} us")
    await cache.close()
    await store.close()
    await fill(directory / "memory.db")
    command = [sys.executable, __file__, "--memory", str(directory / "memory.db")]
    child = await asyncio.create_subprocess_exec(*command)
    await child.wait()


PODS = 10_000


async def fill(path: Path) -> None:
    store = SqliteStore(path)
    await store.open()
    cache = Cache(store)
    await cache.start()
    await writes(cache, 256, PODS)
    await cache.close()
    await store.close()
    size = len(pod(1).at(1))
    on_disk = sum(file.stat().st_size for file in path.parent.glob(path.name + "*"))
    show("state file / live objects", f"{on_disk / (PODS * size):.2f}")


async def memory(path: Path) -> None:
    """Measure a start with many objects; in a process of its own, whose memory is still clean."""
    store = SqliteStore(path)
    await store.open()
    before = resident()
    start = time.perf_counter()
    cache = Cache(store)
    await cache.start()
    show(f"start with {PODS:,} pods", f"{(time.perf_counter() - start) * 1e3:.0f} ms")
    extra = (resident() - before) / PODS - len(pod(1).at(1))
    show("memory a pod beyond its bytes, after the start", f"{extra:,.0f} B")
    await cache.close()
    await store.close()


def main() -> None:
    """Measure on the disk of the directory given as argument (default: the temporary one)."""
    if sys.argv[1:2] == ["--memory"]:
        asyncio.run(memory(Path(sys.argv[2])))
        return
    where = sys.argv[1] if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory(dir=where) as directory:
        asyncio.run(measure(Path(directory)))


if __name__ == "__main__":
    main()

"""Writes to a store until it is killed, and prints what was acknowledged.

Run as `python writer.py STATE_FILE`. A line is printed, and flushed, only after its write returned:
`KEY REVISION` for a put, `KEY -REVISION` for a delete.
"""

import asyncio
import sys
from pathlib import Path

from minikube8s.store.cache import Cache
from minikube8s.store.encode import blob
from minikube8s.store.sqlite import SqliteStore

WRITERS = 16


async def write(cache: Cache, number: int) -> None:
    turn = 0
    while True:
        turn += 1
        key = f"pods/default/w{number}-{turn % 5}"
        content = blob({"kind": "Pod", "metadata": {"name": key}, "data": "x" * (turn * 37 % 5000)})
        if turn % 4 == 0 and cache.get(key) is not None:
            entry = await cache.delete(key, content, None)
            print(key, -entry.revision, flush=True)
        else:
            entry = await cache.put(key, content, None)
            print(key, entry.revision, flush=True)


async def main() -> None:
    store = SqliteStore(Path(sys.argv[1]), history=50)
    await store.open()
    cache = Cache(store)
    await cache.start()
    await asyncio.gather(*(write(cache, number) for number in range(WRITERS)))


asyncio.run(main())

"""Keeps the kernel's table as its sources say.

Owns the loop: what changed is collected, diffed and applied at once; what somebody else changed is
put back. Decides nothing about rules.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from minikube8s.kit.backoff import Backoff
from mk8s_agent.assignments import Key
from mk8s_agent.proxy.fixed import TableConfig
from mk8s_agent.proxy.monitor import Commit, commits
from mk8s_agent.proxy.nftables import Nftables, NftablesError, table_name
from mk8s_agent.proxy.parts import Owner, Part, PartKey, Source
from mk8s_agent.proxy.table import ServiceTable

log = logging.getLogger(__name__)

Change = tuple[Part | None, Part | None]
"""A part before and after; None: it did not exist, or does not any more."""
Applied = Callable[[Mapping[PartKey, Change]], Awaitable[None]]

_RETRY = Backoff(initial=0.1, maximum=30.0)
_RESTORE_PAUSE_SECONDS = 1.0
"""Somebody who keeps deleting the table gets it back once a second, not in a busy loop."""


class TableKeeper:
    """The table of one cluster on this node. Creating one raises NftablesMissing.

    `applied` hears of every change that the kernel has taken over.
    """

    def __init__(self, config: TableConfig, applied: Applied) -> None:
        self._config = config
        self._applied = applied
        self._nft = Nftables()
        self._table = ServiceTable(config)
        self._sources: dict[str, Source] = {}
        self._wake = asyncio.Event()
        self._dirty: set[Owner] = set()
        self._unheard: dict[PartKey, Change] = {}
        self._replace_table = True

    def add_source(self, kind: str, source: Source) -> None:
        """Take parts of this kind from `source`; before `run`, so that no table is without them."""
        self._sources[kind] = source

    def changed(self, kind: str, key: Key) -> None:
        """What the source of that kind has for `key` may have changed: it will be asked."""
        self._dirty.add(Owner(kind, key))
        self._wake.set()

    async def run(self) -> None:
        """Apply changes as they come; an eternal task.

        First the whole table is replaced in one transaction; connections that exist are not touched
        by it.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch())
            group.create_task(self._serve())

    async def close(self) -> None:
        """End the nftables thread; the rules stay and go on working."""
        await self._nft.close()

    async def _serve(self) -> None:
        self._replace_table = True
        self._dirty.update(self._table.owners())
        for kind, source in self._sources.items():
            self._dirty.update(Owner(kind, key) for key in source.known())
        failures = 0
        while True:
            self._wake.clear()
            if await self._sync():
                failures = 0
                await self._wake.wait()
            else:
                await asyncio.sleep(_RETRY.delay(failures))
                failures += 1

    async def _sync(self) -> bool:
        """Bring the kernel up to date; false when it refused: then all is replaced next time."""
        changes = self._collect()
        for key, new in changes.items():
            before = self._unheard[key][0] if key in self._unheard else self._table.part(key)
            self._unheard[key] = (before, new)
        update = self._table.update(changes)
        replace, self._replace_table = self._replace_table, False
        try:
            if replace:
                await self._nft.run(self._table.full())
            else:
                for transaction in update.transactions():
                    await self._nft.run(transaction)
        except NftablesError as error:
            self._replace_table = True
            log.error("Services are not up to date on this node: %s", error)
            return False
        heard, self._unheard = self._unheard, {}
        await self._applied(heard)
        return True

    def _collect(self) -> dict[PartKey, Part | None]:
        dirty, self._dirty = self._dirty, set()
        changes: dict[PartKey, Part | None] = {}
        for owner in dirty:
            changes |= self._table.differences(owner, self._sources[owner.kind].parts(owner.key))
        return changes

    async def _watch(self) -> None:
        own = table_name(self._config.cluster)
        async for batch in commits():
            for commit in batch:
                if commit.thread != self._nft.thread_name and self._concerns(commit, own):
                    who = commit.thread or "another program"
                    log.warning("nftables table %s was changed by %s: putting it back", own, who)
                    self._replace_table = True
            if self._replace_table:
                self._wake.set()
                await asyncio.sleep(_RESTORE_PAUSE_SECONDS)

    @staticmethod
    def _concerns(commit: Commit, table: str) -> bool:
        return not commit.complete or table in commit.tables

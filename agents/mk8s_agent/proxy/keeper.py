"""Keeps the kernel's table as its sources say.

Owns the loop: what changed is collected, diffed and applied at once; what somebody else changed is
put back; what the kernel refuses is set aside, so that it holds up nothing else. Decides nothing
about rules.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

from minikube8s.kit.backoff import Backoff
from mk8s_agent.assignments import Key
from mk8s_agent.proxy.fixed import TableConfig
from mk8s_agent.proxy.monitor import Commit, commits
from mk8s_agent.proxy.nftables import Nftables, NftablesError, table_name
from mk8s_agent.proxy.parts import Owner, Part, PartKey, Source, fallback_of
from mk8s_agent.proxy.quarantine import Quarantine
from mk8s_agent.proxy.table import ServiceTable, Update

log = logging.getLogger(__name__)

Change = tuple[Part | None, Part | None]
"""A part before and after; None: it did not exist, or does not any more."""
Applied = Callable[[Mapping[PartKey, Change]], None]
Refused = Callable[[Key, str], None]
"""Hears whose parts are not in the table, and why."""

_RETRY = Backoff(initial=0.1, maximum=30.0)
_RESTORE_PAUSE_SECONDS = 1.0
"""Somebody who keeps deleting the table gets it back once a second, not in a busy loop."""


class TableKeeper:
    """The table of one cluster on this node. Creating one raises NftablesMissing.

    `applied` hears of every change that the kernel has taken over.
    """

    def __init__(self, config: TableConfig, applied: Applied, nft: Nftables | None = None) -> None:
        self._config = config
        self._applied = applied
        self._nft = nft or Nftables()
        self._table = ServiceTable(config)
        self._sources: dict[str, Source] = {}
        self._refused: dict[str, Refused] = {}
        self._wake = asyncio.Event()
        self._dirty: set[Owner] = set()
        self._unheard: dict[PartKey, Change] = {}
        self._quarantine = Quarantine(lambda owner: self.changed(*owner))
        self._replace_table = True
        self._failures = 0
        self._told = 1
        self._taken_over = 0
        self._progress = asyncio.Event()

    @property
    def up_to_date(self) -> bool:
        """Whether the kernel took over what it was told last."""
        return not self._failures

    def add_source(self, kind: str, source: Source, refused: Refused | None = None) -> None:
        """Take parts of this kind from `source`; before `run`, so that no table is without them.

        `refused` hears of those that the kernel does not take; they are tried again later.
        """
        self._sources[kind] = source
        if refused is not None:
            self._refused[kind] = refused

    def changed(self, kind: str, key: Key) -> None:
        """What the source of that kind has for `key` may have changed: it will be asked."""
        self._dirty.add(Owner(kind, key))
        self._told += 1
        self._wake.set()

    async def settled(self) -> None:
        """Wait until the kernel has taken over all changes that have been told so far."""
        told = self._told
        while self._taken_over < told:
            await self._progress.wait()

    async def run(self) -> None:
        """Apply changes as they come; an eternal task.

        First the whole table is replaced in one transaction; connections that exist are not touched
        by it.
        """
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watch())
                group.create_task(self._serve())
        finally:
            self._quarantine.close()

    async def close(self) -> None:
        """End the nftables thread; the rules stay and go on working."""
        await self._nft.close()

    async def _serve(self) -> None:
        self._replace_table = True
        self._dirty.update(self._table.owners())
        for kind, source in self._sources.items():
            self._dirty.update(Owner(kind, key) for key in source.known())
        while True:
            self._wake.clear()
            if await self._sync():
                self._failures = 0
                await self._wake.wait()
            else:
                self._failures += 1
                await asyncio.sleep(_RETRY.delay(self._failures - 1))

    async def _sync(self) -> bool:
        """Bring the kernel up to date; false when it refused: then all is replaced next time."""
        told = self._told
        changes = await self._collect()
        for key, new in changes.items():
            self._note(key, new)
        try:
            await self._bring(self._table.update(changes), list(changes))
        except NftablesError as error:
            self._replace_table = True
            log.error("Services are not up to date on this node: %s", error)
            return False
        self._taken_over = told
        self._progress.set()
        self._progress = asyncio.Event()
        heard, self._unheard = self._unheard, {}
        self._applied(heard)
        return True

    def _note(self, key: PartKey, new: Part | None) -> None:
        """Remember a change until the kernel has it."""
        before = self._unheard[key][0] if key in self._unheard else self._table.part(key)
        self._unheard[key] = (before, new)

    async def _bring(self, update: Update, suspects: Sequence[PartKey]) -> None:
        """Apply the update; where that fails, everything but what the kernel refuses.

        Raises NftablesError.
        """
        replace, self._replace_table = self._replace_table, False
        try:
            if not replace:
                for transaction in update.transactions():
                    await self._nft.run(transaction)
                return
        except NftablesError:
            self._set_aside(await self._culprits(self._doubtful(suspects)))
        try:
            await self._nft.run(self._table.full())
        except NftablesError:
            culprits = await self._culprits(self._doubtful(self._table.keys()))
            if not culprits:
                raise
            self._set_aside(culprits)
            await self._nft.run(self._table.full())

    async def _collect(self) -> dict[PartKey, Part | None]:
        dirty, self._dirty = self._dirty, set()
        changes: dict[PartKey, Part | None] = {}
        for owner in dirty:
            try:
                parts = self._sources[owner.kind].parts(owner.key)
            except Exception as error:
                log.exception("what %s %s/%s needs cannot be told", owner.kind, *owner.key)
                # What it has stays: without it a pod could be open that must not be.
                self._refuse(owner, f"{type(error).__name__}: {error}")
                continue
            found = self._table.differences(owner, parts)
            if found and owner in self._quarantine and (why := await self._refusal(found)):
                self._refuse(owner, why)
                found = {key: fallback_of(part) for key, part in found.items()}
            else:
                self._quarantine.release(owner)
            changes |= found
        return changes

    async def _refusal(self, parts: Mapping[PartKey, Part | None]) -> str:
        """Why the kernel does not take these parts; "" when it does."""
        trial = {key: part for key, part in parts.items() if part is not None}
        text = ServiceTable.alone(self._config, {**self._table.fallbacks(), **trial})
        try:
            await self._nft.check(text)
        except NftablesError as error:
            return str(error)
        return ""

    def _set_aside(self, culprits: Mapping[Owner, str]) -> None:
        for owner, why in culprits.items():
            rest = {
                key.name: part
                for key, part in self._table.fallbacks().items()
                if key.owner == owner
            }
            gone = self._table.differences(owner, rest)
            for key, left in gone.items():
                self._note(key, left)
            self._table.update(gone)
            self._refuse(owner, why)

    def _doubtful(self, keys: Iterable[PartKey]) -> list[PartKey]:
        """The parts that could be left out, or have another in their place."""
        parts = ((key, self._table.part(key)) for key in keys)
        return [key for key, part in parts if part is None or fallback_of(part) is not part]

    async def _culprits(self, keys: Sequence[PartKey]) -> dict[Owner, str]:
        """Whose parts the kernel refuses, found by halves; of two that do not agree the later."""
        if not keys or not (why := await self._refusal({k: self._table.part(k) for k in keys})):
            return {}
        if len(keys) == 1:
            return {} if await self._refusal({}) else {keys[0].owner: why}
        middle = len(keys) // 2
        found = await self._culprits(keys[:middle]) | await self._culprits(keys[middle:])
        return found or ({} if await self._refusal({}) else {keys[-1].owner: why})

    def _refuse(self, owner: Owner, why: str) -> None:
        self._quarantine.put(owner)
        log.error("%s %s/%s is not up to date on this node: %s", owner.kind, *owner.key, why)
        if owner.kind in self._refused:
            self._refused[owner.kind](owner.key, why)

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

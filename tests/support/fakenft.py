"""A runner of nftables' transactions without a kernel, for tests of what keeps the table."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from mk8s_agent.proxy.fixed import TableConfig
from mk8s_agent.proxy.monitor import Commit
from mk8s_agent.proxy.nftables import Nftables, NftablesError

from tests.support.faketable import FakeTable, Refused

CONFIG = TableConfig("mk8s", "n1", "10.244.0.0/16", "10.96.0.0/12")


async def no_commits() -> AsyncIterator[list[Commit]]:
    """Nobody else changes anything."""
    await asyncio.Event().wait()
    yield []


class FakeNft(Nftables):
    """Takes transactions to a table without a kernel; counts how often all was replaced."""

    def __init__(self) -> None:
        self.table = FakeTable(CONFIG.table)
        self.thread_name = "fake"
        self.replaced = 0

    async def run(self, commands: str) -> None:
        self.replaced += commands.startswith("add table")
        try:
            self.table.run(commands)
        except Refused as error:
            raise NftablesError(str(error)) from error

    async def check(self, commands: str) -> None:
        trial = FakeTable(CONFIG.table)
        try:
            trial.run(commands)
        except Refused as error:
            raise NftablesError(str(error)) from error

    async def close(self) -> None:
        pass

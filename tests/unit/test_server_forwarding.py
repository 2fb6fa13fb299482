"""Port-forward over a WebSocket, as the server serves it."""

from __future__ import annotations

import asyncio
import gc

from minikube8s.server.streams.forwarding import ChannelForwarder


class Gone:
    """A client that hangs up once it is told which port it has."""

    def __init__(self) -> None:
        self.told = asyncio.Event()

    async def receive(self) -> None:
        await self.told.wait()

    async def send(self, channel: int, data: bytes) -> None:
        self.told.set()

    async def close(self) -> None: ...


class Silent:
    async def receive(self) -> None:
        await asyncio.Event().wait()

    async def aclose(self) -> None: ...


async def test_a_client_that_hangs_up_is_no_failure_to_be_logged() -> None:
    failures = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: failures.append(told))

    async def opened(_: int) -> Silent:
        return Silent()

    await ChannelForwarder(Gone(), [80], opened).run()  # type: ignore[arg-type]
    gc.collect()
    await asyncio.sleep(0)
    assert not failures

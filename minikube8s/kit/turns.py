"""Those who wait until there is something for them; who waits longest is woken first."""

import asyncio
from collections import deque
from collections.abc import Callable


class Turns:
    """Waiters of one event loop. What they wait for is their caller's to keep."""

    def __init__(self) -> None:
        self._getters: deque[asyncio.Future[None]] = deque()

    async def wait(self, something: Callable[[], object]) -> None:
        """Wait to be woken; who is cancelled then passes it on while there is `something`."""
        getter = asyncio.get_running_loop().create_future()
        self._getters.append(getter)
        try:
            await getter
        except asyncio.CancelledError:
            if getter in self._getters:
                self._getters.remove(getter)
            elif something():
                self.wake()
            raise

    def wake(self) -> None:
        """Wake who waits longest."""
        while self._getters:
            getter = self._getters.popleft()
            if not getter.done():
                getter.set_result(None)
                return

    def wake_all(self) -> None:
        """Wake everybody who waits now."""
        while self._getters:
            self.wake()

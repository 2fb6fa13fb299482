"""The link to the master, kept up for the life of the agent.

Owns when to dial and what to say about failures. A session is `session`'s; the agent's pods,
proxy and DNS go on without one.
"""

import asyncio
import contextlib
import logging
import random
import secrets
from collections.abc import Awaitable, Callable

import grpc

from minikube8s.kit.backoff import Backoff
from mk8s_agent.link.channel import Channel
from mk8s_agent.link.hints import explained
from mk8s_agent.link.session import Agent, NodeHello, Outcome, Session

__all__ = ["Agent", "Link", "NodeHello"]

log = logging.getLogger(__name__)

RECONNECT = Backoff(initial=0.05, maximum=10.0, jitter=0.5)
"""Short at first: a master and an agent that start together find each other without delay."""
LASTED = 10.0
"""Seconds after which a session was a good one: the next attempt comes at once."""
TAKEN_OVER = 10.0
"""Seconds to wait when another agent speaks for this node: two of them must not fight busily."""
_TAKEN = (grpc.StatusCode.ABORTED, grpc.StatusCode.ALREADY_EXISTS)
_FOR_PEOPLE = (
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.PERMISSION_DENIED,
)
"""Refusals that no further attempt turns: somebody has to change something."""


class Link:
    """Connects, serves a session, and connects again, for ever.

    `node` is the Node's name, `master` how people call the other end; `dial` makes a channel to it,
    `prepare` is waited for before each attempt. `refused` hears why the master does not take this
    agent, where people have to do something about it; `ended` says what to do where its certificate
    has ended, and nothing where it has not.
    """

    def __init__(
        self,
        node: str,
        master: str,
        dial: Callable[[], Channel],
        *,
        prepare: Callable[[], Awaitable[None]] | None = None,
        refused: Callable[[str], None] = lambda _: None,
        ended: Callable[[], str] = lambda: "",
    ) -> None:
        self._node = node
        self._instance = secrets.token_hex(8)
        self._master = master
        self._dial = dial
        self._prepare = prepare
        self._refused = refused
        self._ended = ended
        self._again = asyncio.Event()
        self._random = random.Random()
        self._failures = 0
        self._said = ""

    async def run(self, agent: Agent) -> None:
        """Keep a session with the master until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            self._again.clear()
            attempt = asyncio.create_task(self._attempt(agent), name="link/session")
            again = asyncio.create_task(self._again.wait(), name="link/again")
            try:
                await asyncio.wait((attempt, again), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (attempt, again):
                    task.cancel()
                await asyncio.wait((attempt, again))
            if attempt.cancelled():
                continue
            outcome = attempt.result()
            self._tell(outcome)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause(outcome, loop.time() - began)):
                    await self._again.wait()

    def again(self) -> None:
        """Begin a new session now: what Hello says has changed, or the way to the master."""
        self._again.set()

    async def _attempt(self, agent: Agent) -> Outcome:
        if self._prepare is not None:
            await self._prepare()
        try:
            channel = self._dial()
        except (OSError, ValueError) as error:
            why = f"cannot use the certificates: {error}"
            return Outcome(grpc.StatusCode.FAILED_PRECONDITION, why, False)
        try:
            return await Session(self._node, self._instance, agent, channel).run()
        finally:
            await channel.close()

    def _pause(self, outcome: Outcome, lasted: float) -> float:
        """Seconds until the next attempt: none after a good session, then more and more."""
        if outcome.code in _TAKEN:
            return TAKEN_OVER * (1 - 0.5 * self._random.random())
        if outcome.welcomed and lasted >= LASTED:
            self._failures = 0
            return 0.0
        self._failures += 1
        return RECONNECT.delay(self._failures - 1, self._random)

    def _tell(self, outcome: Outcome) -> None:
        """Log each reason once, not each attempt."""
        master = self._master
        if outcome.welcomed:
            sentence = f"lost the master at {master}: {outcome.details or outcome.code.name}"
        else:
            why = self._ended() or explained(outcome.details, master)
            sentence = f"no session with the master at {master}: {why}"
        log.log(logging.DEBUG if sentence == self._said else logging.WARNING, "%s", sentence)
        self._said = sentence
        if outcome.code in _FOR_PEOPLE:
            self._refused(outcome.details)

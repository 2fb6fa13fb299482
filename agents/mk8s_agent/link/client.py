"""The link to the master, kept up for the life of the agent.

Owns when to dial and what to say about failures. A session is `session`'s; the agent's pods,
proxy and DNS go on without one.
"""

import asyncio
import logging
import random
from collections.abc import Callable

import grpc

from minikube8s.kit.backoff import Backoff
from mk8s_agent.link.channel import Channel
from mk8s_agent.link.session import Agent, NodeHello, Outcome, Session

__all__ = ["Agent", "Link", "NodeHello"]

log = logging.getLogger(__name__)

RECONNECT = Backoff(initial=0.05, maximum=10.0, jitter=0.5)
"""Short at first: a master and an agent that start together find each other without delay."""
LASTED = 10.0
"""Seconds after which a session was a good one: the next attempt comes at once."""
TAKEN_OVER = 10.0
"""Seconds to wait when another agent speaks for this node: two of them must not fight busily."""


class Link:
    """Connects, serves a session, and connects again, for ever.

    `node` is the Node's name, `master` how people call the other end; `dial` makes a channel to it.
    """

    def __init__(self, node: str, master: str, dial: Callable[[], Channel]) -> None:
        self._node = node
        self._master = master
        self._dial = dial
        self._random = random.Random()
        self._failures = 0
        self._said = ""

    async def run(self, agent: Agent) -> None:
        """Keep a session with the master until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            outcome = await self._attempt(agent)
            self._tell(outcome)
            await asyncio.sleep(self._pause(outcome, loop.time() - began))

    async def _attempt(self, agent: Agent) -> Outcome:
        try:
            channel = self._dial()
        except (OSError, ValueError) as error:
            why = f"cannot use the certificates: {error}"
            return Outcome(grpc.StatusCode.FAILED_PRECONDITION, why, False)
        try:
            return await Session(self._node, agent, channel).run()
        finally:
            await channel.close()

    def _pause(self, outcome: Outcome, lasted: float) -> float:
        """Seconds until the next attempt: none after a good session, then more and more."""
        if outcome.code is grpc.StatusCode.ABORTED:
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
            sentence = f"no session with the master at {master}: {outcome.details}"
        log.log(logging.DEBUG if sentence == self._said else logging.WARNING, "%s", sentence)
        self._said = sentence

"""How the containers of one node are asked: each probe's action, and what all of them share.

Bounds: COMMANDS run at a time on the node; a probe that waits for its turn has not begun, and no
probe waits twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from minikube8s.api.views import Container, Probe
from minikube8s.kit.clock import Clock
from mk8s_agent.probes import http_get
from mk8s_agent.probes.commands import Processes, judge_command
from mk8s_agent.probes.connecting import judge_connection
from mk8s_agent.probes.grpc_health import judge_health
from mk8s_agent.probes.values import Finding, ProbeError, Subject

COMMANDS = 4
"""The engine works some hundred milliseconds for each."""

Ask = Callable[[], Awaitable[Finding]]
"""One probing. Raises ProbeError."""


class Prober:
    """Asks containers.

    `command_of` gives the words of a command in a container, its references to variables resolved;
    `random` a number between 0 and 1.
    """

    def __init__(
        self,
        processes: Processes,
        clock: Clock,
        command_of: Callable[[Container, tuple[str, ...]], tuple[str, ...]],
        random: Callable[[], float],
    ) -> None:
        self._processes = processes
        self._command_of = command_of
        self._random = random
        self._clock = clock
        self._begun = clock.now()
        self._commands = asyncio.Semaphore(COMMANDS)

    def age(self, began: datetime) -> float:
        """Seconds since then."""
        return (self._clock.now() - began).total_seconds()

    def put_off(self, began: datetime, period: float) -> float:
        """How long the first probing of a container that runs since `began` waits, in seconds.

        An agent that has just begun must not ask everything that it finds running at once.
        """
        new_here = self.age(self._begun) < period and began < self._begun
        return self._random() * period if new_here else 0.0

    def ask(self, subject: Subject, probe: Probe) -> Ask:
        """What asks this probe's question; all that stays the same is prepared here."""
        container, seconds = subject.container, probe.timeout_seconds
        if action := probe.exec:
            command = self._command_of(container, action.command)
            return lambda: self._run(subject.id, command, seconds)
        if http := probe.http_get:
            try:
                request = http_get.request_for(http, container, subject.host, http_get.AGENT)
            except ProbeError as error:
                return _always(error)
            return lambda: http_get.judge(request, seconds)
        if tcp := probe.tcp_socket:
            return lambda: judge_connection(tcp, container, subject.host, seconds)
        if grpc := probe.grpc:
            return lambda: judge_health(grpc, subject.host, seconds)
        return _always(ProbeError(f"missing probe handler for container {container.name}"))

    async def _run(self, container_id: str, command: tuple[str, ...], seconds: int) -> Finding:
        async with self._commands:
            return await judge_command(self._processes, container_id, command, seconds)


def _always(error: ProbeError) -> Ask:
    async def fail() -> Finding:
        raise ProbeError(str(error), error.state)

    return fail

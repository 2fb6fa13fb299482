"""Probes that are commands: how their end is read, and how many run at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from mk8s_agent.pods.health import command_of
from mk8s_agent.probes.commands import OUTPUT_LIMIT
from mk8s_agent.probes.prober import COMMANDS, Prober
from mk8s_agent.probes.values import Finding, ProbeError, Subject
from mk8s_agent.runtime.errors import NotRunning
from mk8s_agent.runtime.sessions import ExecSpec
from mk8s_agent.runtime.vocabulary import LogChunk

from minikube8s.api.views import Container, EnvVar, ExecAction, Probe
from tests.support.virtualtime import EPOCH, VirtualClock, run

APP = Container(name="app", env=(EnvVar(name="FILE", value="/tmp/x"),))


@dataclass
class Command:
    """A command that writes, takes its time and ends."""

    code: int = 0
    pieces: tuple[bytes, ...] = ()
    seconds: float = 0.0
    ended: bool = False

    async def output(self) -> AsyncIterator[LogChunk]:
        for piece in self.pieces:
            yield LogChunk("stdout", piece)
        await asyncio.sleep(self.seconds)

    async def exit_code(self) -> int:
        return self.code


@dataclass
class Engine:
    """Runs one command again and again."""

    command: Command = field(default_factory=Command)
    failure: Exception | None = None
    asked: list[ExecSpec] = field(default_factory=list)
    running: int = 0
    most: int = 0

    @asynccontextmanager
    async def exec(self, container_id: str, spec: ExecSpec) -> AsyncIterator[Any]:
        self.asked.append(spec)
        if self.failure:
            raise self.failure
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            yield self.command
        finally:
            self.running -= 1


def prober(engine: Engine) -> Prober:
    return Prober(engine, VirtualClock(), command_of, lambda: 0.5)


async def ask(engine: Engine, *command: str, seconds: int = 1) -> Finding:
    subject = Subject(id="id", container=APP, host="", began=EPOCH)
    probe = Probe(exec=ExecAction(command=command), timeout_seconds=seconds)
    return await prober(engine).ask(subject, probe)()


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (Command(0, (b"fine",)), Finding(True, "fine")),
        (Command(3, (b"not ", b"fine")), Finding(False, "not fine")),
        (Command(126, (b"OCI runtime exec failed",)), Finding(False, "OCI runtime exec failed")),
        (
            Command(seconds=5),
            Finding(False, 'command timed out: "cat /tmp/x $(NO)" timed out after 1s'),
        ),
        (Command(0, (b"x" * 9000, b"y" * 9000)), Finding(True, "x" * 9000 + "y" * 1240)),
    ],
    ids=["ends well", "fails", "cannot begin", "takes too long", "says too much"],
)
def test_how_a_command_ends_is_the_answer(command: Command, expected: Finding) -> None:
    engine = Engine(command)
    assert run(ask(engine, "cat", "$(FILE)", "$(NO)")) == expected
    assert engine.asked == [ExecSpec(command=("cat", "/tmp/x", "$(NO)"))]
    assert engine.running == 0
    assert len(expected.message) <= OUTPUT_LIMIT


def test_a_command_that_the_engine_does_not_run_says_nothing() -> None:
    with pytest.raises(ProbeError, match="it is not running"):
        run(ask(Engine(failure=NotRunning("it is not running")), "true"))


def test_only_a_few_commands_run_at_a_time_and_who_waits_has_not_begun() -> None:
    async def play() -> list[Finding]:
        engine = Engine(Command(seconds=0.9))
        asks = prober(engine)
        probe = Probe(exec=ExecAction(command=("true",)))
        subjects = [Subject(id=str(n), container=APP, host="", began=EPOCH) for n in range(10)]
        findings = await asyncio.gather(*(asks.ask(one, probe)() for one in subjects))
        assert engine.most == COMMANDS
        return findings

    assert run(play()) == [Finding(True)] * 10


def test_a_young_agent_puts_off_the_first_probing_of_what_it_found_running() -> None:
    async def play() -> None:
        asks = prober(Engine())
        before, after = EPOCH - timedelta(seconds=60), EPOCH + timedelta(seconds=1)
        assert asks.put_off(before, 10) == 5.0
        assert asks.put_off(after, 10) == 0.0
        await asyncio.sleep(11)
        assert asks.put_off(before, 10) == 0.0
        assert asks.put_off(before, 60) == 30.0

    run(play())

"""A node's certificate is another one in time, whatever the master does and wherever this ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from mk8s_agent.link import renewal
from mk8s_agent.link.errors import NoAnswer
from mk8s_agent.link.renewal import AGAIN, Files, Renewal

from minikube8s.cluster.authority import keys, requests
from minikube8s.cluster.authority.certificates import Authority
from minikube8s.kit import privatefiles, tlspairs
from minikube8s.kit.validity import Validity, validity
from minikube8s.rpc import agent_pb2
from tests.support import virtualtime
from tests.support.virtualtime import EPOCH, VirtualClock

YEAR = 365 * 24 * 3600


class Master:
    """Signs what it is asked for, unless it is away or has a reason not to."""

    def __init__(self, directory: Path) -> None:
        self.clock = VirtualClock()
        self.authority = Authority(directory / "master")
        self.files = Files(directory / "crt", directory / "key", directory / "csr")
        key = keys.encoded(keys.new_key())
        self.request = requests.made(key, "system:node:one", ["system:nodes"])
        self.files.key.write_bytes(key)
        self.files.request.write_bytes(self.request)
        self.files.certificate.write_bytes(self.signed(EPOCH))
        self.there = asyncio.Event()
        self.there.set()
        self.asked: list[tuple[datetime, str]] = []
        self.reasons: list[str] = []

    def signed(self, now: datetime) -> bytes:
        return self.authority.sign(self.request, YEAR, now)

    def known(self) -> Validity:
        return validity(self.files.certificate.read_bytes())

    async def wait(self) -> None:
        await self.there.wait()

    async def ask(self, _: Any, about: agent_pb2.CertificateRequest) -> agent_pb2.Certificate:
        self.asked.append((self.clock.now(), about.id))
        assert about.request == self.request
        if self.reasons:
            raise NoAnswer(self.reasons.pop(0))
        return agent_pb2.Certificate(certificate=self.signed(self.clock.now()))

    def renewal(self, seed: int = 0) -> Renewal:
        return Renewal(self.files, self, self.clock, Random(seed))  # type: ignore[arg-type]


def run(master: Master, seed: int, *done: Coroutine[Any, Any, None], days: float = 400) -> None:
    """Let the agent's renewal work for so many days; `done` happens meanwhile."""

    async def main() -> None:
        others = [asyncio.create_task(one) for one in done]
        task = asyncio.create_task(master.renewal(seed).run())
        await asyncio.sleep(days * 24 * 3600)
        assert not task.done()
        for one in (task, *others):
            one.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await one

    virtualtime.run(main(), days + 1)


@pytest.fixture
def master(tmp_path: Path) -> Master:
    return Master(tmp_path)


@pytest.mark.parametrize(("chance", "day"), [(0, 70), (0.5, 80), (1, 90)])
def test_a_certificate_is_due_after_seven_to_nine_tenths_of_its_time(
    chance: float, day: int
) -> None:
    known = Validity(EPOCH, EPOCH + timedelta(days=100))
    assert renewal.due(known, chance) == EPOCH + timedelta(days=day)


@pytest.mark.parametrize("seed", range(3))
def test_it_is_renewed_once_when_it_is_due_and_so_is_the_next_one(
    master: Master, seed: int
) -> None:
    run(master, seed, days=660)
    assert len(master.asked) == 2
    last = EPOCH
    for when, _ in master.asked:
        assert timedelta(days=255) < when - last < timedelta(days=329)
        last = when
    assert master.known().ends == last.replace(microsecond=0) + timedelta(seconds=YEAR)
    assert len({id_ for _, id_ in master.asked}) == 2


def test_while_the_master_is_away_nothing_is_asked_and_its_return_is_enough(
    master: Master,
) -> None:
    async def away() -> None:
        master.there.clear()
        await asyncio.sleep(340 * 24 * 3600)
        assert not master.asked
        master.there.set()

    run(master, 0, away(), days=341)
    ((when, _),) = master.asked
    assert when == EPOCH + timedelta(days=340)
    assert master.known().ends > EPOCH + timedelta(days=700)


def test_a_master_that_will_not_is_asked_for_the_same_ever_more_slowly_and_the_log_says_it_once(
    master: Master, caplog: pytest.LogCaptureFixture
) -> None:
    master.reasons = ["nobody has approved its request yet"] * 14
    with caplog.at_level(logging.INFO):
        run(master, 0)
    times = [when for when, _ in master.asked]
    pauses = [(b - a).total_seconds() for a, b in pairwise(times)]
    assert len(times) == 15
    assert len({id_ for _, id_ in master.asked}) == 1
    for number, pause in enumerate(pauses):
        longest = min(2.0 * 2**number, AGAIN.maximum)
        assert longest / 2 <= pause <= longest
    (warning,) = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert "was not renewed yet: nobody has approved" in warning.getMessage()
    assert master.known().ends > EPOCH + timedelta(days=366)


def test_a_certificate_of_another_key_or_of_no_longer_time_does_not_take_its_place(
    master: Master, caplog: pytest.LogCaptureFixture
) -> None:
    before = master.files.certificate.read_bytes()
    request, other = master.request, keys.encoded(keys.new_key())
    answers = [
        master.authority.sign(
            requests.made(other, "system:node:one", []), YEAR, EPOCH + timedelta(days=300)
        ),
        master.signed(EPOCH),
        b"nonsense",
    ]

    async def ask(_: Any, about: agent_pb2.CertificateRequest) -> agent_pb2.Certificate:
        assert about.request == request
        assert master.files.certificate.read_bytes() == before
        if answers:
            return agent_pb2.Certificate(certificate=answers.pop(0))
        return agent_pb2.Certificate(certificate=master.signed(master.clock.now()))

    master.ask = ask  # type: ignore[method-assign]
    run(master, 0)
    for said in ("is not that of the certificate", "ends no later", "holds no certificate"):
        assert said in caplog.text
    assert master.files.certificate.read_bytes() != before


def test_an_agent_that_was_off_when_it_was_due_renews_it_at_once(master: Master) -> None:
    master.files.certificate.write_bytes(master.signed(EPOCH - timedelta(days=360)))
    run(master, 0, days=1)
    assert [when for when, _ in master.asked] == [EPOCH]


def test_a_machine_that_slept_past_it_renews_it_within_a_day_of_its_waking(master: Master) -> None:
    """Timers stand still meanwhile; the clock does not."""

    async def slept() -> None:
        await asyncio.sleep(10.5 * 24 * 3600)
        master.clock.ahead = timedelta(days=340)

    run(master, 0, slept(), days=12)
    assert len(master.asked) == 1
    assert master.known().ends > EPOCH + timedelta(days=700)


@pytest.mark.parametrize("step", ["open", "fchmod", "fsync"])
def test_wherever_a_renewal_is_killed_certificate_and_key_belong_together(
    master: Master, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Before the file is opened, while it is empty, and before it takes its place."""
    before = master.files.certificate.read_bytes()

    def die(*_: Any, **__: Any) -> int:
        raise SystemExit

    async def replaced(agent: Renewal) -> None:
        await agent._replace("x" * 8, Validity(EPOCH, EPOCH))

    monkeypatch.setattr(privatefiles.os, step, die)
    with pytest.raises(SystemExit):
        virtualtime.run(replaced(master.renewal()))
    assert master.files.certificate.read_bytes() == before
    monkeypatch.undo()
    virtualtime.run(replaced(master.renewal()))
    pair = master.files.certificate.read_text(), master.files.key.read_text()
    assert not tlspairs.refusal(*pair)
    assert master.files.certificate.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("days", "says"), [(364, ""), (366, "ended on 2027-01-01: let the")])
def test_only_one_that_has_ended_says_what_to_do(master: Master, days: int, says: str) -> None:
    async def look() -> str:
        master.clock.ahead = timedelta(days=days)
        return master.renewal().ended()

    said = virtualtime.run(look())
    assert bool(said) == bool(says)
    assert says in said
    master.files.certificate.write_text("nonsense")
    assert virtualtime.run(look()) == ""

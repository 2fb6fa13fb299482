"""When a container's probes are due, and what their results add up to."""

from __future__ import annotations

from typing import Any

import pytest
from mk8s_agent.probes.checkup import Checkup
from mk8s_agent.probes.values import Health, Kind

from minikube8s.api.views import Probe

STARTUP, LIVENESS, READINESS = Kind.STARTUP, Kind.LIVENESS, Kind.READINESS


def probe(**fields: Any) -> Probe:
    return Probe(**fields)


def checkup(began: float = 0.0, known: Health | None = None, **probes: Probe) -> Checkup:
    return Checkup({Kind(name.title()): one for name, one in probes.items()}, began, known)


def play(
    subject: Checkup, until: float, answers: dict[Kind, Any], takes: float = 0.0
) -> list[tuple[float, str, bool | None]]:
    """Probe until that time; the answers are given in turn, the last one again and again.

    Each probing takes that long. Returns (when, which, passed).
    """
    asked: list[tuple[float, str, bool | None]] = []
    left = {kind: list(values) for kind, values in answers.items()}
    now = float("-inf")
    while (at := subject.wake_at) is not None and at <= until:
        at = now = max(at, now)
        for kind in subject.begin(at):
            values = left[kind]
            passed = values.pop(0) if len(values) > 1 else values[0]
            asked.append((at, kind.value[0], passed))
            subject.finish(kind, passed, at + takes)
    return asked


def times(asked: list[tuple[float, str, bool | None]], kind: str) -> list[float]:
    return [at for at, letter, _ in asked if letter == kind]


@pytest.mark.parametrize(
    ("probes", "expected"),
    [
        ({}, Health(started=True, ready=True)),
        ({"liveness": probe()}, Health(started=True, ready=True)),
        ({"readiness": probe()}, Health(started=True, ready=False)),
        ({"startup": probe()}, Health(started=False, ready=False)),
        ({"startup": probe(), "readiness": probe()}, Health(started=False, ready=False)),
    ],
    ids=["none", "liveness", "readiness", "startup", "startup and readiness"],
)
def test_before_the_first_result(probes: dict[str, Probe], expected: Health) -> None:
    assert checkup(**probes).health == expected


def test_the_first_probing_waits_for_the_delay_and_the_next_ones_for_the_period() -> None:
    subject = checkup(100.0, readiness=probe(initial_delay_seconds=7, period_seconds=3))
    assert times(play(subject, 117, {READINESS: [True]}), "R") == [107, 110, 113, 116]


def test_a_container_that_has_run_for_long_is_asked_now_and_then_by_the_period() -> None:
    subject = checkup(-1000.0, readiness=probe(period_seconds=10))
    assert subject.begin(50.0) == [READINESS]
    subject.finish(READINESS, True, 50.0)
    assert subject.wake_at == 60.0


def test_a_probing_that_takes_longer_than_the_period_delays_the_next_and_none_overlaps() -> None:
    subject = checkup(liveness=probe(period_seconds=2))
    assert times(play(subject, 15, {LIVENESS: [True]}, takes=5), "L") == [0, 5, 10, 15]
    subject = checkup(liveness=probe(period_seconds=2))
    subject.begin(0)
    assert subject.wake_at is None


@pytest.mark.parametrize(
    ("answers", "ready"),
    [
        ([False], False),
        ([True], False),
        ([True, True], True),
        ([True, False, True], False),
        ([True, True, False, False], True),
        ([True, True, False, False, False], False),
        ([True, True, False, False, True, False, False], True),
        ([True, True, False, False, False, True], False),
        ([True, True, False, False, False, True, True], True),
        ([True, None, True], True),
        ([True, True, False, None, False, False], False),
    ],
)
def test_readiness_turns_with_as_many_results_in_a_row_as_its_thresholds_say(
    answers: list[bool | None], ready: bool
) -> None:
    one = probe(period_seconds=1, success_threshold=2, failure_threshold=3)
    subject = checkup(readiness=one)
    play(subject, len(answers) - 1, {READINESS: answers})
    assert subject.health == Health(started=True, ready=ready)


def test_from_the_second_on_probings_come_at_whole_seconds() -> None:
    subject = checkup(0.4, readiness=probe(period_seconds=3))
    assert times(play(subject, 13, {READINESS: [True]}, takes=0.3), "R") == [0.4, 3, 6, 9, 12]
    subject = checkup(0.6, readiness=probe(period_seconds=1))
    assert times(play(subject, 5, {READINESS: [True]}), "R") == [0.6, 2, 3, 4, 5]


def test_a_first_probing_may_be_put_off() -> None:
    probes = {READINESS: probe(initial_delay_seconds=7), LIVENESS: probe(period_seconds=5)}
    subject = Checkup(probes, 0.0, put_off={READINESS: 4.0, LIVENESS: 4.0})
    asked = play(subject, 10, {READINESS: [True], LIVENESS: [True]})
    assert (times(asked, "R"), times(asked, "L")) == ([7], [4, 9])


def test_only_what_changes_the_health_is_told() -> None:
    subject = checkup(readiness=probe(failure_threshold=2))
    told = [subject.finish(READINESS, passed, 0) for passed in (True, True, False, False, True)]
    assert told == [True, False, False, True, True]


def test_liveness_fails_after_its_threshold_and_is_on_hold_then() -> None:
    subject = checkup(liveness=probe(failure_threshold=3), readiness=probe(period_seconds=10))
    asked = play(subject, 60, {LIVENESS: [False], READINESS: [True]})
    assert times(asked, "L") == [0, 10, 20]
    assert times(asked, "R") == [0, 10, 20, 30, 40, 50, 60]
    assert subject.health == Health(ready=True, failed=LIVENESS)


def test_startup_holds_the_others_back_until_it_passes_once() -> None:
    subject = checkup(
        startup=probe(period_seconds=4, failure_threshold=10),
        liveness=probe(initial_delay_seconds=2),
        readiness=probe(initial_delay_seconds=30),
    )
    answers = {STARTUP: [False, False, True], LIVENESS: [True], READINESS: [True]}
    asked = play(subject, 45, answers)
    assert times(asked, "S") == [0, 4, 8]
    assert times(asked, "L") == [8, 18, 28, 38]
    assert times(asked, "R") == [30, 40]


def test_a_startup_probe_that_fails_too_often_ends_everything() -> None:
    one = probe(period_seconds=1, failure_threshold=3)
    subject = checkup(startup=one, liveness=probe(), readiness=probe())
    assert len(play(subject, 60, {STARTUP: [False]})) == 3
    assert subject.health == Health(started=False, ready=False, failed=STARTUP)
    assert subject.wake_at is None


def test_a_pod_that_ends_is_asked_for_its_readiness_alone() -> None:
    subject = checkup(liveness=probe(failure_threshold=1), readiness=probe())
    assert set(subject.begin(0)) == {LIVENESS, READINESS}
    subject.end()
    assert not subject.finish(LIVENESS, False, 1)
    assert subject.finish(READINESS, True, 1)
    assert times(play(subject, 25, {READINESS: [False]}), "R") == [10, 20]
    assert subject.health.failed is None


def test_what_was_said_before_is_taken_over() -> None:
    probes = {"startup": probe(), "readiness": probe(failure_threshold=2)}
    subject = checkup(known=Health(started=True, ready=True), **probes)
    assert subject.health == Health()
    assert times(play(subject, 0, {READINESS: [False]}), "S") == []
    assert subject.health.ready
    play(subject, 10, {READINESS: [False]})
    assert not subject.health.ready
    assert checkup(known=Health(False, False), **probes).health == Health(False, False)

"""Whatever the answers are, a checkup says what the plain rules of the kubelet say."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from mk8s_agent.probes.checkup import Checkup
from mk8s_agent.probes.values import Health, Kind

from minikube8s.api.views import Probe

Answer = bool | None

probes = st.builds(
    Probe,
    initial_delay_seconds=st.integers(0, 12),
    period_seconds=st.integers(1, 9),
    success_threshold=st.integers(1, 3),
    failure_threshold=st.integers(1, 4),
)
chosen = st.dictionaries(st.sampled_from(Kind), probes, min_size=1)
answers = st.lists(st.sampled_from([True, True, False, None]), min_size=60, max_size=60)


def verdict(probe: Probe, initial: Answer, results: list[Answer]) -> Answer:
    """What a probe says after these results: it looks for the last run that was long enough."""
    counted = [one for one in results if one is not None]
    for end in range(len(counted), 0, -1):
        value = counted[end - 1]
        needed = probe.success_threshold if value else probe.failure_threshold
        if end >= needed and all(one is value for one in counted[end - needed : end]):
            return value
    return initial


@settings(max_examples=300, deadline=None)
@given(chosen=chosen, answers=st.fixed_dictionaries(dict.fromkeys(Kind, answers)))
def test_a_checkup_agrees_with_the_plain_rules(
    chosen: dict[Kind, Probe], answers: dict[Kind, list[Answer]]
) -> None:
    subject = Checkup(chosen, 0.0)
    given_answers: dict[Kind, list[Answer]] = {kind: [] for kind in Kind}
    asked_at: dict[Kind, list[float]] = {kind: [] for kind in Kind}
    now = 0.0
    for _ in range(50):
        if subject.wake_at is None:
            break
        at = now = max(now, subject.wake_at)
        before = subject.health
        for kind in subject.begin(at):
            assert may_be_asked(kind, before), f"{kind} was asked although {before}"
            answer = answers[kind][len(given_answers[kind])]
            given_answers[kind].append(answer)
            asked_at[kind].append(at)
            was = subject.health
            assert subject.finish(kind, answer, at) == (subject.health != was)
        assert subject.health == expected(chosen, given_answers)
    for kind, probe in chosen.items():
        moments = asked_at[kind]
        assert all(at >= probe.initial_delay_seconds for at in moments)
        gaps = [later - earlier for earlier, later in pairwise(moments)]
        assert set(gaps) <= {probe.period_seconds}


def may_be_asked(kind: Kind, before: Health) -> bool:
    if kind is Kind.STARTUP:
        return not before.started and before.failed is None
    return before.started and not (kind is Kind.LIVENESS and before.failed is Kind.LIVENESS)


def expected(chosen: dict[Kind, Probe], given_answers: dict[Kind, list[Answer]]) -> Health:
    says: dict[Kind, Answer] = {Kind.STARTUP: None, Kind.LIVENESS: True, Kind.READINESS: False}
    for kind, probe in chosen.items():
        says[kind] = verdict(probe, says[kind], given_answers[kind])
    started = Kind.STARTUP not in chosen or says[Kind.STARTUP] is True
    failed = None
    if Kind.STARTUP in chosen and says[Kind.STARTUP] is False:
        failed = Kind.STARTUP
    elif says[Kind.LIVENESS] is False:
        failed = Kind.LIVENESS
    ready = started and (Kind.READINESS not in chosen or says[Kind.READINESS] is True)
    return Health(started=started, ready=ready, failed=failed)

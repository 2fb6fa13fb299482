"""Back-off delays and log lines."""

import logging
from random import Random

import pytest

from minikube8s.kit import logs
from minikube8s.kit.backoff import Backoff


def test_delays_double_up_to_the_maximum_however_many_attempts() -> None:
    backoff = Backoff(initial=10, maximum=300)
    assert [backoff.delay(n) for n in range(7)] == [10, 20, 40, 80, 160, 300, 300]
    assert backoff.delay(10**6) == 300


def test_a_constant_backoff_stays_constant() -> None:
    assert Backoff(initial=2, maximum=8, factor=1).delay(50) == 2


def test_jitter_only_shortens_and_needs_a_random_source() -> None:
    backoff = Backoff(initial=1, maximum=8, jitter=0.5)
    rng = Random(7)
    delays = [backoff.delay(3, rng) for _ in range(100)]
    assert all(4 <= delay <= 8 for delay in delays)
    assert len(set(delays)) > 50
    with pytest.raises(ValueError, match="pass rng"):
        backoff.delay(3)


@pytest.mark.parametrize(
    "wrong", [{"initial": 0}, {"initial": 9}, {"factor": 0.5}, {"jitter": 2}, {"jitter": -1}]
)
def test_a_backoff_that_would_not_grow_within_its_bound_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="backoff needs"):
        Backoff(**{"initial": 1, "maximum": 8, **wrong})


def test_a_log_line_tells_time_level_process_and_subject(
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        logs.configure("100%master", "info")
        logging.getLogger("minikube8s.controllers.runner").info("took %d", 3)
        logging.getLogger("minikube8s.controllers.runner").debug("unseen")
    finally:
        root.handlers[:], root.level = before
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.endswith("Z INFO 100%master controllers.runner: took 3\n")

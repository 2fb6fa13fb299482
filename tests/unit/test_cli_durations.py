"""Lengths of time are read as Go's time.ParseDuration reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.cli.durations import seconds


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("30s", 30.0),
        ("1m30s", 90.0),
        ("1.5h", 5400.0),
        ("100ms", 0.1),
        ("-1s", -1.0),
        ("+2s", 2.0),
        ("0", 0.0),
        ("0s", 0.0),
        (".5s", 0.5),
    ],
)
def test_a_duration_is_told_in_seconds(text: str, meant: float) -> None:
    assert seconds(text) == pytest.approx(meant)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("5", "missing unit"),
        ("1m5", "missing unit"),
        ("", "invalid duration"),
        ("-", "invalid duration"),
        ("5 s", "invalid duration"),
        ("1d", "invalid duration"),
        ("s", "invalid duration"),
        ("soon", "invalid duration"),
    ],
)
def test_what_is_no_duration_is_refused_with_the_way_to_write_one(
    text: str, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        seconds(text)


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59))
def test_hours_minutes_and_seconds_add_up(hours: int, minutes: int, rest: int) -> None:
    assert seconds(f"{hours}h{minutes}m{rest}s") == hours * 3600 + minutes * 60 + rest

"""Times are written as Kubernetes does, ages as kubectl does."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from minikube8s.api import times

MINUTE, HOUR, DAY = 60, 3600, 86400
YEAR = 365 * DAY
NOW = datetime(2024, 1, 31, 9, 5, 7, 123456, UTC)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119.9, "119s"),
        (2 * MINUTE, "2m"),
        (5 * MINUTE + 3, "5m3s"),
        (10 * MINUTE, "10m"),
        (10 * MINUTE + 59, "10m"),
        (179 * MINUTE, "179m"),
        (3 * HOUR, "3h"),
        (7 * HOUR + 3 * MINUTE, "7h3m"),
        (8 * HOUR + 59 * MINUTE, "8h"),
        (47 * HOUR, "47h"),
        (2 * DAY, "2d"),
        (3 * DAY + 21 * HOUR, "3d21h"),
        (8 * DAY + 5 * HOUR, "8d"),
        (2 * YEAR - 1, "729d"),
        (2 * YEAR + 40 * DAY, "2y40d"),
        (8 * YEAR + 40 * DAY, "8y"),
    ],
)
def test_ages_are_shown_as_kubectl_shows_them(seconds, shown):
    assert times.human_duration(timedelta(seconds=seconds)) == shown


def test_times_have_whole_seconds_in_utc():
    assert times.now_rfc3339(NOW) == "2024-01-31T09:05:07Z"
    east = NOW.astimezone(timezone(timedelta(hours=2)))
    assert times.now_rfc3339(east) == "2024-01-31T09:05:07Z"


def test_micro_times_have_six_digits():
    assert times.now_micro(NOW) == "2024-01-31T09:05:07.123456Z"
    assert times.now_micro(NOW.replace(microsecond=0)) == "2024-01-31T09:05:07.000000Z"


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-31T09:05:07.123456Z",
        "2024-01-31T11:05:07.123456+02:00",
        "2024-01-31T09:05:07.123456789Z",
    ],
)
def test_times_are_read_in_every_spelling_of_rfc_3339(text):
    assert times.parse_time(text) == NOW


@pytest.mark.parametrize("text", ["", "yesterday", "2024-01-31T09:05:07"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError):
        times.parse_time(text)


def test_an_age_without_a_time_is_unknown():
    assert times.age(None, NOW) == "<unknown>"
    assert times.age("2024-01-31T09:00:07Z", NOW) == "5m"


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1_500, "1.5µs"),
        (850_000_000, "850ms"),
        (15 * 10**9, "15s"),
        (15_032_000_000, "15.032s"),
        (60 * 10**9, "1m0s"),
        (3_720_500_000_000, "1h2m0.5s"),
        (-90 * 10**9, "-1m30s"),
    ],
)
def test_a_duration_is_written_as_go_writes_it(nanoseconds: int, text: str) -> None:
    assert times.duration(nanoseconds) == text
    assert times.parse_duration(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "1", "s", "1x", "1s ", "--1s", "1.2.3s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        times.parse_duration(text)

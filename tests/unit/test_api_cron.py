"""Schedules are read as Kubernetes reads them, and refused in its words."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minikube8s.api import timezones
from minikube8s.api.cron import Fields, parse, problems


@pytest.mark.parametrize(
    "schedule",
    [
        "* * * * *",
        "*/5 0-6,12 1,15 jan-MAR mon-fri",
        "5/15 * ? * 0",
        "@hourly",
        "@every 1h30m",
    ],
)
def test_valid_schedules(schedule):
    assert problems(schedule) == []


@pytest.mark.parametrize(
    ("schedule", "why"),
    [
        ("* * *", "expected exactly 5 fields, found 3: [* * *]"),
        ("70 * * * *", "end of range (70) above maximum (59): 70"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("1/2/3 * * * *", "too many slashes: 1/2/3"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        (
            "x * * * *",
            'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax',
        ),
        ("@often", "unrecognized descriptor: @often"),
        ("@every day", 'failed to parse duration @every day: time: invalid duration "day"'),
        (
            "@every 2562048h",
            'failed to parse duration @every 2562048h: time: invalid duration "2562048h"',
        ),
        ("  ", "empty spec string"),
    ],
)
def test_wrong_schedules(schedule, why):
    assert problems(schedule) == [why]


ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo"]


def after(schedule: str, start: str, zone: str = "UTC") -> str:
    parsed, where = parse(schedule), timezones.find(zone)
    assert where is not None
    found = parsed.next(datetime.fromisoformat(start), where)
    return found.astimezone(where).isoformat() if found else ""


@pytest.mark.parametrize(
    ("schedule", "start", "found"),
    [
        ("* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00+00:00"),
        ("* * * * *", "2026-01-01T00:00:59.9Z", "2026-01-01T00:01:00+00:00"),
        ("*/15 * * * *", "2026-01-01T00:46:00Z", "2026-01-01T01:00:00+00:00"),
        ("5/20 * * * *", "2026-01-01T00:26:00Z", "2026-01-01T00:45:00+00:00"),
        ("0 0 * * *", "2026-12-31T12:00:00Z", "2027-01-01T00:00:00+00:00"),
        ("30 6 * * mon-fri", "2026-01-02T07:00:00Z", "2026-01-05T06:30:00+00:00"),
        ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00+00:00"),
        ("0 0 31 2 *", "2026-01-01T00:00:00Z", ""),
        # either the 13th or a friday
        ("0 0 13 * fri", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00+00:00"),
        ("0 0 13 * fri", "2026-01-10T00:00:00Z", "2026-01-13T00:00:00+00:00"),
        # a step restricts, so the field is not open
        ("0 0 */31 * fri", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00+00:00"),
        ("@hourly", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+00:00"),
        ("@weekly", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00+00:00"),
        ("@monthly", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00+00:00"),
        ("@yearly", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00+00:00"),
        ("@every 90s", "2026-01-01T00:00:00Z", "2026-01-01T00:01:30+00:00"),
        ("@every 1ms", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01+00:00"),
    ],
)
def test_the_next_time(schedule, start, found):
    assert after(schedule, start) == found


@pytest.mark.parametrize(
    ("zone", "schedule", "start", "found"),
    [
        ("Asia/Kolkata", "0 9 * * *", "2026-01-01T00:00:00Z", "2026-01-01T09:00:00+05:30"),
        # clocks go from 2:00 to 3:00: there is no 2:30
        ("Europe/Berlin", "30 2 * * *", "2026-03-28T12:00:00Z", "2026-03-30T02:30:00+02:00"),
        # clocks go from 3:00 to 2:00: there are two
        ("Europe/Berlin", "30 2 * * *", "2026-10-24T12:00:00Z", "2026-10-25T02:30:00+02:00"),
        ("Europe/Berlin", "30 2 * * *", "2026-10-25T00:30:00Z", "2026-10-25T02:30:00+01:00"),
        ("Europe/Berlin", "30 2 * * *", "2026-10-25T01:30:00Z", "2026-10-26T02:30:00+01:00"),
        # midnight was skipped
        ("America/Sao_Paulo", "0 0 * * *", "2018-11-03T12:00:00Z", "2018-11-05T00:00:00-02:00"),
        ("America/Sao_Paulo", "5 * 4 11 *", "2018-11-03T12:00:00Z", "2018-11-04T01:05:00-02:00"),
    ],
)
def test_the_next_time_on_a_clock_that_is_changed(zone, schedule, start, found):
    assert after(schedule, start, zone) == found


def field(lowest: int, highest: int) -> st.SearchStrategy[str]:
    numbers = st.integers(lowest, highest)
    ranges = st.tuples(numbers, numbers).map(lambda ends: f"{min(ends)}-{max(ends)}")
    steps = st.integers(1, highest).map(lambda step: f"*/{step}")
    return st.one_of(st.just("*"), numbers.map(str), ranges, steps)


@settings(max_examples=150, deadline=None)
@given(
    schedule=st.tuples(field(0, 59), field(0, 23)).map(" ".join).map(lambda two: f"{two} * * *"),
    zone=st.sampled_from(ZONES),
    start=st.sampled_from(
        ["2026-03-28T23:17Z", "2026-10-24T22:51Z", "2018-11-04T01:30Z", "2026-04-04T13:10Z"]
    ),
)
def test_the_next_time_is_the_first_minute_whose_local_time_matches(schedule, zone, start):
    parsed, where = parse(schedule), timezones.find(zone)
    assert isinstance(parsed, Fields)
    at = datetime.fromisoformat(start).astimezone(UTC)
    found = parsed.next(at, where)
    step = timedelta(minutes=1)
    while True:
        at += step
        local = at.astimezone(where)
        if local.minute in parsed.minutes and local.hour in parsed.hours:
            break
    assert found == at


def test_zones_are_known_without_the_machines_data():
    program = (
        "import zoneinfo; zoneinfo.reset_tzpath([]); from minikube8s.api import timezones;"
        "print(timezones.find('Europe/Berlin'), timezones.find('Nowhere/Land'))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["Europe/Berlin", "None"]

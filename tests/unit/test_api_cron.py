"""Schedules are read as Kubernetes reads them, and refused in its words."""

import pytest

from minikube8s.api.strategy.checks.cron import problems


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
        ("  ", "empty spec string"),
    ],
)
def test_wrong_schedules(schedule, why):
    assert problems(schedule) == [why]

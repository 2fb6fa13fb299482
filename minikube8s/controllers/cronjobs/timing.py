"""Which of a schedule's times is due, and when the next one comes. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from minikube8s.api.cron import Every, Schedule
from minikube8s.api.times import parse_time
from minikube8s.api.views import CronJob

MANY = 100
"""How many missed times are too many not to be told of."""


class Times(NamedTuple):
    """The time that is due, whether too many before it were missed, and the one that follows."""

    due: datetime | None
    many_missed: bool
    next: datetime


def times(cronjob: CronJob, schedule: Schedule, zone: tzinfo, now: datetime) -> Times | None:
    """Return what the schedule says now; None when its time never comes.

    Of several missed times the last one is due, if it is within the starting deadline.
    """
    base = _base(cronjob)
    since = base
    deadline = cronjob.spec.starting_deadline_seconds
    if deadline is not None and deadline < (now - base).total_seconds():
        since = now - timedelta(seconds=deadline)
    if isinstance(schedule, Every):
        return _every(schedule, base, since, now)
    following = schedule.next(now, zone)
    if following is None:
        return None
    first = schedule.next(since, zone)
    if first is None or first > now:
        return Times(None, False, following)
    return Times(
        _last(schedule, zone, since, now), _missed_many(schedule, zone, first, now), following
    )


def _base(cronjob: CronJob) -> datetime:
    """Return the last time that was started, or when the CronJob was made."""
    text = cronjob.status.last_schedule_time or cronjob.metadata.creation_timestamp or ""
    return parse_time(text)


def _every(schedule: Every, base: datetime, since: datetime, now: datetime) -> Times:
    step = timedelta(seconds=schedule.seconds)
    count = max(0, (now - base) // step)
    last = base + count * step
    due = last if count and last > since else None
    missed = (last - since) // step + 1 if due else 0
    return Times(due, missed > MANY, last + step)


def _last(schedule: Schedule, zone: tzinfo, since: datetime, now: datetime) -> datetime | None:
    """Return the last time after `since` and not after `now`, looking back ever further."""
    span = timedelta(minutes=1)
    while True:
        found, start = None, max(since, now - span)
        time = schedule.next(start, zone)
        while time is not None and time <= now:
            found, time = time, schedule.next(time, zone)
        if found is not None or start == since:
            return found
        span *= 2


def _missed_many(schedule: Schedule, zone: tzinfo, first: datetime, now: datetime) -> bool:
    """Estimate from the first two times, as Kubernetes does."""
    second = schedule.next(first, zone)
    if second is None:
        return False
    return (now - first) // (second - first) + 1 > MANY

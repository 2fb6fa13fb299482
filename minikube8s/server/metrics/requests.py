"""Requests, counted: how many of which kind, how they ended, how long they took.

Counting is a look-up, a bisection and three additions, below a microsecond, because every request
pays for it; words and labels are made when somebody asks. What is counted apart is bounded by the
resource table: paths and methods that it does not know share one place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from minikube8s.api.resources import Resource
from minikube8s.kit.histogram import Histogram
from minikube8s.server.metrics.families import Family, Labels, counter, gauge, histogram

About = tuple[str, Resource | None, str, str]
"""What a request was for: verb, resource, subresource, scope (resource, namespace, cluster).

Of what is no resource's, the subresource is the path's beginning and the scope is empty.
"""

UNKNOWN: About = ("other", None, "", "")
CLIENT_LEFT = 499
"""How an answer is counted that nobody waited for; no HTTP status, but read as one by tools."""

_BOUNDS = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0,
    10.0, 15.0, 30.0, 60.0,
)  # fmt: skip
_WORDS = {
    "get": "GET",
    "list": "LIST",
    "watch": "WATCH",
    "create": "POST",
    "update": "PUT",
    "patch": "PATCH",
    "apply": "APPLY",
    "delete": "DELETE",
    "deletecollection": "DELETECOLLECTION",
}
_CONNECTING = frozenset({"attach", "exec", "portforward", "proxy"})


class _Tally:
    """The requests of one kind."""

    __slots__ = ("codes", "seconds")

    def __init__(self) -> None:
        self.codes: Counter[int] = Counter()
        self.seconds = Histogram(_BOUNDS)


class RequestFigures:
    """Counts the requests and watch events of one server."""

    def __init__(self) -> None:
        self._tallies: dict[About, _Tally] = {}
        self._running: Counter[About] = Counter()
        self.watch_events: Counter[Resource] = Counter()
        """Events sent to clients, by resource."""

    def done(self, about: About, code: int, seconds: float) -> None:
        """Count a request that was answered."""
        tally = self._tallies.get(about)
        if tally is None:
            tally = self._tallies.setdefault(_known(about), _Tally())
        tally.codes[code] += 1
        tally.seconds.observe(seconds)

    @contextmanager
    def running(self, about: About) -> Iterator[None]:
        """Count an answer without a foreseeable end while it lasts."""
        about = _known(about)
        self._running[about] += 1
        try:
            yield
        finally:
            self._running[about] -= 1

    def families(self) -> Iterator[Family]:
        """Yield what was counted."""
        tallies = list(self._tallies.items())
        yield counter(
            "apiserver_request_total",
            "Requests by verb, group, version, resource, subresource, scope and HTTP code.",
            (
                (_labels(about) | {"code": str(code)}, count)
                for about, tally in tallies
                for code, count in tally.codes.items()
            ),
        )
        yield histogram(
            "apiserver_request_duration_seconds",
            "Seconds until requests were answered; watches count when they end.",
            ((_labels(about), tally.seconds) for about, tally in tallies),
        )
        yield gauge(
            "apiserver_longrunning_requests",
            "Watches, logs and connections that are open.",
            ((_labels(about), count) for about, count in self._running.items()),
        )
        yield counter(
            "apiserver_watch_events_total",
            "Events sent to watching clients.",
            (
                (group_version(resource) | {"resource": resource.plural}, count)
                for resource, count in self.watch_events.items()
            ),
        )


def in_flight(requests: Mapping[str, int]) -> Family:
    """Return the requests that are being answered, by kind."""
    return gauge(
        "apiserver_current_inflight_requests",
        "Requests that are being answered, by kind.",
        (({"request_kind": kind}, count) for kind, count in requests.items()),
    )


def group_version(resource: Resource) -> dict[str, str]:
    """Return the labels that say where a resource belongs."""
    return {"group": resource.group, "version": resource.version}


def _known(about: About) -> About:
    """Return the place where requests with such a verb are counted."""
    return about if about[0] in _WORDS else ("other", *about[1:])


def _labels(about: About) -> dict[str, str]:
    verb, resource, subresource, scope = about
    word = "CONNECT" if subresource in _CONNECTING else _WORDS.get(verb, "OTHER")
    place: Labels = {"group": "", "version": ""} if resource is None else group_version(resource)
    return {
        "verb": word,
        **place,
        "resource": resource.plural if resource else "",
        "subresource": subresource,
        "scope": scope,
        "component": "apiserver",
    }

"""What `mk8s logs` asks for, whose logs it shows, and how it goes on after a cut."""

from __future__ import annotations

import contextlib
import io

import pytest
from hypothesis import given as property_of
from hypothesis import strategies as st

from minikube8s.cli.connection.client import ApiFailure, Unreachable
from minikube8s.cli.errors import CommandError
from minikube8s.cli.logreading import asking, reading, sources
from minikube8s.cli.logreading.resuming import Lines, Resume
from minikube8s.cli.logreading.sources import Source

GIVEN = {
    "container": "", "selector": "", "follow": False, "previous": False, "all_containers": False,
    "all_pods": False, "prefix": False, "tail": None, "since": None, "since_time": "",
    "timestamps": False, "limit_bytes": None, "insecure_skip_tls_verify_backend": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("words", "flags", "error"),
    [
        ((), {}, "expected 'logs"),
        (("a", "b", "c"), {}, "expected 'logs"),
        (("a",), {"selector": "x=y"}, r"only a selector \(-l\) or a POD name is allowed"),
        (("a", "b"), {"container": "c"}, "only one of -c or an inline"),
        (("a",), {"container": "c", "all_containers": True}, "should not be specified with .* c$"),
        (("a",), {"tail": -2}, "--tail must be greater than or equal to -1"),
        (("a",), {"limit_bytes": -1}, "--limit-bytes must be greater than 0"),
        (("a",), {"since": -1.0}, "--since must be greater than 0"),
        (("a",), {"since": 1.0, "since_time": "2024-01-01T00:00:00Z"}, "only one of"),
        (("a",), {"since_time": "yesterday"}, "is no time"),
        (("a",), {"since_time": "2024-01-01T00:00:00"}, "is no time"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused(words, flags, error):
    with pytest.raises(CommandError, match=error):
        asking.check(words, GIVEN | flags)


@pytest.mark.parametrize(
    ("flags", "query"),
    [
        ({}, {}),
        ({"selector": "a=b"}, {"tailLines": "10"}),
        ({"selector": "a=b", "tail": -1}, {}),
        ({"tail": 0}, {"tailLines": "0"}),
        ({"follow": True, "previous": True}, {"follow": "true", "previous": "true"}),
        ({"since": 90.0}, {"sinceSeconds": "90"}),
        ({"since": 0.5}, {"sinceSeconds": "1"}),
        ({"since": 0.0, "limit_bytes": 0}, {}),
        ({"since_time": "2024-01-01T00:00:00Z"}, {"sinceTime": "2024-01-01T00:00:00Z"}),
        ({"limit_bytes": 5}, {"limitBytes": "5"}),
    ],
)
def test_flags_become_the_options_of_a_log(flags, query):
    asking.check(("pod",) if "selector" not in flags else (), GIVEN | flags)
    assert asking.query(GIVEN | flags) == query


POD = {
    "metadata": {"name": "p", "namespace": "x"},
    "spec": {
        "containers": [{"name": "a"}, {"name": "b"}],
        "initContainers": [{"name": "i"}],
        "ephemeralContainers": [{"name": "e"}],
    },
}


def test_all_containers_come_in_the_order_in_which_they_run():
    found = sources.of_pod(POD, "", every=True)
    assert [one.container for one in found] == ["i", "a", "b", "e"]
    assert found[0].path == "/api/v1/namespaces/x/pods/p/log"
    assert found[0].prefix == "[pod/p/i] "


def test_a_container_that_is_not_there_is_told_with_those_that_are():
    assert [one.container for one in sources.of_pod(POD, "b", every=False)] == ["b"]
    with pytest.raises(CommandError, match="nope is not valid for pod p; it has i, a, b, e"):
        sources.of_pod(POD, "nope", every=False)


@property_of(st.lists(st.binary(max_size=40)), st.lists(st.integers(1, 9), max_size=30))
def test_lines_are_whole_however_they_are_cut(texts, sizes):
    data = b"".join(text.replace(b"\n", b"") + b"\n" for text in texts) + b"rest"
    cut, got, at = Lines(), [], 0
    for size in [*sizes, len(data)]:
        got += cut.feed(data[at : at + size])
        at += size
    assert b"".join(got) + cut.rest() == data
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in got)


def timed(second: int, part: int, text: str) -> bytes:
    fraction = f".{part}" if part else ""
    return f"2024-01-01T00:00:{second:02}{fraction}Z {text}\n".encode()


LOGS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0, 1, 5, 55])), max_size=25).map(
    lambda times: [
        timed(second, part, f"line {number}")
        for number, (second, part) in enumerate(sorted(times, key=lambda t: (t[0], f"{t[1]}"))
        )
    ]
)  # fmt: skip


@property_of(LOGS, st.lists(st.integers(0, 8), max_size=6))
def test_every_line_is_shown_once_wherever_the_log_is_cut_off(log, cuts):
    resume, shown, start = Resume(keep_times=False), [], 0
    for cut in [*cuts, len(log)]:
        shown += [one for line in log[start : start + cut] if (one := resume.line(line))]
        since = resume.again()
        # the server gives all lines of that second and later again
        start = (
            next((n for n, one in enumerate(log) if one.decode() >= since[:-1]), 0) if since else 0
        )
    shown += [one for line in log[start:] if (one := resume.line(line))]
    assert shown == [line.partition(b" ")[2] for line in log]


def test_times_are_kept_where_they_are_wanted_and_other_lines_come_through():
    resume = Resume(keep_times=True)
    assert resume.line(timed(1, 0, "a")) == timed(1, 0, "a")
    assert resume.line(b"no time at all\n") == b"no time at all\n"


class PlayedClient:
    """Answers a log in the pieces that a test says; an exception cuts it off."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    @contextlib.contextmanager
    def stream(self, path, *, accept, query):
        self.asked.append(dict(query))
        data, end = self.answers.pop(0)
        if data is None:
            raise end

        class Answer(io.BytesIO):
            def read1(self, size=-1):
                block = super().read1(7)
                if not block and end is not None:
                    raise end
                return block

        yield Answer(data)


SOURCE = Source("p", "c", "/log")
LOST = Unreachable("lost")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(reading, "_PAUSES", (0.0,))


def test_a_followed_log_goes_on_after_the_server_was_away():
    away = ApiFailure({"code": 503, "reason": "ServiceUnavailable", "message": "starting"})
    client = PlayedClient(
        (timed(1, 0, "a") + timed(1, 5, "b"), LOST),
        (None, LOST),
        (None, away),
        (timed(1, 0, "a") + timed(1, 5, "b") + timed(2, 0, "c"), None),
    )
    got = list(reading.followed(client, SOURCE, {"follow": "true", "tailLines": "5"}))
    assert got == [b"a\n", b"b\n", b"c\n"]
    asked = {"follow": "true", "tailLines": "5", "timestamps": "true", "container": "c"}
    assert client.asked[0] == asked
    assert client.asked[-1]["sinceTime"] == "2024-01-01T00:00:01Z"
    assert "tailLines" not in client.asked[-1]


@pytest.mark.parametrize(
    "answers",
    [
        [(None, LOST)],
        [(timed(1, 0, "a"), LOST), (None, ApiFailure({"code": 404, "reason": "NotFound"}))],
    ],
)
def test_what_cannot_be_mended_is_told(answers):
    with pytest.raises(CommandError):
        list(reading.followed(PlayedClient(*answers), SOURCE, {"follow": "true"}))


def test_a_server_that_stays_away_is_given_up(monkeypatch):
    monkeypatch.setattr(reading, "_MEND_SECONDS", 0.0)
    client = PlayedClient((timed(1, 0, "a"), LOST), *[(None, LOST)] * 1000)
    with pytest.raises(Unreachable):
        list(reading.followed(client, SOURCE, {"follow": "true"}))


def test_several_are_followed_at_once_and_the_failure_of_one_is_told():
    shown = []
    clients = iter(
        [
            PlayedClient((timed(1, 0, "a") + timed(2, 0, "b"), None)),
            PlayedClient((None, ApiFailure({"code": 400, "reason": "BadRequest"}))),
        ]
    )
    others = [Source("p", "c", "/1"), Source("q", "c", "/2")]
    failures = list(
        reading.follow_all(
            lambda: next(clients), others, {"follow": "true"}, lambda *said: shown.append(said)
        )
    )
    assert shown == [(others[0], b"a\n"), (others[0], b"b\n")]
    assert [source for source, _ in failures] == [others[1]]

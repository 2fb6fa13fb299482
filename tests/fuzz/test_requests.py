"""Random and mutated requests: refused or served, quickly, and without leaving anything behind.

Deterministic and short by default; MK8S_FUZZ=N makes N times as many requests, with new seeds.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from minikube8s.api.resources import RESOURCES
from tests.fuzz import mutations
from tests.fuzz.target import STALL_SECONDS, Request, Target, judge
from tests.support.wait import until

TIMES = int(os.environ.get("MK8S_FUZZ", "1"))
NAMESPACE = "fuzz"
MEGABYTE = 1024 * 1024
LEFT_OVER = 8 * MEGABYTE
"""What the memory may differ between two looks at it; the allocator is not exact."""


def fuzzed(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return settings(
        max_examples=examples * TIMES,
        derandomize="MK8S_FUZZ" not in os.environ,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )


def ask(target: Target, method: str, path: str, body: object = None) -> int:
    data = None if body is None else json.dumps(body).encode()
    reply = target.send(Request(method, path, {"Content-Type": "application/json"}, data))
    assert reply is not None
    return reply.code


@pytest.fixture(autouse=True)
def furnished(target: Target) -> None:
    """A namespace with one object of every kind."""
    ask(target, "POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    for obj in mutations.OBJECTS:
        row = RESOURCES.by_api_version(obj["apiVersion"], obj["kind"])
        assert row is not None
        assert ask(target, "POST", mutations.base(row, NAMESPACE), obj) in {201, 409}


def check(target: Target, request: Request) -> None:
    """Send a request and look at the answer; at the server too where it may have been hurt."""
    problem = judge(request, target.send(request))
    assert not problem, problem


def healthy(target: Target) -> None:
    seen = target.told("look")
    assert not seen["errors"], "\n".join(seen["errors"])
    assert seen["stall"] < STALL_SECONDS, seen


@fuzzed(2000)
@given(request=mutations.requests(NAMESPACE))
def test_mutated_requests_are_answered(target: Target, request: Request) -> None:
    check(target, request)
    healthy(target)


NO_HTTP = [
    b"\x00\xff\x16\x03\x01garbage\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nA\x00: b\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"A: " + b"a" * 100_000 + b"\r\n\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"A: a\r\n" * 20_000 + b"\r\n",
    b"POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nContent-Length: 8\r\n\r\n",
    b"POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    b"POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n{",
]


@pytest.mark.parametrize("data", NO_HTTP, ids=range(len(NO_HTTP)))
def test_what_is_no_http_is_refused_or_hung_up_on(target: Target, data: bytes) -> None:
    answer = target.raw(data)
    assert not answer or answer.split()[1] in {b"400", b"401", b"404", b"431"}, answer[:200]
    assert ask(target, "GET", "/version") == 200
    healthy(target)


def test_memory_comes_back(target: Target) -> None:
    pool: list[Request] = []

    @fuzzed(700)
    @given(request=mutations.requests(NAMESPACE))
    def collect(request: Request) -> None:
        pool.append(request)

    collect()

    def weigh(rounds: int) -> int:
        for _ in range(rounds):
            for request in pool:
                target.send(request)
            for row in RESOURCES.all():
                if "deletecollection" in row.verbs:
                    ask(target, "DELETE", mutations.base(row, NAMESPACE))
        until("no stream is left", lambda: target.told("weigh")["streams"] == 0)
        resident: int = target.told("weigh")["resident"]
        return resident

    before = weigh(2)
    after = weigh(3)
    assert after - before < LEFT_OVER, f"{before / MEGABYTE:.1f} MB, then {after / MEGABYTE:.1f} MB"
    healthy(target)

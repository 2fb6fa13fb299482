"""/healthz, /livez, /readyz as probes and people know them."""

from collections.abc import Iterator

import pytest

from minikube8s.store.interface import StoreError
from tests.api.apiserver import ApiServer


@pytest.fixture
def broken(api: ApiServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    """The server over a store that answers no more."""

    async def fail() -> None:
        raise StoreError("the disk is gone: /secret/path")

    with monkeypatch.context() as patching:
        patching.setattr(api.registry, "reach_store", fail)
        yield api


@pytest.mark.parametrize("endpoint", ["healthz", "livez", "readyz"])
def test_anybody_hears_ok(api: ApiServer, endpoint: str) -> None:
    reply = api.get(f"/{endpoint}", user="")
    assert (reply.code, reply.data) == (200, b"ok")
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_verbose_tells_every_check(api: ApiServer) -> None:
    told = b"[+]ping ok\n[+]etcd ok\n[+]shutdown ok\nreadyz check passed\n"
    assert api.get("/readyz?verbose").data == told
    assert api.get("/readyz?verbose=true").data == told
    assert api.get("/livez?verbose").data == b"[+]ping ok\n[+]etcd ok\nlivez check passed\n"


def test_a_check_can_be_left_out(api: ApiServer) -> None:
    assert api.get("/livez?verbose&exclude=etcd&exclude=nothing").data == (
        b"[+]ping ok\n[+]etcd excluded: ok\n"
        b'warn: some health checks cannot be excluded: no matches for "nothing"\n'
        b"livez check passed\n"
    )


def test_one_check_can_be_asked_for(api: ApiServer) -> None:
    assert api.get("/livez/ping").data == b"ok"
    assert api.get("/readyz/etcd").data == b"ok"
    assert api.get("/livez/nothing").code == 404
    assert api.get("/livez/ping", user="").code == 403
    monitor = {"impersonate_user": "m", "impersonate_group": "system:monitoring"}
    assert api.get("/livez/ping", **monitor).code == 200


def test_a_store_that_does_not_answer_fails_the_checks_and_keeps_its_secret(
    broken: ApiServer,
) -> None:
    reply = broken.get("/readyz", user="")
    assert reply.code == 500
    assert reply.data == (
        b"[+]ping ok\n[-]etcd failed: reason withheld\n[+]shutdown ok\nreadyz check failed\n"
    )
    assert broken.get("/livez?exclude=etcd", user="").data == b"ok"
    assert broken.get("/livez/etcd").code == 500

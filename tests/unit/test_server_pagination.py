import pytest

from minikube8s.api.errors import ApiError
from minikube8s.server.pagination import (
    LIFETIME,
    SNAPSHOTS,
    ExpiredToken,
    Snapshots,
    Token,
    cut,
    decode,
)
from minikube8s.store.entry import Entry

ENTRIES = [Entry(f"pods/default/{name}", b"{}", 1) for name in "abcde"]


def test_a_token_survives_the_journey() -> None:
    token = Token(7, "pods/default/ü")
    assert decode(token.encode()) == token


@pytest.mark.parametrize("text", ["", "x", "!!!", "e30", "eyJ2IjoiIn0", "ü", "A" * 10_000])
def test_a_forged_token_is_refused(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        decode(text)
    assert caught.value.code == 400


def test_pages_cover_the_list_once() -> None:
    found: list[Entry] = []
    start = ""
    while True:
        page = cut(ENTRIES, start, 2, 7)
        found += page.entries
        if not page.token:
            break
        assert page.remaining == len(ENTRIES) - len(found)
        start = decode(page.token).start
    assert found == ENTRIES


def test_a_page_as_long_as_the_list_is_the_last() -> None:
    assert cut(ENTRIES, "", 5, 7).token == ""
    assert cut(ENTRIES, "", 0, 7).entries == ENTRIES
    assert cut([], "", 5, 7).entries == []


def test_a_page_starts_after_a_key_that_is_gone() -> None:
    assert cut(ENTRIES, "pods/default/bb", 1, 7).entries == [ENTRIES[2]]


def test_snapshots_are_kept_for_a_while_and_not_too_many() -> None:
    snapshots = Snapshots()
    snapshots.keep("pods/", 1, ENTRIES, now=0.0)
    assert snapshots.find("pods/", 1, now=LIFETIME - 1) == ENTRIES
    assert snapshots.find("pods/", 2, now=0.0) is None
    assert snapshots.find("pods/", 1, now=LIFETIME) is None
    for revision in range(SNAPSHOTS + 1):
        snapshots.keep("pods/", revision, ENTRIES, now=LIFETIME)
    assert snapshots.find("pods/", 0, now=LIFETIME) is None
    assert snapshots.find("pods/", SNAPSHOTS, now=LIFETIME) == ENTRIES


def test_an_expired_token_offers_one_that_goes_on_at_the_same_place() -> None:
    status = ExpiredToken(Token(7, "pods/default/b")).status()
    offered = decode(status["metadata"]["continue"])
    assert offered.inconsistent
    assert offered.start == "pods/default/b"
    assert (status["code"], status["reason"]) == (410, "Expired")

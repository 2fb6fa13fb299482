"""YAML bodies cannot get out of hand: nesting and aliases have bounds."""

import asyncio
import threading

import pytest

from minikube8s.server import offloading
from minikube8s.server.documents import Undecodable, decode


def laughs(levels: int) -> bytes:
    """Lists of ten aliases to lists of ten aliases: a billion values in a few lines."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, levels):
        aliases = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"a{level}: &a{level} [{aliases}]")
    return "\n".join(lines).encode()


@pytest.mark.parametrize("levels", [5, 10, 1000])
def test_aliases_of_aliases_are_refused_before_they_are_built(levels: int) -> None:
    with pytest.raises(Undecodable, match="excessive aliasing"):
        decode(laughs(levels), "yaml", find_duplicates=True)


@pytest.mark.parametrize("data", [b"[" * 100_000, b"- " * 100_000, b"{a: " * 100_000])
def test_deep_nesting_is_refused(data: bytes) -> None:
    with pytest.raises(Undecodable, match="max depth"):
        decode(data, "yaml", find_duplicates=True)


@pytest.mark.parametrize("data", [b"&a [*a]", b"a: &a {b: {c: [*a]}}"])
def test_a_value_that_contains_itself_is_refused(data: bytes) -> None:
    with pytest.raises(Undecodable, match="contains itself"):
        decode(data, "yaml", find_duplicates=True)


def test_honest_aliases_are_read() -> None:
    document = decode(b"a: &a {b: [1, 2]}\nc: *a\nd: [*a, *a]", "yaml", find_duplicates=True)
    assert document.value["d"] == [{"b": [1, 2]}] * 2


def test_a_large_document_is_read_beside_the_event_loop_and_a_small_one_in_it() -> None:
    async def where(size: int) -> bool:
        return await offloading.beside(size, threading.current_thread) is threading.main_thread()

    assert asyncio.run(where(100))
    assert not asyncio.run(where(offloading.LARGE))

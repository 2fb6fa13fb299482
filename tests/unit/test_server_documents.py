"""Bodies that are small on the wire and large, deep or strange once they are read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from minikube8s.server.documents import DEEPEST, Encoding, Undecodable, decode


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


def read(data: bytes, encoding: Encoding = "yaml") -> Any:
    return decode(data, encoding, find_duplicates=True).value


@pytest.mark.parametrize("encoding", ["json", "yaml"])
def test_what_is_nested_too_deeply_is_refused(encoding: Encoding) -> None:
    assert read(json.dumps(nested(DEEPEST)).encode(), encoding) == nested(DEEPEST)
    with pytest.raises(Undecodable, match="exceeded max depth"):
        read(json.dumps(nested(DEEPEST + 2)).encode(), encoding)


@pytest.mark.parametrize("data", [b"[" * 200_000, b"- " * 200_000, b'{"a":' * 200_000])
@pytest.mark.parametrize("encoding", ["json", "yaml"])
def test_endless_nesting_does_not_end_the_process(data: bytes, encoding: Encoding) -> None:
    with pytest.raises(Undecodable):
        read(data, encoding)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("22:22", "22:22"),
        ("2024-01-01", "2024-01-01"),
        ("1e3", 1000.0),
        ("017", 15),
        ("0x10", 16),
        (".5", 0.5),
        ("on", True),
        ("~", None),
        ("1.2.3", "1.2.3"),
    ],
)
def test_scalars_are_read_as_kubernetes_reads_them(text: str, value: Any) -> None:
    assert read(f"a: {text}".encode()) == {"a": value}


@pytest.mark.parametrize(
    "text",
    [
        "a: .inf",
        "a: .nan",
        "a: !!binary aGk=",
        "a: !!set {b}",
        "a: !!timestamp 2024-01-01",
        "a: !!bool x",
        "a: !!python/name:os.system x",
        "? [a]\n: b",
        "a: 0x" + "f" * 1000,
    ],
)
def test_what_json_cannot_say_is_refused(text: str) -> None:
    with pytest.raises(Undecodable):
        read(text.encode())

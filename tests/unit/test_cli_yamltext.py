"""YAML is written to the letter as kubectl writes it, and means what was written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.cli.output import yamltext
from minikube8s.server import yaml_documents

WORDS = ("word " * 40).strip()
# each as kubectl 1.33 prints it behind a `- `
SCALARS = {
    "": '""',
    "plain": "plain",
    "a,b": "a,b",
    "a:b": "a:b",
    "a: b": "'a: b'",
    "a #b": "'a #b'",
    "it's": "it's",
    "it's: x": "'it''s: x'",
    "-a": "-a",
    "- a": "'- a'",
    "---": "'---'",
    "*": "'*'",
    " a": "' a'",
    "a ": "'a '",
    "true": '"true"',
    "off": '"off"',
    "oN": "oN",
    "null": '"null"',
    "1": '"1"',
    "0x1f": '"0x1f"',
    "1e3": '"1e3"',
    "1.2.3": "1.2.3",
    "1_000": '"1_000"',
    "22:22": '"22:22"',
    "1:60": "1:60",
    "100m": "100m",
    "2024-01-01T00:00:00Z": '"2024-01-01T00:00:00Z"',
    "a\tb": '"a\\tb"',
    "\U0001f600": '"\\U0001F600"',
    "日本語": "日本語",
    "a\nb\n": "|\n  a\n  b",
    "a\nb": "|-\n  a\n  b",
    "a\n\n": "|+\n  a\n",
    " a\nb": "|2-\n   a\n  b",
    "a \nb": '"a \\nb"',
    "a\u0000b": '"a\\0b"',
    WORDS: "\n  ".join([("word " * 16).strip()] * 2 + [("word " * 8).strip()]),
    "a: " + WORDS: "'a: " + ("word " * 16).strip() + "\n  " + ("word " * 16).strip()
    + "\n  " + ("word " * 8).strip() + "'",
}  # fmt: skip


@pytest.mark.parametrize(("text", "written"), SCALARS.items())
def test_a_text_is_written_as_kubectl_writes_it(text: str, written: str) -> None:
    assert yamltext.dump({"v": [text]}) == f"v:\n- {written}\n"


def test_maps_and_lists_are_laid_out_as_kubectl_does() -> None:
    value = {
        "a": {"x": [], "z": {}},
        "l": [[1, [2]], {"k": "x\ny", "m": ["p\nq"]}, None, True, 1.5, 1e6, 1e21],
    }
    assert yamltext.dump(value) == (
        "a:\n  x: []\n  z: {}\nl:\n- - 1\n  - - 2\n- k: |-\n    x\n    y\n  m:\n  - |-\n    p\n"
        "    q\n- null\n- true\n- 1.5\n- 1000000\n- 1e+21\n"
    )


def test_keys_stand_in_the_order_of_the_numbers_in_them() -> None:
    keys = ["a10", "a2", "z", "A", "a", "10", "2", "1", "a.b", "a-b", "aB", "b01", "b1"]
    written = yamltext.dump(dict.fromkeys(keys, 0)).replace('"', "").replace(": 0", "").split()
    assert written == ["1", "2", "10", "A", "a", "a-b", "a.b", "a2", "a10", "aB", "b1", "b01", "z"]


_TEXTS = st.text(st.characters(codec="utf-8"), max_size=120) | st.sampled_from(
    ["yes", "1e3", "a: b", WORDS, " x\ny", "\n", "a\n\n", "- a", "# x", "\\"]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.from_regex("[a-z]{1,8}", fullmatch=True), _VALUES, max_size=4))
def test_what_was_written_is_read_again(value: dict[str, Any]) -> None:
    text = yamltext.dump(value)
    read, _ = yaml_documents.load(text.encode())
    assert read == value

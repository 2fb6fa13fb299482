"""References in values mean what a reader who goes from left to right makes of them."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st
from mk8s_agent.pods.expansion import expand

TEXTS = st.lists(st.sampled_from(["$", "(", ")", "A", "b.c", " ", "\n"]), max_size=14).map("".join)
VALUES = {"A": "1", "b.c": "$(A)", "": "empty", "A(": "odd"}


def _read(text: str, values: Mapping[str, str]) -> str:
    """Go from left to right; what a reference gives is not read again."""
    made, at = "", 0
    while at < len(text):
        two = text[at : at + 2]
        end = text.find(")", at)
        if two == "$$":
            made, at = made + "$", at + 2
        elif two == "$(" and end >= 0:
            made += values.get(text[at + 2 : end], text[at : end + 1])
            at = end + 1
        else:
            made, at = made + text[at], at + 1
    return made


@given(TEXTS)
def test_references_are_read_from_left_to_right(text: str) -> None:
    assert expand(text, VALUES) == _read(text, VALUES)


@given(TEXTS)
def test_doubled_signs_keep_a_text_as_it_is(text: str) -> None:
    assert expand(text.replace("$", "$$"), VALUES) == text

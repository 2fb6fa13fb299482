"""JSONPath is kubectl's dialect: what it finds, prints and refuses, and in which words."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.cli.output.jsonpath import JsonPathError, Template, relaxed, wording

_LINES = Path(__file__).with_name("jsonpath_table.txt").read_text().splitlines()[1:]
OBJECT = json.loads(_LINES[0])
CASES = [tuple(line.split("\t")) for line in _LINES[1:]]


@pytest.mark.parametrize(("template", "sign", "told"), CASES)
def test_a_template_gives_what_kubectl_gives(template: str, sign: str, told: str) -> None:
    try:
        found = "=", Template(template).text(OBJECT)
    except JsonPathError as error:
        found = "!", str(error)
    assert found == (sign, json.loads(told) if sign == "=" else told)


def test_what_is_found_is_a_json_list_where_that_is_wanted() -> None:
    assert json.loads(Template("{.rows[*].name}").json(OBJECT)) == ["n1", "n2", "n3"]
    assert Template("{.num}").json(OBJECT) == "[\n    5\n]\n"


@pytest.mark.parametrize("path", ["metadata.name", ".metadata.name", "{.metadata.name}"])
def test_a_path_may_do_without_braces_and_dot(path: str) -> None:
    assert relaxed(path).find(OBJECT) == ["o"]


@pytest.mark.parametrize("path", ["{.a", "", "{.a}{.b}", ".a}"])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(JsonPathError, match="unexpected path string"):
        relaxed(path)


_TEXTS = st.text(st.characters(exclude_characters="<>&\u2028\u2029", exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
)


@given(JSON)
def test_json_in_lines_is_laid_out_as_usual(value: object) -> None:
    usual = json.dumps(value, ensure_ascii=False, indent=4, sort_keys=True)
    assert wording.indented(value) == usual


def test_json_in_lines_has_whole_numbers_without_a_point_and_no_signs_of_html() -> None:
    assert wording.indented({"a": [1.0, 0.5], "b": "<"}) == (
        '{\n    "a": [\n        1,\n        0.5\n    ],\n    "b": "\\u003c"\n}'
    )


def test_a_field_that_nothing_has_is_an_error_where_it_must_be_there() -> None:
    assert Template("{.nothing}").find(OBJECT) == []
    with pytest.raises(JsonPathError, match="nothing is not found"):
        Template("{.nothing}").find(OBJECT, missing=False)


@given(st.text(max_size=40))
def test_any_text_is_a_template_or_refused(text: str) -> None:
    with suppress(JsonPathError):
        Template(text).text(OBJECT)


@given(
    st.lists(st.integers(), max_size=8),
    st.none() | st.integers(-9, 9),
    st.none() | st.integers(-9, 9),
    st.none() | st.integers(1, 3),
)
def test_a_slice_is_pythons_where_its_ends_lie_in_the_list(
    numbers: list[int], start: int | None, end: int | None, step: int | None
) -> None:
    size = len(numbers)
    first = (start or 0) + (size if (start or 0) < 0 else 0)
    last = size if end is None else end + (size if end < 0 else 0)
    shown = [str(bound) if bound is not None else "" for bound in (start, end)]
    text = "{.l[" + ":".join(shown) + (f":{step}" if step else "") + "]}"
    if first == last or 0 <= first < last <= size:
        wanted: list[Any] = numbers[first : last : step or 1] if first != last else []
        assert Template(text).find({"l": numbers}) == wanted
    else:
        with pytest.raises(JsonPathError):
            Template(text).find({"l": numbers})

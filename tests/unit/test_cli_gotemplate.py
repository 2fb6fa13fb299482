"""Go's templates come to what kubectl makes of them, and fail where they fail there."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.cli.output.gotemplate import GoTemplate, TemplateError

_LINES = Path(__file__).with_name("gotemplate_table.txt").read_text().splitlines()[1:]
OBJECT = json.loads(_LINES[0])
CASES = [(*line.split("\t"), "")[:3] for line in _LINES[1:]]


@pytest.mark.parametrize(("template", "sign", "told"), CASES)
def test_a_template_gives_what_kubectl_gives(template: str, sign: str, told: str) -> None:
    if sign == "=":
        assert GoTemplate(template).text(OBJECT) == json.loads(told)
    else:
        with pytest.raises(TemplateError):
            GoTemplate(template).text(OBJECT)


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{.num.x}}", "at <.num.x>: can't evaluate field x in type interface {}"),
        ("{{.nul.x}}", "at <.nul.x>: nil pointer evaluating interface {}.x"),
        ("{{index .list 9}}", "at <index .list 9>: error calling index: index out of range: 9"),
        ("{{foo}}", 'function "foo" not defined'),
        ("{{.kind", "unclosed action"),
        ("{{if .yes}}x", "unexpected EOF"),
        ("{{$nope}}", 'undefined variable "$nope"'),
        ("{{.a-b}}", "bad character U+002D '-'"),
        ('{{define "T"}}{{template "T"}}{{end}}{{template "T"}}', "calls itself without an end"),
    ],
)
def test_an_error_says_in_gos_words_what_is_wrong(template: str, words: str) -> None:
    with pytest.raises(TemplateError) as caught:
        GoTemplate(template).text(OBJECT)
    assert words in str(caught.value)


_PARTS = st.sampled_from(
    ["{{", "}}", ".kind", " ", "if", "range", "end", "else", "with", ".list", "$x", ":=", "|",
     "len", "(", ")", '"a"', "printf", "%d", "1", "index", ".", "-",
     "define", "template", "break", "x"]
)  # fmt: skip


@given(st.lists(_PARTS, max_size=14).map("".join) | st.text(max_size=30))
def test_any_text_is_a_template_or_refused(text: str) -> None:
    with suppress(TemplateError):
        GoTemplate(text).text(OBJECT)

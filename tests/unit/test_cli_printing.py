"""Forms of -o, tables and their order: what is printed, and what is refused in kubectl's words."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.api.resources import DEPLOYMENTS, PODS
from minikube8s.cli import options
from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output import printing, tables
from minikube8s.cli.output.customcolumns import Columns
from minikube8s.cli.output.servertables import TablePrinter, colour_of
from minikube8s.cli.output.sorting import order
from minikube8s.cli.session import Session

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web-0", "managedFields": [{}], "labels": {"app": "web"}},
    "spec": {"containers": [{"image": "a"}, {"image": "b"}]},
}
TABLE = {
    "columnDefinitions": [
        {"name": "Name", "priority": 0},
        {"name": "Up", "priority": 0},
        {"name": "Node", "priority": 1},
    ],
    "rows": [
        {"cells": ["web-0", 1, "n1"],
         "object": {"metadata": {"namespace": "a", "labels": {"x/y": "z"}}}},
        {"cells": ["b", None, "two\nlines"], "object": {"metadata": {"namespace": "b"}}},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("form", "printed"),
    [
        ("name", "pod/web-0\n"),
        ("jsonpath={.spec.containers[*].image}", "a b"),
        ("jsonpath-as-json={.kind}", '[\n    "Pod"\n]\n'),
        ("custom-columns=N:.metadata.name,I:.spec.containers[*].image,X:.x",
         "N       I     X\nweb-0   a,b   <none>\n"),
    ],
)  # fmt: skip
def test_a_form_prints_an_object_to_the_letter(form: str, printed: str) -> None:
    assert printing.printer(form, tables=True).text(PODS, POD) == printed


def test_who_wrote_which_field_is_left_out_unless_wanted() -> None:
    for form in ("json", "yaml"):
        assert "managedFields" not in printing.printer(form).text(PODS, POD)
        assert "managedFields" in printing.printer(form, managers=True).text(PODS, POD)
        assert "managedFields" not in printing.printer(form).text(PODS, printing.listed([POD]))


def test_several_objects_as_yaml_are_several_documents() -> None:
    printer = printing.printer("yaml")
    assert not printer.text(PODS, POD).startswith("---")
    assert printer.text(PODS, POD).startswith("---\napiVersion: v1\n")


@pytest.mark.parametrize(
    ("form", "refusal"),
    [
        ("foo", r'unable to match a printer suitable for the output format "foo", allowed .*'),
        ("jsonpath", "template format specified but no template given"),
        ("jsonpath={.a", "error parsing jsonpath {.a, unclosed action"),
        ("jsonpath-file=/nope", "error reading --template /nope, open /nope: no such file or dir"),
        ("custom-columns", "custom-columns format specified but no custom columns given"),
        ("custom-columns=A", "unexpected custom-columns spec: A, expected"),
        ("custom-columns=A:{.b", "unexpected path string"),
    ],
)  # fmt: skip
def test_what_is_no_form_is_refused_in_kubectls_words(form: str, refusal: str) -> None:
    with pytest.raises(CommandError, match=refusal):
        printing.check_form(form, tables=True)


def test_a_verb_without_tables_has_no_columns_to_choose() -> None:
    with pytest.raises(CommandError, match="allowed formats are: go-template,"):
        printing.check_form("custom-columns=A:.b")


def test_columns_are_read_from_a_files_two_lines() -> None:
    columns = Columns.of_file("NAME APP\nmetadata.name {.metadata.labels.app}\n")
    assert columns.text(printing.listed([POD]), header=True) == "NAME    APP\nweb-0   web\n"
    with pytest.raises(
        CommandError, match=r"number of headers \(2\) and field specifications \(1\)"
    ):
        Columns.of_file("NAME APP\nmetadata.name\n")


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ({}, ["NAME    UP", "web-0   1", "b       "]),
        ({"wide": True}, ["NAME    UP    NODE", "web-0   1     n1", "b             two..."]),
        ({"headers": False}, ["web-0   1", "b       "]),
        ({"namespaces": True},
         ["NAMESPACE   NAME    UP", "a           web-0   1", "b           b       "]),
        ({"prefix": "pod"}, ["NAME        UP", "pod/web-0   1", "pod/b       "]),
        ({"labels": True}, ["NAME    UP    LABELS", "web-0   1     x/y=z", "b             <none>"]),
        ({"label_columns": ["x/y"]}, ["NAME    UP    Y", "web-0   1     z", "b             "]),
        ({"events": True},
         ["EVENT      NAME    UP", "ADDED      web-0   1", "ADDED      b       "]),
    ],
)  # fmt: skip
def test_a_table_is_laid_out_as_kubectl_does(options: dict[str, Any], lines: list[str]) -> None:
    assert TablePrinter(**options).lines(TABLE) == lines


def test_cells_that_are_no_text_are_written_as_go_writes_them() -> None:
    columns = [{"name": name, "priority": 0} for name in ("A", "B", "C")]
    rows = [{"cells": [True, 5, 1.5], "object": {"metadata": {}}}]
    table = {"columnDefinitions": columns, "rows": rows}
    assert TablePrinter(headers=False).lines(table) == ["true   5     1.5"]


def test_a_watchs_rows_keep_the_columns_and_get_wider_when_they_must() -> None:
    printer = TablePrinter()
    printer.lines(TABLE)
    longer = {"rows": [{"cells": ["longer-name", 2, ""], "object": {"metadata": {}}}]}
    assert printer.lines(longer) == ["longer-name   2"]
    assert printer.lines({"rows": TABLE["rows"][:1]}) == ["web-0         1"]


@given(
    st.lists(st.lists(st.text("ab ", max_size=30), min_size=3, max_size=3), min_size=1, max_size=5),
    st.integers(60, 200),
)
def test_a_fitted_table_fits_and_leaves_whole_columns_alone(
    rows: list[list[str]], width: int
) -> None:
    fitted = tables.fitted(rows, width, {0})
    assert [row[0] for row in fitted] == [row[0] for row in rows]
    assert max(map(len, tables.Layout().lines(fitted))) <= width
    if max(map(len, tables.Layout().lines(rows))) <= width:
        assert fitted == rows


@pytest.mark.parametrize(
    ("heading", "cell", "colour"),
    [
        ("STATUS", "Running", "green"),
        ("STATUS", "Completed", "dim"),
        ("STATUS", "CrashLoopBackOff", "red"),
        ("STATUS", "Init:ImagePullBackOff", "red"),
        ("STATUS", "Ready,SchedulingDisabled", "green"),
        ("STATUS", "NotReady", "red"),
        ("STATUS", "Pending", "yellow"),
        ("READY", "1/1", ""),
        ("READY", "0/1", "yellow"),
        ("NAME", "Running", ""),
        ("TYPE", "Warning", "yellow"),
        ("TYPE", "ClusterIP", ""),
    ],
)
def test_a_state_has_the_colour_of_how_good_it_is(heading: str, cell: str, colour: str) -> None:
    assert colour_of(heading, cell) == colour


def test_objects_are_ordered_by_amounts_then_texts_and_those_without_come_first() -> None:
    values = ["x", "100Mi", None, "1Gi", "1000m", "20Mi", 5]
    objects = [{} if value is None else {"v": value} for value in values]
    assert order("{.v}", objects, values) == [None, "1000m", 5, "20Mi", "100Mi", "1Gi", "x"]
    with pytest.raises(CommandError, match=r'find any field with path "\{\.w\}"'):
        order(".w", objects, values)


def test_a_kind_is_named_with_its_group() -> None:
    assert printing.prefix_of(PODS) == "pod"
    assert printing.prefix_of(DEPLOYMENTS) == "deployment.apps"


@verb("try")
@options.output
def trial(form: str) -> str:
    return form


def test_a_verb_refuses_what_is_no_form_before_it_does_anything() -> None:
    def called(*words: str) -> Any:
        return trial.main(list(words), "mk8s try", standalone_mode=False, obj=Session())

    assert called("-o", "json") == "json"
    assert called("--template", "{{.kind}}") == "go-template={{.kind}}"
    for words in (("-o", "foo"), ("-o", "wide"), ("-o", "jsonpath={.a"), ("--template", "{{")):
        with pytest.raises(CommandError):
            called(*words)


def test_a_pipe_gets_every_sign_of_an_object_and_a_terminal_none_that_steers_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    obj = {"a": "x\x1b[31my\x9b2J"}
    text = (
        printing.printer("jsonpath={.a}").text(PODS, obj),
        printing.printer("json").text(PODS, obj),
    )
    printing.put("".join(text))
    assert capsys.readouterr().out == 'x\x1b[31my\x9b2J{\n    "a": "x\\u001b[31my\x9b2J"\n}\n'
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    printing.put("".join(text))
    assert capsys.readouterr().out == 'x^[[31my\\x9b2J{\n    "a": "x\\u001b[31my\\x9b2J"\n}\n'


def test_what_was_changed_is_piped_to_the_letter(capsys: pytest.CaptureFixture[str]) -> None:
    printing.tell("jsonpath={.a}", PODS, {"a": "x\x1b[31my"}, "labeled")
    assert capsys.readouterr().out == "x\x1b[31my"

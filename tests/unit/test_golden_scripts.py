"""The golden comparison sees every difference but what differs from run to run."""

from __future__ import annotations

import pytest

from tests.golden.script import Outcome, Step, complaint, parse, settled

SAME = Outcome(0, "pod/a\n", "")


@pytest.mark.parametrize(
    ("ours", "part"),
    [
        (Outcome(1, "pod/a\n", ""), "exit"),
        (Outcome(0, "pod/b\n", ""), "stdout"),
        (Outcome(0, "pod/a\n", "Warning: x"), "stderr"),
    ],
)
def test_a_difference_is_told_unless_it_is_declared(ours: Outcome, part: str) -> None:
    assert f"{part} differs" in complaint(Step("get", True), SAME, ours)
    assert complaint(Step("get", True, {part: "because"}), SAME, ours) == ""


def test_a_declared_difference_has_to_be_there() -> None:
    assert "take the mark away" in complaint(Step("get", True, {"stdout": "because"}), SAME, SAME)


def test_of_a_failure_the_class_is_compared() -> None:
    theirs = Outcome(1, "", 'Error from server (NotFound): pods "a" not found')
    nearest = Outcome(1, "", 'Error from server (NotFound): pods "a" not found (did you mean "b"?)')
    other = Outcome(1, "", "error: no")
    assert complaint(Step("get", True), theirs, nearest) == ""
    assert "stderr differs" in complaint(Step("get", True), theirs, other)


def test_an_error_within_mk8s_is_told_whatever_kubectl_says() -> None:
    theirs = Outcome(1, "", "error: no")
    broken = Outcome(1, "", "error: mk8s itself failed (KeyError: 'name').")
    assert "mk8s broke" in complaint(Step("get", True, {"stderr": "because"}), theirs, broken)


def test_what_differs_from_run_to_run_is_evened_out() -> None:
    one = "web-abcde-zx4vb  3m2s  golden-1  10.96.0.1   x"
    other = "web-abcde-bbbbb  59s   golden-2  10.96.10.12 x"
    assert settled(one, "golden-1") == settled(other, "golden-2")
    for this, that in (("replicas: 3", "replicas: 4"), ("250m", "500m"), ("a ", "a"), ("a\n", "a")):
        assert settled(this, "n") != settled(that, "n")


def test_a_line_that_means_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="means nothing"):
        parse("== a\nget pods")
    with pytest.raises(ValueError, match="PART: REASON"):
        parse("== a\n~ because\n$ get pods")

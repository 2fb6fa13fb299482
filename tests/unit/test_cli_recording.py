"""`--record` keeps the line that changed an object, as kubectl spells it."""

from __future__ import annotations

import click
import pytest

from minikube8s.cli.changing import recording
from minikube8s.cli.command import verb


@verb("apply")
@click.argument("words", nargs=-1)
@click.option("-f", "--filename", "filenames", multiple=True)
@click.option("--record", is_flag=True)
@click.option("-R", "--recursive", is_flag=True)
@click.option("--token")
def trial() -> None:
    """Try."""


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("apply -f x.yaml --record", "mk8s apply --filename=x.yaml --record=true"),
        ("apply -fx -R --record=true", "mk8s apply --filename=x --recursive=true --record=true"),
        ("apply --filename=x -n a b c", "mk8s apply b c --filename=x --namespace=a"),
        ("apply a=b --record -- -x", "mk8s apply a=b -x --record=true"),
        ("apply -f - --token abc", "mk8s apply --filename=- --token=<hidden>"),
        ("apply - --token=abc", "mk8s apply - --token=<hidden>"),
    ],
)
def test_the_cause_is_the_line_with_its_flags_spelt_out(line: str, wanted: str) -> None:
    assert recording.cause(click.Context(trial), line.split()) == wanted


def test_nothing_is_recorded_unless_wanted() -> None:
    obj = {"metadata": {"name": "x", "annotations": {"a": "b"}}}
    context = click.Context(trial)
    assert recording.recorded(context, obj, False) is obj
    kept = recording.recorded(context, obj, True)["metadata"]["annotations"]
    assert kept["a"] == "b" and kept[recording.CHANGE_CAUSE].startswith("mk8s")
    assert obj["metadata"]["annotations"] == {"a": "b"}

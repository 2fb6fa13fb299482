"""A line of mk8s is read by kubectl's rules, and what is wrong with it is said in its words."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import click
import pytest

from minikube8s.cli import usage
from minikube8s.cli.command import after_dash, group, verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.main import VERBS
from minikube8s.cli.pflag import Implied
from minikube8s.cli.session import Session


@verb("try")
@click.argument("words", nargs=-1)
@click.option("--wait/--no-wait", default=True)
@click.option("-w", "--watch", is_flag=True)
@click.option("-o", "--output", default="")
@click.option("--replicas", type=int)
@click.option("--dry-run", cls=Implied, implied="client", default="none")
@click.pass_context
def trial(context: click.Context, **given: Any) -> dict[str, Any]:
    return given | {"dash": after_dash(context)}


def called(*args: str) -> tuple[dict[str, Any], Session]:
    session = Session()
    found: dict[str, Any] = trial.main(list(args), "mk8s try", standalone_mode=False, obj=session)
    return found, session


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (["--watch=false"], {"watch": False}),
        (["--watch=true"], {"watch": True}),
        (["--wait=false"], {"wait": False}),
        (["-o=yaml"], {"output": "yaml"}),
        (["-oyaml"], {"output": "yaml"}),
        (["-o", "--watch=false"], {"output": "--watch=false", "watch": False}),
        (["--output=a=b"], {"output": "a=b"}),
        (["--dry-run", "x"], {"dry_run": "client", "words": ("x",)}),
        (["--dry-run=server"], {"dry_run": "server"}),
        (["a", "-w", "b"], {"words": ("a", "b"), "watch": True}),
        (["a", "--", "-w", "--dry-run"], {"words": ("a", "-w", "--dry-run"), "watch": False}),
        (["a", "--", "-w"], {"dash": ["-w"]}),
        (["a"], {"dash": None}),
        (["a", "--"], {"dash": []}),
    ],
)
def test_flags_are_read_as_kubectl_reads_them(line: list[str], wanted: dict[str, Any]) -> None:
    found, _ = called(*line)
    assert {key: found[key] for key in wanted} == wanted


@pytest.mark.parametrize("line", [["-n", "a", "x"], ["x", "-n=a"], ["x", "--namespace=a"]])
def test_global_flags_stand_anywhere(line: list[str]) -> None:
    found, session = called(*line)
    assert session.namespace == "a" and session.namespace_given and found["words"] == ("x",)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (["--wacth"], "unknown flag: --wacth (did you mean --watch?)"),
        (["-Z"], "unknown shorthand flag: 'Z' in -Z"),
        (["--output"], "flag needs an argument: --output"),
        (["--replicas=x"], "invalid argument for \"--replicas\" flag: 'x' is not a valid integer"),
    ],
)
def test_wrong_flags_are_told_in_kubectls_words(line: list[str], sentence: str) -> None:
    with pytest.raises(click.UsageError) as caught:
        called(*line)
    assert usage.sentence(caught.value) == (f"error: {sentence}\nSee 'mk8s try --help' for usage.")


def test_a_flag_is_true_or_false() -> None:
    with pytest.raises(CommandError, match='invalid argument "maybe" for "--watch" flag'):
        called("--watch=maybe")


def test_a_global_flag_that_is_false_is_no_word_of_the_verb() -> None:
    @verb("plain")
    @click.pass_obj
    def plain(session: Session) -> bool:
        return "insecure_skip_tls_verify" in session.flags

    @group("several")
    def several() -> None:
        """Several."""

    several.add_command(plain)
    line = ["-n=a", "--debug=false", "plain", "--insecure-skip-tls-verify=false"]
    session = Session()
    assert several.main(line, "mk8s several", standalone_mode=False, obj=session) is False
    assert session.flags == {"namespace": "a"}


def test_an_unknown_sub_command_is_answered_with_the_nearest() -> None:
    @group("several")
    def several() -> None:
        """Several."""

    several.add_command(trial)
    with pytest.raises(CommandError, match="Did you mean this") as caught:
        several.main(["tri"], "mk8s several", standalone_mode=False)
    assert "\ttry" in str(caught.value)


@pytest.mark.parametrize("name", [name for rows in VERBS.values() for name in rows])
def test_the_help_says_of_a_verb_what_the_verb_says_itself(name: str) -> None:
    module, summary = next(rows[name] for rows in VERBS.values() if name in rows)
    command = importlib.import_module(f"minikube8s.cli.verbs.{module}").command
    assert command.name == name
    first = " ".join((command.help or "").split("\n\n")[0].split())
    assert first.startswith(summary.rstrip("."))


def of_all(command: click.Command, words: str) -> Iterator[tuple[str, click.Command]]:
    yield words, command
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            found = command.get_command(click.Context(command), name)
            assert found is not None
            yield from of_all(found, f"{words} {name}")


@pytest.mark.parametrize("name", [name for rows in VERBS.values() for name in rows])
def test_every_flag_says_what_it_does(name: str) -> None:
    module = next(rows[name][0] for rows in VERBS.values() if name in rows)
    command = importlib.import_module(f"minikube8s.cli.verbs.{module}").command
    for words, one in of_all(command, name):
        silent = [
            flag.opts
            for flag in one.params
            if isinstance(flag, click.Option) and not flag.hidden and not flag.help
        ]
        assert not silent, words


def test_a_verb_whose_exit_code_1_means_something_says_otherwise_that_a_line_is_wrong() -> None:
    from minikube8s.cli.verbs import diff, patch

    for verb_of, code in ((patch.command, 1), (diff.command, 2)):
        with pytest.raises(click.UsageError) as caught:
            verb_of.main(["--nothing"], standalone_mode=False, obj=Session())
        assert usage.exit_code(caught.value) == code

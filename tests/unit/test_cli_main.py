"""Whatever happens to a verb, its user sees one sentence and a fitting exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from minikube8s.cli import main
from minikube8s.cli.errors import CommandError

MK8S = Path(sys.executable).with_name("mk8s")


def ended(monkeypatch: pytest.MonkeyPatch, error: BaseException, *line: str) -> object:
    @click.command("options")
    def command() -> None:
        raise error

    monkeypatch.setattr(main.Verbs, "get_command", lambda self, context, name: command)
    monkeypatch.setattr(sys, "argv", ["mk8s", *line, "options"])
    with pytest.raises(SystemExit) as end:
        main.main()
    return end.value.code


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (CommandError("no such thing", code=3), 3, "error: no such thing"),
        (CommandError("no \x1b[2Jpod"), 1, "error: no ^[[2Jpod"),
        (KeyError("x"), 1, "error: mk8s itself failed (KeyError: 'x'). Where: again with --debug."),
        (FileNotFoundError(2, "No such file", "/a"), 1, "error: /a: No such file"),
        (KeyboardInterrupt(), 130, ""),
        (click.Abort(), 130, ""),
    ],
)
def test_an_error_is_one_sentence(
    error: BaseException,
    code: int,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ended(monkeypatch, error) == code
    assert capsys.readouterr().err.strip() == sentence


def test_where_an_error_came_from_is_shown_with_debug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, KeyError("x"), "--debug") == 1
    told = capsys.readouterr().err
    assert "Traceback" in told and "raise error" in told


def shell(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"MK8S": str(MK8S)} | environment,
    )


def test_a_full_disk_is_told() -> None:
    done = shell('"$MK8S" --help >/dev/full')
    assert done.returncode == 1
    assert done.stderr.strip() == "error: No space left on device"


def test_a_pipe_whose_reader_has_seen_enough_is_no_error() -> None:
    done = shell('"$MK8S" --help | true')
    assert done.stderr == ""


def test_a_terminal_that_cannot_show_a_character_is_no_error() -> None:
    done = shell('"$MK8S" "✓"', PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
    assert "mk8s itself failed" not in done.stderr and "?" in done.stderr


def test_help_goes_down_to_sub_commands() -> None:
    whole, node, add = (shell(f'"$MK8S" help {words}') for words in ("", "node", "node add"))
    assert "Usage: mk8s [OPTIONS]" in whole.stdout
    assert "Usage: mk8s node [OPTIONS]" in node.stdout
    assert "Usage: mk8s node add [OPTIONS]" in add.stdout
    wrong = shell('"$MK8S" help nod')
    assert wrong.returncode == 1 and "\tnode" in wrong.stderr


def test_what_is_closed_is_empty_and_no_connections() -> None:
    where = "import os; from minikube8s.cli import main; main._fill_standard_files(); "
    read = f'"{sys.executable}" -c "{where}print(repr(__import__(\'sys\').stdin.read()))" <&-'
    assert shell(read).stdout == "''\n"
    place = f'"{sys.executable}" -c "{where}print(os.readlink(\'/proc/self/fd/2\'))" 2>&-'
    assert shell(place).stdout == "/dev/null\n"
    written = f'"{sys.executable}" -c "{where}main.sys.stdout.buffer.write(b\'x\')" >&-'
    assert shell(written).returncode == 0

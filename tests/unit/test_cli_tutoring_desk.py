"""The tutorial's place is kept, its words are wrapped, and commands are typed into."""

from __future__ import annotations

import io
import os
import sys
import time

import pytest

from minikube8s.cli.errors import CommandError
from minikube8s.cli.tutoring import player, words
from minikube8s.cli.tutoring.bookmark import Bookmark, Desk
from minikube8s.cli.tutoring.boxes import ASCII
from minikube8s.cli.tutoring.course import FILES
from minikube8s.cli.tutoring.dialogue import converse
from minikube8s.cli.tutoring.player import Player
from minikube8s.cli.tutoring.screen import Screen

BABBLED = '{"step": "undo", "language": "xx", "server": "", "namespace": ""}'
MARK = Bookmark("undo", "ko", "https://127.0.0.1:6443", "mk8s-tutorial")


@pytest.fixture
def desk(tmp_path, monkeypatch) -> Desk:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return Desk.of_user()


def test_the_last_mark_is_read_again_and_nothing_else_lies_about(desk, tmp_path):
    assert desk.read() is None
    desk.mark(Bookmark("kinds", "en", "", ""))
    desk.mark(MARK)
    assert desk.read() == MARK
    assert [file.name for file in (tmp_path / "mk8s/tutorial").iterdir()] == ["bookmark.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"step": "undo"}', BABBLED])
def test_a_broken_mark_is_none(desk, tmp_path, text):
    desk.mark(MARK)
    (tmp_path / "mk8s/tutorial/bookmark.json").write_text(text)
    assert desk.read() is None


def test_the_files_are_laid_out_as_they_were_whatever_became_of_them(desk):
    desk.lay_out()
    (desk.files / "nginx-pod.yaml").write_text("changed")
    desk.lay_out()
    assert {file.name: file.read_text() for file in desk.files.iterdir()} == {
        file.name: file.read_text() for file in FILES.iterdir()
    }


def test_after_clearing_nothing_is_left(desk, tmp_path):
    desk.lay_out()
    desk.mark(MARK)
    desk.clear()
    assert not (tmp_path / "mk8s/tutorial").exists()


def test_a_state_folder_that_cannot_be_written_is_named_with_the_way_out(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="set XDG_STATE_HOME"):
        Desk(tmp_path / "file" / "below").lay_out()


@pytest.mark.parametrize(
    ("settings", "language"),
    [
        ({}, "en"),
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "C", "LC_MESSAGES": "ko"}, "ko"),
    ],
)
def test_the_language_is_the_environments(monkeypatch, settings, language):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert words.of_reader() == language


def test_words_are_wrapped_by_the_columns_that_they_take():
    assert words.wrapped("a bb ccc dddd", 6) == ["a bb", "ccc", "dddd"]
    assert words.wrapped("가나 다라 마", 6) == ["가나", "다라", "마"]
    assert words.wrapped("가나 다라 마", 9) == ["가나 다라", "마"]


def test_all_that_the_tutorial_says_is_there_in_both_languages():
    for key, told in words._all().items():
        assert set(told) == {"en", "ko"}, key


def converse_with(*command: str, typed: tuple[str, ...] = (), seconds: float = 10):
    environment = {**os.environ, "PS1": "$ "}
    return converse(
        command, typed, folder=FILES, environment=environment, seconds=seconds
    )  # fmt: skip


def test_each_line_is_typed_at_a_prompt():
    code, seen = converse_with("sh", "-i", typed=("echo $((40 + 2))", "exit 7"))
    assert code == 7
    assert "$ echo $((40 + 2))\n42\n$ exit 7" in seen


def test_a_prompt_that_is_drawn_again_is_no_new_one():
    script = (
        "stty -echo; printf '$ '; read one; printf '\\r$ '; read -t 0.5 two && echo early;"
        "printf '%s\\r\\n$ ' \"$one\"; read two; echo got $two"
    )
    _, seen = converse_with("bash", "-c", script, typed=("first", "second"))
    assert "early" not in seen and "$ first\n$ got second" in seen


def test_a_command_without_a_prompt_is_nudged_as_kubectl_says():
    script = "echo 'try pressing enter.'; read line; printf '$ '; read line; echo got $line"
    _, seen = converse_with("sh", "-c", script, typed=("this",))
    assert "got this" in seen


def test_a_command_that_does_not_end_is_ended_with_all_that_it_started():
    start = time.monotonic()
    with pytest.raises(CommandError, match="did not end within 1 s"):
        converse_with("sh", "-c", "sleep 100 & sleep 100", seconds=1)
    assert time.monotonic() - start < 8


def test_a_command_that_is_not_there_is_told():
    with pytest.raises(CommandError, match="does not start"):
        converse_with("/no/such/program")


def test_a_command_means_the_session_s_cluster_and_the_tutorials_namespace(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/nowhere/pytest"])
    flags = {"kubeconfig": "/k", "as_group": ("a", "b"), "debug": True, "namespace": "mine"}
    program, *rest = Player(flags, "school", FILES).words("mk8s get po -o wide")
    assert program.endswith("/mk8s")
    assert rest == [
        "-n", "school", "--kubeconfig=/k", "--as-group=a", "--as-group=b", "--debug",
        "get", "po", "-o", "wide",
    ]  # fmt: skip


def test_paths_mean_the_folder_that_the_reader_is_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECONFIG", "one:/two")
    leading = Player({"kubeconfig": "conf"}, "", FILES)
    assert f"--kubeconfig={tmp_path}/conf" in leading.words("mk8s get po")
    out = tmp_path / "out"
    leading.run(f"sh -c 'echo $KUBECONFIG >{out}'")
    assert out.read_text() == f"{tmp_path}/one:/two\n"


def test_a_quiet_command_that_fails_tells_its_last_words():
    with pytest.raises(CommandError, match="failed: no such thing"):
        Player({}, "", FILES).quietly("sh -c 'echo error: no such thing; exit 1'")


def test_a_quiet_command_that_hangs_is_told(monkeypatch):
    monkeypatch.setattr(player, "_SECONDS", 0.1)
    with pytest.raises(CommandError, match="did not end within"):
        Player({}, "", FILES).quietly("sleep 60")


def test_a_terminal_that_knows_neither_hangul_nor_lines_is_no_reason_to_fail(monkeypatch):
    seen = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(seen, encoding="ascii"))
    screen = Screen("ko")
    screen.title("가", "나")
    screen.tell("다")
    assert screen.pen is ASCII
    assert seen.getvalue().splitlines()[-1] == b"?"

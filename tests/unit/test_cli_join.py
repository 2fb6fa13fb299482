"""Where `mk8s join` has its token and its address from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from minikube8s.cli.main import mk8s
from minikube8s.cli.session import Session
from minikube8s.cluster.checkup import preflight
from minikube8s.cluster.membership import enrolling, joined
from minikube8s.cluster.membership.wishes import Wish
from tests.support.joinedhome import remembered

TOKEN = "abcdef.0123456789abcdef"


@pytest.fixture
def wishes(monkeypatch: pytest.MonkeyPatch) -> list[Wish]:
    """What was asked for; nothing is joined."""
    seen: list[Wish] = []

    def join(_home: Any, wish: Wish, _say: Any) -> bool:
        seen.append(wish)
        return True

    monkeypatch.setattr(enrolling, "join", join)
    return seen


def run(*arguments: str, stdin: str | bytes = "") -> tuple[int, str]:
    done = CliRunner().invoke(
        mk8s, ["join", "10.0.0.5:6443", *arguments], input=stdin, obj=Session()
    )
    return done.exit_code, f"{done.output}{done.exception}"


def test_a_token_comes_from_the_line_from_standard_input_or_from_a_file(
    wishes: list[Wish], tmp_path: Path
) -> None:
    """Only the last two are unseen by whoever lists processes."""
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    assert run("--token", TOKEN)[0] == 0
    assert run("--token", "-", stdin=f"  {TOKEN}\n")[0] == 0
    assert run("--token-file", str(tmp_path / "token"))[0] == 0
    assert run()[0] == 0
    assert [wish.token for wish in wishes] == [TOKEN, TOKEN, TOKEN, ""]


def test_what_is_no_text_is_no_token_and_no_riddle(wishes: list[Wish], tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"\xff\n")
    assert run("--token", "-", stdin=b"\xff\n")[0] == 0
    assert run("--token-file", str(tmp_path / "token"))[0] == 0
    assert [wish.token for wish in wishes] == ["\ufffd"] * 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--token", "-"), "Standard input is empty"),
        (("--token-file", "/nowhere/token"), "/nowhere/token cannot be read (No such file"),
        (("--token-file", "/dev/null"), "/dev/null is empty"),
        (("--token-file", "/dev/null", "--token", TOKEN), "leave one of them out"),
    ],
)
def test_where_no_token_is_to_be_had_it_is_said(
    arguments: tuple[str, ...], said: str, wishes: list[Wish]
) -> None:
    code, told = run(*arguments)
    assert code == 1
    assert said in told
    assert not wishes


def test_the_nodes_address_is_the_flags_or_the_environments(
    wishes: list[Wish], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MK8S_NODE_IP", "192.0.2.7")
    run()
    run("--node-ip", "192.0.2.8")
    assert [wish.node_ip for wish in wishes] == ["192.0.2.7", "192.0.2.8"]


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (("--node-ip", "192.0.2.8"), "`mk8s join 10.0.0.5:6443 --node-ip 192.0.2.8`"),
        (("--docker-host", "unix:///x"), "`mk8s join 10.0.0.5:6443 --docker-host unix:///x`"),
        (
            ("--node-name", "w2"),
            "is node w1 of another machine's cluster, and a node keeps",
        ),
        (("--node-name", "w1"), "The node is up already"),
        (("--api-port", "7443"), "give --api-port where its master runs"),
    ],
)
def test_who_gives_a_joined_node_other_settings_by_up_is_led_to_where_they_belong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: tuple[str, str], told: str
) -> None:
    known = remembered()
    (tmp_path / "joined.json").write_bytes(msgspec.json.encode(known))
    monkeypatch.setattr(preflight, "require_root", lambda _: None)
    monkeypatch.setattr(joined, "start", lambda *_: False)
    words = ["--home", str(tmp_path), "up", *option]
    done = CliRunner().invoke(mk8s, words, obj=Session())
    assert told in f"{done.output}{done.exception}"

"""What systemd runs around a daemon's life: before it starts, and when the machine goes down."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from minikube8s.cluster import homelock, lifecycle, unitsteps
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.membership import joined

ENDS_BY_POWER_FAILURE = """
import signal, sys
signal.signal(signal.SIGPWR, lambda *_: sys.exit(7))
print(flush=True)
signal.pause()
"""


@pytest.fixture
def daemon() -> Iterator[subprocess.Popen[bytes]]:
    """A daemon that ends with 7 when it is told that the machine goes down."""
    command = [sys.executable, "-c", ENDS_BY_POWER_FAILURE]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def step(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["unitsteps", *words])
    return unitsteps.main()


@pytest.mark.parametrize("machine_ends", [True, False])
def test_an_agent_is_told_to_end_its_pods_when_the_whole_machine_goes_down_and_waited_for(
    daemon: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, machine_ends: bool
) -> None:
    monkeypatch.setattr(unitsteps.systemd, "machine_ends", lambda: machine_ends)
    monkeypatch.setenv("MAINPID", str(daemon.pid))
    assert step(monkeypatch, "end") == 0
    assert daemon.poll() == (7 if machine_ends else None)


@pytest.mark.parametrize("pid", ["", "gone"])
def test_a_daemon_that_has_ended_already_is_not_waited_for(
    daemon: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, pid: str
) -> None:
    daemon.kill()
    daemon.wait()
    monkeypatch.setattr(unitsteps.systemd, "machine_ends", lambda: True)
    monkeypatch.setenv("MAINPID", pid and str(daemon.pid))
    assert step(monkeypatch, "end") == 0


@pytest.mark.parametrize("is_joined", [True, False])
def test_what_a_daemon_needs_is_made_anew_before_it_starts_or_it_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_joined: bool
) -> None:
    home = Home(tmp_path)
    home.joined.write_text("{}") if is_joined else home.save(Settings(node_name="n"))
    made: list[Path] = []
    monkeypatch.setattr(unitsteps.logs, "configure", lambda _: None)
    module, other = (joined, lifecycle) if is_joined else (lifecycle, joined)
    monkeypatch.setattr(module, "refresh", lambda one, *_: made.append(one.path))
    monkeypatch.setattr(other, "refresh", lambda *_: pytest.fail("the other's"))
    assert step(monkeypatch, "prepare", str(tmp_path)) == 0
    assert made == [tmp_path]
    with homelock.exclusive(home):
        # whoever has the home prepares it, or stops the daemon
        assert step(monkeypatch, "prepare", str(tmp_path)) == 0
    assert made == [tmp_path]
    told: list[str] = []
    monkeypatch.setattr(unitsteps.readiness, "tell", told.append)

    def refuse(*_: object) -> None:
        raise ClusterError("The address is gone.")

    monkeypatch.setattr(module, "refresh", refuse)
    assert step(monkeypatch, "prepare", str(tmp_path)) == 1
    assert told == ["The address is gone."]


@pytest.mark.parametrize("words", [(), ("prepare",), ("end", "now")])
def test_other_words_are_answered_with_how_it_is_called(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert step(monkeypatch, *words) == 2
    assert "unitsteps prepare HOME" in capsys.readouterr().err

"""What systemd is asked to do, and what is said where it does not; `systemctl` is played."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.supervising import systemd
from tests.support.playedsystemctl import Systemctl
from tests.unit.test_cluster_units import AGENT

UNIT = AGENT.unit
RELOAD = "daemon-reload"
VERSION = "show --property=Version --value"
STALE = f"show --property=NeedDaemonReload --value {UNIT}"


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Systemctl:
    return Systemctl(tmp_path, monkeypatch)


def test_systemd_reads_units_that_changed_and_those_that_it_had_not_yet_read(
    systemctl: Systemctl,
) -> None:
    """As where a command was killed between the writing and the reading."""
    assert systemd.write([AGENT]) == [UNIT]
    assert systemctl.asked() == [VERSION, RELOAD]
    assert (systemctl.units / UNIT).stat().st_mode & 0o777 == 0o644
    assert systemd.write([AGENT]) == []
    assert systemctl.asked() == [VERSION, STALE]
    systemctl.answers("echo yes")
    assert systemd.write([AGENT]) == []
    assert systemctl.asked() == [VERSION, STALE, RELOAD]


def test_a_unit_is_enabled_once(systemctl: Systemctl) -> None:
    systemd.write([AGENT])
    systemctl.asked()
    systemd.enable([UNIT])
    assert systemctl.asked() == [f"enable --quiet {UNIT}"]
    systemctl.enabled(UNIT)
    systemd.enable([UNIT])
    assert systemctl.asked() == []


def test_what_was_started_at_boots_no_longer_is_and_systemd_knows(systemctl: Systemctl) -> None:
    link = systemctl.enabled(UNIT)
    systemd.disable([UNIT, "mk8s-other.service"])
    assert systemctl.asked() == [RELOAD]
    assert not link.is_symlink()
    systemd.disable([UNIT])
    assert systemctl.asked() == []


def test_of_units_that_are_removed_systemd_keeps_nothing(systemctl: Systemctl) -> None:
    systemd.write([AGENT])
    link = systemctl.enabled(UNIT)
    systemctl.asked()
    # it refuses to forget the failures of a unit that had none
    systemctl.answers('[ "$1" != reset-failed ]')
    assert systemd.remove([UNIT, "mk8s-other.service"])
    assert not (systemctl.units / UNIT).exists() and not link.is_symlink()
    assert systemctl.asked() == [RELOAD, f"reset-failed {UNIT}"]
    assert not systemd.remove([UNIT])
    assert systemctl.asked() == []


def test_without_systemd_files_of_units_go_all_the_same(
    systemctl: Systemctl,
) -> None:
    systemd.write([AGENT])
    link = systemctl.enabled(UNIT)
    systemctl.asked()
    systemctl.runs.rmdir()
    assert not systemd.runs()
    assert systemd.remove([UNIT])
    assert not (systemctl.units / UNIT).exists() and not link.is_symlink()
    assert systemctl.asked() == []


def test_only_units_of_mk8s_are_ours(systemctl: Systemctl) -> None:
    other = replace(AGENT, cluster="b", pid_file=Path("/b/agent.pid"), home=Path("/b"))
    systemd.write([AGENT, other])
    (systemctl.units / "mk8s-theirs.service").write_text("[Service]\nExecStart=/bin/true\n")
    (systemctl.units / "mk8s-broken.service").write_bytes(b"\xff\n[X-mk8s]\nHome=/c\n")
    assert [name for name, _ in systemd.ours()] == [UNIT, other.unit]
    assert systemd.unit_of(other.pid_file) == other.unit
    assert systemd.unit_of(Path("/c/agent.pid")) == ""
    assert systemd.units_of(other.home) == [other.unit]


def test_what_systemd_knows_of_a_unit_is_told_by_name(systemctl: Systemctl) -> None:
    systemctl.answers("printf 'MainPID=7\\nEnvironment=A=B C=D\\n'")
    told = systemd.properties(UNIT, "MainPID", "Environment")
    assert told == {"MainPID": "7", "Environment": "A=B C=D"}
    assert systemctl.asked() == [f"show {UNIT} --property=MainPID --property=Environment"]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("echo hm >&2; echo No such unit. >&2; exit 5", r"refuses `systemctl stop .*: No such un"),
        ("exit 1", "refuses .*: it did not say why"),
        ("exec sleep 60", r"did not answer `systemctl stop .* within 0 s: .*`systemctl list-jobs`"),
    ],
)
def test_what_systemd_does_not_do_is_one_sentence(
    systemctl: Systemctl, answer: str, told: str
) -> None:
    systemctl.answers(answer)
    with pytest.raises(ClusterError, match=told):
        systemd.stop(UNIT, 0.4 if "sleep" in answer else 20)


def test_a_machine_without_systemctl_is_told_of(
    systemctl: Systemctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(systemctl.units))
    with pytest.raises(ClusterError, match="no `systemctl` on this machine"):
        systemd.stop(UNIT, 20)
    assert not systemd.machine_ends()


@pytest.mark.parametrize(
    ("answer", "ends"),
    [("echo stopping; exit 1", True), ("echo running", False), ("echo degraded; exit 1", False)],
)
def test_a_machine_ends_when_systemd_is_stopping(
    systemctl: Systemctl, answer: str, ends: bool
) -> None:
    systemctl.answers(answer)
    assert systemd.machine_ends() is ends


def test_a_unit_that_cannot_be_written_is_told_of(
    systemctl: Systemctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(systemd, "write_private", full)
    with pytest.raises(ClusterError, match=rf"{UNIT} cannot be written: No space left on device"):
        systemd.write([AGENT])

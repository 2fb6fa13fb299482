"""Which daemons change hands when systemd is to run them, or no longer; nothing runs here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from minikube8s.cluster import installing
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.supervising import systemd, unitplan
from minikube8s.cluster.supervising.daemons import Daemon
from minikube8s.kit.pidfile import Holder
from tests.support.playedsystemctl import Systemctl
from tests.unit.test_cluster_joining import known_as

MASTER, AGENT = "mk8s-master.service", "mk8s-agent.service"
MOVED = ["stop agent", "stop master", "start master agent"]


class Machine:
    """A cluster's two daemons, as process 7 each; what is done to them is written down."""

    def __init__(self, home: Home, played: Systemctl) -> None:
        self.home, self.systemctl = home, played
        self.running = {"master", "agent"}
        self.done: list[str] = []
        self.said: list[str] = []
        self.fails = False
        home.save(Settings(node_name="n"))

    def stop(self, daemon: Daemon, _: float) -> None:
        self.done.append(f"stop {daemon.name}")

    def start(
        self,
        daemons: Sequence[Daemon],
        away: Sequence[Daemon],
        starting: list[Any],
        runs: Callable[[str], None],
    ) -> None:
        if daemons:
            told = " ".join(["start", *(daemon.name for daemon in daemons)])
            self.done.append(told + (f" without {away[0].name}" if away else ""))
        if self.fails:
            self.fails = False
            starting.append(SimpleNamespace(cancel=lambda _: self.done.append("cancel")))
            raise ClusterError("It does not start.")
        for daemon in daemons:
            runs(daemon.name)

    def is_installed(self, *, run_by: int = 7) -> None:
        """As `mk8s install` left it; a process of that number is the unit's."""
        systemd.write(unitplan.wanted(self.home, self.home.load()))
        for unit in (MASTER, AGENT):
            self.systemctl.enabled(unit)
        self.systemctl.answers(f'[ "$1" != show ] || echo MainPID={run_by}')
        self.systemctl.asked()

    def install(self) -> bool:
        return installing.install(self.home, self.said.append)

    def uninstall(self) -> bool:
        return installing.uninstall(self.home, self.said.append)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(Home(tmp_path / "home"), Systemctl(tmp_path, monkeypatch))
    monkeypatch.setattr(installing.preflight, "require_root", lambda _: None)
    monkeypatch.setattr(
        Daemon, "holder", lambda one: Holder(7, 0.0) if one.name in made.running else None
    )
    monkeypatch.setattr(installing, "stop", made.stop)
    monkeypatch.setattr(installing.lifecycle, "start", made.start)
    return made


def test_daemons_that_run_by_hand_are_taken_over_one_after_the_other(machine: Machine) -> None:
    assert machine.install()
    assert machine.done == MOVED
    assert machine.said == [
        f"{systemd.UNITS / MASTER} written",
        f"{systemd.UNITS / AGENT} written",
        "master runs",
        "agent runs",
    ]
    assert f"enable --quiet {MASTER} {AGENT}" in machine.systemctl.asked()


def test_what_systemd_runs_already_is_left_alone(machine: Machine) -> None:
    machine.is_installed()
    assert not machine.install()
    assert machine.done == []
    # a unit that a cut-off install left without a place among those that a boot starts
    (machine.systemctl.units / "multi-user.target.wants" / AGENT).unlink()
    assert machine.install()
    assert machine.done == []
    assert f"enable --quiet {AGENT}" in machine.systemctl.asked()


def test_only_the_daemon_whose_unit_is_another_starts_anew(machine: Machine) -> None:
    machine.is_installed()
    unit = machine.systemctl.units / AGENT
    unit.write_text(unit.read_text().replace("TasksMax=infinity", "TasksMax=7"))
    assert machine.install()
    assert machine.done == ["stop agent", "start agent"]


def test_a_daemon_that_was_started_by_hand_beside_its_unit_is_taken_over(machine: Machine) -> None:
    machine.is_installed(run_by=8)
    assert machine.install()
    assert machine.done == MOVED


def test_what_does_not_run_is_not_started_and_not_at_a_boot(machine: Machine) -> None:
    machine.running = set()
    assert machine.install()
    assert [line for line in machine.said if "`mk8s up` starts it" in line] == [
        f"{name} does not run: `mk8s up` starts it, then and after every boot"
        for name in ("master", "agent")
    ]
    assert machine.done == []
    assert not [line for line in machine.systemctl.asked() if line.startswith("enable")]


def test_daemons_that_do_not_start_under_systemd_run_by_hand_again(machine: Machine) -> None:
    machine.fails = True
    with pytest.raises(ClusterError, match="It does not start"):
        machine.install()
    assert machine.done == [*MOVED, "cancel", *MOVED]
    assert systemd.units_of(machine.home.path) == []


def test_units_that_were_there_before_stay_where_a_new_one_fails(machine: Machine) -> None:
    machine.is_installed()
    unit = machine.systemctl.units / AGENT
    unit.write_text(unit.read_text().replace("TasksMax=infinity", "TasksMax=7"))
    machine.fails = True
    with pytest.raises(ClusterError, match="It does not start"):
        machine.install()
    moved = ["stop agent", "start agent"]
    assert machine.done == [*moved, "cancel", *moved]
    assert systemd.units_of(machine.home.path) == [AGENT, MASTER]


def test_uninstalled_daemons_run_on_by_hand_and_those_that_did_not_run_do_not(
    machine: Machine,
) -> None:
    machine.is_installed()
    machine.running = {"master"}
    assert machine.uninstall()
    assert machine.done == ["stop master", "start master"]
    assert machine.said[:2] == [
        f"{systemd.UNITS / AGENT} removed",
        f"{systemd.UNITS / MASTER} removed",
    ]
    assert systemd.units_of(machine.home.path) == []
    assert not machine.uninstall()


def test_of_a_home_that_is_gone_the_units_go_all_the_same(machine: Machine) -> None:
    machine.is_installed()
    machine.home.settings.unlink()
    assert machine.uninstall()
    assert machine.done == []
    assert systemd.units_of(machine.home.path) == []


def test_a_joined_machine_whose_master_is_away_is_installed_all_the_same(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.home.settings.unlink()
    installing.joined.save(machine.home, known_as("mk8s"))

    def away(_: object) -> None:
        raise ClusterError("Nobody listens.")

    monkeypatch.setattr(installing.joined, "require_agent_port", away)
    assert machine.install()
    assert machine.done == ["stop agent", "start agent without agent"]
    assert machine.said[-1] == "agent asks for its master, which cannot be reached now"

"""How a machine leaves its cluster: in which order, and what is left when it is cut off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from minikube8s.cluster.config import Home, Settings, write_private
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.membership import joined, leaving
from minikube8s.kit import notice

STEPS = ["empty n2", "stop", "clean", "forget n2", "units"]


class Machine:
    """A machine that has joined as n2; what it does is played, and written down."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.done: list[str] = []
        self.said: list[str] = []
        self.cut_off_at = ""
        self.away = ""
        self.node: dict[str, Any] | None = None
        known = joined.Joined(
            master="10.0.0.5:6443",
            name="mk8s",
            agent_port=6444,
            pod_cidr="10.244.0.0/16",
            service_cidr="10.96.0.0/12",
            node_name="n2",
            docker_host="unix:///nowhere",
        )
        joined.save(home, known)
        write_private(home.pki / "agent.key", b"key")

    def step(self, name: str) -> None:
        assert self.home.is_joined(), f"{name} would not be known of any more"
        self.done.append(name)
        if name == self.cut_off_at:
            raise SystemExit

    def ask(self, *_: object) -> dict[str, Any] | None:
        if self.away:
            raise ClusterError(self.away)
        return self.node

    def leave(self, *, force: bool = False) -> bool:
        return leaving.leave(
            self.home,
            lambda node: self.step(f"empty {node}"),
            lambda node: self.step(f"forget {node}"),
            force=force,
            say=self.said.append,
        )


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(Home(tmp_path / "home"))
    monkeypatch.setattr(leaving.preflight, "require_root", lambda _: None)
    monkeypatch.setattr(leaving.joined, "ask_master", made.ask)
    monkeypatch.setattr(leaving, "stop", lambda *_: made.step("stop"))
    monkeypatch.setattr(leaving.cleaning, "clean", lambda *_: made.step("clean"))
    monkeypatch.setattr(leaving.supervision, "remove", lambda _: made.step("units"))
    return made


def test_pods_go_first_and_what_says_that_there_is_something_to_leave_goes_last(
    machine: Machine,
) -> None:
    assert machine.leave()
    assert machine.done == STEPS
    assert not machine.home.path.exists()
    assert not machine.leave()


@pytest.mark.parametrize("step", STEPS)
def test_wherever_leaving_is_cut_off_it_is_taken_up_again(machine: Machine, step: str) -> None:
    machine.cut_off_at = step
    with pytest.raises(SystemExit):
        machine.leave()
    machine.cut_off_at = ""
    assert machine.leave()
    assert machine.done[-len(STEPS) :] == STEPS
    assert not machine.home.path.exists()


def test_without_its_master_a_machine_leaves_by_force_alone_and_says_what_stays(
    machine: Machine,
) -> None:
    machine.away = "Nobody answers."
    with pytest.raises(ClusterError, match=r"^Nobody answers\. .*`mk8s leave --force`.*node n2`"):
        machine.leave()
    assert not machine.done and machine.home.is_joined()
    assert machine.leave(force=True)
    assert machine.done == ["stop", "clean", "units"]
    assert (
        machine.said[-1] == "Nobody answers. Its Node stays there until `kubectl delete node n2`."
    )


def test_by_force_no_pod_is_waited_for_and_the_node_goes_all_the_same(machine: Machine) -> None:
    assert machine.leave(force=True)
    assert machine.done == STEPS[1:]
    assert "Node n2 deleted" in machine.said


@pytest.mark.parametrize("force", [False, True])
def test_a_copy_that_the_master_refuses_takes_nothing_from_the_machine_it_was_copied_from(
    machine: Machine, force: bool
) -> None:
    machine.home.agent.mkdir()
    notice.leave(machine.home.agent, "two machines show the certificate of node n2")
    with pytest.raises(ClusterError, match=r"n2\. So the Node n2 is perhaps .*`mk8s down --purge`"):
        machine.leave(force=force)
    assert not machine.done and machine.home.is_joined()


@pytest.mark.parametrize("force", [False, True])
def test_a_copy_whose_agent_never_ran_takes_nothing_either(machine: Machine, force: bool) -> None:
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    machine.node = {"metadata": {"name": "n2"}, "status": ready}
    with pytest.raises(ClusterError, match=r"Node n2 is the machine at .* a copy"):
        machine.leave(force=force)
    assert not machine.done and machine.home.is_joined()


def test_a_master_cannot_leave_itself(machine: Machine) -> None:
    machine.home.save(Settings())
    with pytest.raises(ClusterError, match=r"a master.*`mk8s down --purge`"):
        machine.leave()

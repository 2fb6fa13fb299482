"""A joined machine's agent: what it is given, and what is left where its start is broken off."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from mk8s_agent import config

from minikube8s.cluster import layout, lifecycle
from minikube8s.cluster.config import Home
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.membership import joined
from minikube8s.cluster.supervising.daemons import Daemon
from minikube8s.kit.pidfile import Holder
from tests.unit.test_cluster_joining import known_as


class Agent:
    """The agent, as far as its start is concerned; it is played."""

    def __init__(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = home
        self.done: list[str] = []
        self.daemon = layout.agent(home)
        self.interrupts = self.refuses = False
        for name in ("engine", "nftables", "own_address", "own_name"):
            monkeypatch.setattr(joined.preflight, f"require_{name}", lambda *_: None)
        for name in ("require_agent_port", "refresh"):
            monkeypatch.setattr(joined, name, lambda *_: None)
        monkeypatch.setattr(joined, "_wait_ready", lambda *_: self.done.append("ready"))
        at_boot = lambda _, wanted: self.done.append(f"at boot: {wanted}")  # noqa: E731
        monkeypatch.setattr(joined.supervision, "at_boot", at_boot)
        monkeypatch.setattr(lifecycle, "begin", self._begin)

    def _begin(self, daemon: Daemon) -> Agent:
        assert daemon == self.daemon
        self.done.append("begun")
        if self.interrupts:
            os.kill(os.getpid(), signal.SIGINT)
        return self

    def wait(self, _: float) -> None:
        if self.refuses:
            raise ClusterError("The port is taken.")
        self.done.append("serves")

    def cancel(self, _: float) -> None:
        self.done.append("cancelled")

    def start(self) -> bool:
        return joined.start(self.home, known_as("mk8s"), lambda _: None)


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Agent:
    return Agent(Home(tmp_path), monkeypatch)


def test_an_agent_that_starts_is_waited_for_and_starts_at_boots_from_then_on(agent: Agent) -> None:
    assert agent.start()
    assert agent.done == ["begun", "serves", "ready", "at boot: True"]


def test_an_agent_that_runs_is_waited_for_and_not_started(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Daemon, "holder", lambda _: Holder(7, 0.0))
    assert not agent.start()
    assert agent.done == ["ready", "at boot: True"]


@pytest.mark.parametrize("how", ["interrupts", "refuses"])
def test_an_agent_whose_start_is_broken_off_does_not_stay(agent: Agent, how: str) -> None:
    """Whatever the moment: Ctrl-C while its process is made takes effect when that is known."""
    setattr(agent, how, True)
    with pytest.raises(KeyboardInterrupt if how == "interrupts" else ClusterError):
        agent.start()
    assert agent.done == ["begun", "cancelled"]


def test_an_agent_is_told_all_that_its_machine_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    kubelet = tmp_path / "kubelet.yaml"
    kubelet.write_text("kind: KubeletConfiguration\nmaxPods: 7\n")
    known = joined.Joined(
        master="master.lab:7443",
        name="other",
        agent_port=7444,
        pod_cidr="10.1.0.0/16",
        service_cidr="10.2.0.0/16",
        node_name="n2",
        docker_host="unix:///run/other.sock",
        kubelet_config=str(kubelet),
        node_ip="192.0.2.7",
    )
    joined.save(home, known)
    assert joined.load(home) == known
    joined._write_configuration(home, known)
    told = config.load(layout.agent_config(home))
    assert (told.cluster, told.node, told.master) == ("other", "n2", "master.lab:7444")
    assert (told.cluster_cidr, told.service_cidr) == ("10.1.0.0/16", "10.2.0.0/16")
    assert (told.docker_host, told.node_ip) == ("unix:///run/other.sock", "192.0.2.7")
    assert told.kubelet.max_pods == 7
    assert told.state_dir == str(home.agent)
    found = joined.files(home)
    assert (told.ca, told.cert, told.key) == (
        str(found.ca), str(found.certificate), str(found.key)
    )  # fmt: skip
    settings = joined.settings(known)
    assert (settings.name, settings.node_name, settings.agent_port) == ("other", "n2", 7444)
    assert (settings.pod_cidr, settings.service_cidr) == ("10.1.0.0/16", "10.2.0.0/16")
    assert (settings.docker_host, settings.kubelet_config) == (
        "unix:///run/other.sock", str(kubelet)
    )  # fmt: skip

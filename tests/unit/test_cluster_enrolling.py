"""A machine that joins, before a master that is played: all that is wrong is told in one go."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import minikube8s
from minikube8s.cluster import addresses
from minikube8s.cluster.checkup.findings import Examination, Finding, Mark
from minikube8s.cluster.config import Home, Settings, write_private
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.membership import enrolling, joined, joining
from minikube8s.cluster.membership.joining import Found, Membership
from tests.unit.test_cluster_joinchecks import OTHER, node

FINE = Finding(Mark.FINE, "fine")
MASTER, TOKEN, PIN = "10.0.0.5:6443", "abcdef.0123456789abcdef", f"sha256:{'0' * 64}"
CLUSTER = Membership("c", 6444, "10.1.0.0/16", "10.2.0.0/16", minikube8s.__version__)


class Master:
    """What the machine is told by its master; and what it did with it."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.cluster: Membership | ClusterError = CLUSTER
        self.known: list[dict[str, Any]] = []
        self.asked: list[str] = []

    def applicant(self, master: str, authority: bytes, token: str) -> Master:
        assert (master, authority, token) == (MASTER, b"CA", TOKEN)
        return self

    def membership(self) -> Membership:
        if isinstance(self.cluster, ClusterError):
            raise self.cluster
        return self.cluster

    def nodes(self) -> list[dict[str, Any]]:
        return self.known

    def obtain(self, node: str, files: joining.Files, got: Any) -> None:
        self.asked.append(node)
        got()
        write_private(files.certificate, b"signed")

    def close(self) -> None:
        self.asked.append("hung up")


class Machine:
    """A machine with all that a node needs, which is at 10.0.0.7 for others."""

    def __init__(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home, self.master = home, Master()
        self.said: list[str] = []
        self.clashes: list[str] = []
        self.seen = Examination()
        self.patch = monkeypatch
        for name in ("require_root", "require_engine", "require_nftables", "require_own_name"):
            monkeypatch.setattr(enrolling.preflight, name, lambda *_: None)
        for name in ("of_surroundings", "of_cgroups", "of_memory"):
            monkeypatch.setattr(enrolling.machinefindings, name, lambda *_: FINE)
        monkeypatch.setattr(enrolling.preflight, "clashes_apart", lambda _: self.clashes)
        monkeypatch.setattr(enrolling.preflight, "own_addresses", lambda: ["10.0.0.7", "10.9.0.7"])
        monkeypatch.setattr(enrolling.examining, "examine", lambda: self.seen)
        monkeypatch.setattr(addresses, "towards", lambda *_: "10.0.0.7")
        monkeypatch.setattr(joining, "find", lambda *_: Found(b"CA", self.master.ahead))
        monkeypatch.setattr(enrolling, "Applicant", self.master.applicant)
        monkeypatch.setattr(joined, "require_agent_port", lambda _: None)
        monkeypatch.setattr(joined, "start", lambda *_: True)

    def join(self, **more: Any) -> bool:
        told = {"node_name": "w1", "docker_host": "unix:///d", "kubelet_config": ""} | more
        wish = enrolling.Wish(master=MASTER, token=TOKEN, pins=[PIN], **told)
        return enrolling.join(self.home, wish, self.said.append)

    def is_refused(self, **more: Any) -> list[str]:
        """The sentences; a machine that may not join asks for no certificate and keeps nothing."""
        with pytest.raises(ClusterError) as caught:
            self.join(**more)
        assert "w1" not in self.master.asked
        assert not self.home.joined.exists() and not self.home.pki.exists()
        first, *rest = str(caught.value).split("\n- ")
        if rest:
            assert first == f"{len(rest)} things keep this machine from joining:"
        return rest or [first]

    def fails(self, name: str, sentence: str, module: Any = enrolling.preflight) -> None:
        def fail(*_: Any) -> None:
            raise ClusterError(sentence)

        self.patch.setattr(module, name, fail)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(Home(tmp_path / "node"), monkeypatch)


def test_a_machine_that_may_join_remembers_what_it_is_and_says_what_was_looked_at(
    machine: Machine,
) -> None:
    machine.seen = Examination(missing={"vxlan": "no"})
    assert machine.join(node_ip="10.9.0.7", kubelet_config="/k.yaml")
    assert machine.master.asked == ["w1", "hung up"]
    known = joined.load(machine.home)
    assert known == joined.Joined(
        master=MASTER,
        name="c",
        agent_port=6444,
        pod_cidr="10.1.0.0/16",
        service_cidr="10.2.0.0/16",
        node_name="w1",
        docker_host="unix:///d",
        kubelet_config="/k.yaml",
        node_ip="10.9.0.7",
    )
    told = "\n".join(machine.said)
    for part in (
        f"the master at {MASTER} answers, and has the CA that is pinned",
        "the clocks agree",
        "the master takes the token",
        "the name w1 is free there",
        "the agents' port 10.0.0.5:6444 can be reached",
        "this machine's address and networks are its own",
        "this machine has what a node needs",
        "`modprobe vxlan`",
        f"certificate of node w1 in {machine.home.pki}",
    ):
        assert part in told


def test_all_that_is_wrong_there_and_here_is_told_at_once(machine: Machine) -> None:
    machine.master.cluster = Membership("c", 6444, "10.1.0.0/16", "10.2.0.0/16", "99.0.0")
    machine.master.known = [node("w1", ready=False, own=OTHER), node("w2", ip="10.0.0.7")]
    machine.clashes = ["The pod network is in use."]
    machine.seen = Examination(missing={"nft_masq": "no"})
    machine.fails("require_agent_port", "The agents' port is closed.", joined)
    machine.fails("require_own_name", "A cluster named c is here.")
    machine.fails("require_engine", "No engine.")
    machine.fails("require_nftables", "No nftables.")
    wrong = [
        "and the master 99.0.0",
        "w1 is the name of another machine's node",
        "The agents' port is closed.",
        "A cluster named c is here.",
        "The pod network is in use.",
        "address 10.0.0.7 is that of the node w2, too",
        "No engine.",
        "No nftables.",
        f"The kernel {os.uname().release} lacks nft_masq",
    ]
    refused = machine.is_refused()
    assert len(refused) == len(wrong), refused
    for part, sentence in zip(wrong, refused, strict=True):
        assert part in sentence


def test_an_address_that_was_chosen_is_the_one_that_must_be_free(machine: Machine) -> None:
    machine.master.known = [node("w2", ip="10.9.0.7")]
    (sentence,) = machine.is_refused(node_ip="10.9.0.7")
    assert "address 10.9.0.7 is that of the node w2" in sentence
    assert "(this machine has 10.0.0.7, 10.9.0.7)" in sentence
    assert machine.join(node_ip="10.0.0.7")


def test_the_place_of_a_machine_that_is_gone_is_taken_by_who_says_so(machine: Machine) -> None:
    machine.master.known = [node("w1", ready=False, own=OTHER)]
    (sentence,) = machine.is_refused()
    assert "--replace" in sentence
    assert machine.join(replace=True)


@pytest.mark.parametrize(
    ("ahead", "told"),
    [(400.0, "400 s ahead of the master's"), (-400.0, "400 s behind the master's")],
)
def test_before_a_master_with_another_clock_no_token_is_shown(
    machine: Machine, ahead: float, told: str
) -> None:
    machine.master.ahead = ahead
    machine.fails("require_nftables", "No nftables.")
    clock, nftables = machine.is_refused()
    assert told in clock and nftables == "No nftables."
    assert machine.master.asked == []


def test_a_clock_that_certificates_stand_is_mentioned(machine: Machine) -> None:
    machine.master.ahead = -42.0
    assert machine.join()
    assert any("this machine's is 42 s behind the master's" in line for line in machine.said)


def test_where_the_master_refuses_the_token_the_machine_is_looked_at_all_the_same(
    machine: Machine,
) -> None:
    machine.master.cluster = ClusterError("It does not take the token.")
    machine.fails("require_engine", "No engine.")
    assert machine.is_refused() == ["It does not take the token.", "No engine."]


def test_where_nobody_answers_that_is_told_with_what_is_wrong_here(machine: Machine) -> None:
    machine.fails("find", "Nobody answers.", joining)
    machine.fails("require_engine", "No engine.")
    assert machine.is_refused() == ["Nobody answers.", "No engine."]
    assert machine.master.asked == []


def test_a_machine_with_a_master_of_its_own_joins_no_other(machine: Machine) -> None:
    machine.home.save(Settings())
    with pytest.raises(ClusterError, match=r"a master of its own.*--home.*`mk8s down --purge`"):
        machine.join()


@pytest.mark.parametrize("lacks", [{"token": ""}, {"pins": ()}])
def test_a_machine_that_is_no_node_yet_needs_token_and_hash(
    machine: Machine, lacks: dict[str, Any]
) -> None:
    told = {"token": TOKEN, "pins": [PIN]} | lacks
    wish = enrolling.Wish(
        master=MASTER, node_name="w1", docker_host="unix:///d", kubelet_config="", **told
    )
    with pytest.raises(ClusterError, match="--token and --ca-hash"):
        enrolling.join(machine.home, wish, machine.said.append)

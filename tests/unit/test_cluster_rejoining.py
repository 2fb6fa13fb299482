"""`mk8s join` on a machine that has joined: what changes, and what is refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from minikube8s.cluster import layout
from minikube8s.cluster.checkup import preflight
from minikube8s.cluster.config import Home, write_private
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.membership import enrolling, joined, joining, rejoining, wishes
from minikube8s.cluster.membership.joined import Joined
from minikube8s.cluster.membership.joining import Membership
from minikube8s.cluster.membership.wishes import Wish
from minikube8s.cluster.supervising.daemons import Daemon
from minikube8s.kit.pidfile import Holder

MASTER, ELSEWHERE = "10.0.0.5:6443", "10.0.0.9:6443"
KNOWN = Joined(
    master=MASTER,
    name="m",
    agent_port=6444,
    pod_cidr="10.244.0.0/16",
    service_cidr="10.96.0.0/12",
    node_name="w1",
    docker_host="unix:///one",
    kubelet_config="/etc/kubelet.yaml",
    node_ip="10.0.0.7",
)


def wish(**said: str) -> Wish:
    return wishes.filled(Wish(**{"master": MASTER, **said}), KNOWN)


@pytest.mark.parametrize("runs", [True, False])
@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, ""),
        ({"node_ip": "10.0.0.8"}, "node_ip"),
        ({"kubelet_config": "/etc/other.yaml"}, "kubelet_config"),
        ({"master": ELSEWHERE}, "master"),
        ({"node_name": "w1", "docker_host": "unix:///one"}, ""),
    ],
)
def test_what_may_change_changes_and_the_rest_stays_as_it_was(
    said: dict[str, str], field: str, runs: bool
) -> None:
    wanted = wishes.changed(KNOWN, wish(**said), runs=runs)
    assert wanted == msgspec.structs.replace(KNOWN, **({field: said[field]} if field else {}))


def test_an_engine_changes_only_while_none_of_the_nodes_pods_can_run_there() -> None:
    other = wish(docker_host="unix:///two")
    assert wishes.changed(KNOWN, other, runs=False).docker_host == "unix:///two"
    with pytest.raises(ClusterError, match=r"`mk8s down`, then join with --docker-host unix:///t"):
        wishes.changed(KNOWN, other, runs=True)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"node_name": "w2"}, "is node w1 .* `mk8s leave` first, then join with --node-name w2"),
        ({"node_ip": "127.0.0.1"}, "'127.0.0.1' is not an IPv4 address by which other machines"),
    ],
)
def test_what_cannot_change_is_refused_with_the_way_out(said: dict[str, str], told: str) -> None:
    with pytest.raises(ClusterError, match=told):
        wishes.changed(KNOWN, wish(**said), runs=False)


def test_a_machine_that_joins_for_the_first_time_has_what_machines_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wishes, "default_node_name", lambda: "host")
    first = wishes.filled(Wish(MASTER), None)
    assert (first.node_name, first.docker_host) == ("host", "unix:///var/run/docker.sock")
    assert (first.kubelet_config, first.node_ip) == ("", "")


class Node:
    """A machine that has joined, whose agent runs; `done` is what happens to it."""

    def __init__(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = home
        self.done: list[str] = []
        self.told: Callable[[], Membership] = lambda: Membership("m", 6444, "", "")
        self.fails = False
        kubelet = home.path.with_name("kubelet.yaml")
        kubelet.write_text("kind: KubeletConfiguration\n")
        self.known = msgspec.structs.replace(KNOWN, kubelet_config=str(kubelet))
        joined.save(home, self.known)
        write_private(layout.agent_config(home), joined.configuration(home, self.known))
        for name in ("require_engine", "require_own_address", "require_root"):
            monkeypatch.setattr(preflight, name, lambda *_: None)
        for module, name, put in (
            (Daemon, "holder", lambda _: Holder(2**30, 0.0)),
            (joined, "ended", lambda _: False),
            (joined, "connected", self.connected),
            (joined, "require_agent_port", lambda _: None),
            (joined, "refresh", lambda *_: None),
            (joined, "start", self.start),
            (joining, "membership", lambda _: self.told()),
            (rejoining, "stop", lambda *_: self.done.append("stop") or True),
            (rejoining, "begin", self.begin),
        ):
            monkeypatch.setattr(module, name, put)

    def connected(self, _: Home, wanted: Joined) -> Any:
        self.done.append(f"ask {wanted.master}")
        return Path("/dev/null").open()

    def start(self, home: Home, known: Joined, _: object) -> bool:
        self.done.append("start")
        assert joined.load(home) == known
        if self.fails and "stop" in self.done:
            raise KeyboardInterrupt
        return "stop" in self.done

    def begin(self, _: Daemon) -> Any:
        self.done.append("begin")
        return self

    def leave(self) -> None: ...

    def join(self, **said: str) -> bool:
        self.done.clear()
        return enrolling.join(self.home, Wish(**{"master": MASTER, **said}), lambda _: None)

    @property
    def now(self) -> Joined | None:
        return joined.load(self.home)


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    return Node(Home(tmp_path / "home"), monkeypatch)


def test_joining_again_without_a_word_changes_nothing(node: Node) -> None:
    assert not node.join()
    assert node.done == [f"ask {MASTER}", "start"]
    assert node.now == node.known


def test_an_agent_starts_anew_with_what_was_said(node: Node) -> None:
    assert node.join(node_ip="10.0.0.8")
    assert node.done == [f"ask {MASTER}", "stop", "start"]
    assert node.now == msgspec.structs.replace(node.known, node_ip="10.0.0.8")


def test_a_kubelets_configuration_that_has_changed_is_read_again(node: Node) -> None:
    Path(node.known.kubelet_config).write_text("kind: KubeletConfiguration\nmaxPods: 9\n")
    assert node.join()
    assert "stop" in node.done
    Path(node.known.kubelet_config).write_text("kind: Pod\n")
    with pytest.raises(ClusterError, match="is no KubeletConfiguration"):
        node.join()
    assert "stop" not in node.done


def test_what_does_not_work_out_leaves_the_node_as_it_was(node: Node) -> None:
    node.fails = True
    with pytest.raises(KeyboardInterrupt):
        node.join(node_ip="10.0.0.8")
    assert node.done == [f"ask {MASTER}", "stop", "start", "begin"]
    assert node.now == node.known


def test_a_node_follows_its_master_to_another_address_and_port(node: Node) -> None:
    node.told = lambda: Membership("m", 7444, "", "")
    assert node.join(master=ELSEWHERE)
    assert node.done == [f"ask {ELSEWHERE}", "stop", "start"]
    assert node.now == msgspec.structs.replace(node.known, master=ELSEWHERE, agent_port=7444)


def away() -> Membership:
    raise ClusterError("It is away.")


@pytest.mark.parametrize("told", [away, lambda: Membership("other", 6444, "", "")])
def test_a_node_does_not_follow_another_master(node: Node, told: Callable[[], Membership]) -> None:
    node.told = told
    with pytest.raises(ClusterError, match=r"`mk8s leave` before you join another"):
        node.join(master=ELSEWHERE)
    assert node.now == node.known
    assert "stop" not in node.done


def test_a_machine_that_joins_anew_keeps_what_it_had(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Wish] = []
    monkeypatch.setattr(joined, "ended", lambda _: True)
    monkeypatch.setattr(enrolling, "stop", lambda *_: None)
    monkeypatch.setattr(enrolling, "_enroll", lambda _, wish, *__: seen.append(wish) or node.known)
    node.join(token="abcdef.0123456789abcdef")
    assert [one.node_ip for one in seen] == ["10.0.0.7"]
    with pytest.raises(ClusterError, match="leave that with `mk8s leave` before you join"):
        node.join(master=ELSEWHERE)

"""What keeps a machine from joining, and that all of it is told at once."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from minikube8s.cluster.checkup.findings import Examination, Finding, Mark
from minikube8s.cluster.config import Home
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.membership import enrolling, joinchecks, joined, joining
from minikube8s.cluster.membership.joinchecks import Checks, Identity
from minikube8s.cluster.membership.wishes import Wish

OWN = Identity("m1", "u1")


def node(
    name: str, *, ready: bool = True, master: bool = False, own: Identity = OWN, ip: str = ""
) -> dict[str, Any]:
    labels = {"node-role.kubernetes.io/control-plane": ""} if master else {}
    status = {
        "conditions": [{"type": "Ready", "status": "True" if ready else "Unknown"}],
        "nodeInfo": {"machineID": own.machine_id, "systemUUID": own.system_uuid},
        "addresses": [{"type": "Hostname", "address": name}, {"type": "InternalIP", "address": ip}],
    }
    return {"metadata": {"name": name, "labels": labels}, "status": status}


def test_nothing_of_a_former_node_is_left_behind_by_another_one() -> None:
    assert joinchecks.former("c", "w1", "c", "w1") == ""
    for cluster, name in (("d", "w1"), ("c", "w2")):
        said = joinchecks.former("c", "w1", cluster, name)
        assert_said(said, f"been node w1 of the cluster c, .* node {name} of the cluster {cluster}")
        assert "`mk8s down --purge`" in said


OTHER = Identity("m1", "u2")
"""A clone: its hardware tells it apart."""


@pytest.mark.parametrize(
    ("nodes", "replace", "told"),
    [
        ([], False, ""),
        ([node("w2")], False, ""),
        ([{"metadata": {"name": "w1"}}], False, "another machine's node, which is not Ready now"),
        ([node("w1", master=True)], True, "the master's own node: choose another name"),
        ([node("w1", master=True, ready=False)], True, "the master's own node"),
        (
            [node("w1")],
            True,
            "already, and Ready.*`mk8s leave` there.*If that has been this machine",
        ),
        ([node("w1", own=OTHER)], True, r"already, and Ready.*`mk8s leave` there\.$"),
        ([node("w1", ready=False)], False, ""),
        ([node("w1", ready=False, own=OTHER)], True, ""),
        (
            [node("w1", ready=False, own=OTHER)],
            False,
            "another machine's node, which is not Ready now.*--replace.*`kubectl delete node w1`"
            ".*--node-name",
        ),
    ],
)
def test_a_name_is_given_to_one_machine(
    nodes: Sequence[dict[str, Any]], replace: bool, told: str
) -> None:
    said = joinchecks.name_among("w1", nodes, OWN, replace=replace)
    assert_said(said, told)


def test_machines_that_nothing_tells_apart_are_not_taken_for_one() -> None:
    unknown = Identity("", "")
    away = node("w1", ready=False, own=unknown)
    assert_said(joinchecks.name_among("w1", [away], unknown, replace=False), "--replace")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("worker1", ""),
        ("worker1.lab.example", ""),
        ("localhost", "hostnamectl set-hostname worker1.*--node-name"),
        ("localhost.localdomain", "hostnamectl set-hostname worker1.*--node-name"),
        ("Worker_1", "must consist of lower-case letters.*--node-name"),
    ],
)
def test_a_name_of_every_machine_or_none_is_refused(name: str, told: str) -> None:
    assert_said(joinchecks.name_itself(name), told)


@pytest.mark.parametrize(
    ("own", "nodes", "told"),
    [
        ("192.0.2.7", [node("w2", ip="192.0.2.8")], ""),
        ("192.0.2.7", [node("w1", ip="192.0.2.7"), {"metadata": {"name": "made by hand"}}], ""),
        ("", [], ""),
        ("127.0.0.1", [], "each reaches itself: name the master"),
        (
            "10.0.2.15",
            [node("w2", ip="10.0.2.15")],
            r"address 10\.0\.2\.15 is that of the node w2, too.*--node-ip \(this machine has "
            r"10\.0\.2\.15, 192\.168\.56\.11\)\.$",
        ),
        ("10.0.2.15", [node("w2", ip="10.0.2.15", ready=False)], "`kubectl delete node w2`"),
    ],
)
def test_an_address_is_one_nodes_alone(
    own: str, nodes: Sequence[dict[str, Any]], told: str
) -> None:
    said = joinchecks.address(own, "w1", nodes, ["10.0.2.15", "192.168.56.11"])
    assert_said(said, told)


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        ("1.2.3", "1.2.9", ""),
        ("1.2.3", "", ""),
        ("1.2.3", "1.3.0", r"has mk8s 1\.2\.3 and the master 1\.3\.0: install 1\.3\.0 here"),
    ],
)
def test_master_and_node_have_one_version(ours: str, theirs: str, told: str) -> None:
    assert_said(joinchecks.version(ours, theirs), told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"sha256:{'aF' * 32}", ""),
        ("sha256:00", "is no hash of a CA"),
        ("0" * 64, "is no hash of a CA"),
    ],
)
def test_a_hash_is_written_whole(text: str, told: str) -> None:
    assert_said(joinchecks.pin(text), told)


def test_only_what_a_node_cannot_do_without_keeps_it_from_joining() -> None:
    seen = Examination(missing={"vxlan": "no", "netem": "no", "nft_masq": "no"})
    low = Finding(Mark.FAULT, "Only 12 MiB of memory.")
    (kernel, memory) = joinchecks.faults(seen, "6.1", [low, Finding(Mark.DOUBT, "hm")])
    assert "lacks nft_masq" in kernel
    assert memory == low.text
    (doubt,) = joinchecks.doubts(seen)
    assert "modprobe vxlan" in doubt
    assert joinchecks.doubts(Examination()) == []


def test_all_that_is_wrong_is_told_at_once_and_each_only_once() -> None:
    said: list[str] = []
    checks = Checks(said.append)
    with checks.step("fine"):
        pass
    checks.note("by the way")
    with checks.step("never"):
        raise ClusterError("One.")
    with pytest.raises(ClusterError, match=r"^One\.$"):
        checks.settle()
    with checks.step("never"):
        checks.add("", "Two.", "One.")
    with pytest.raises(ClusterError, match=r"^2 things keep .* joining:\n- One\.\n- Two\.$"):
        checks.settle()
    assert said == ["fine", "by the way"]


def test_a_machine_that_may_not_join_asks_nobody_for_a_certificate_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mistyped token, unreadable hash, bad name, no engine, foreign address: one run tells all."""
    home = Home(tmp_path / "node")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(enrolling.examining, "examine", Examination)
    monkeypatch.setattr(joining, "find", lambda *_: pytest.fail("asked"))
    wish = Wish(
        "10.0.0.5:6443", "abc", ("sha256:1",), "localhost", "unix:///nowhere", "", "203.0.113.250"
    )
    with pytest.raises(ClusterError) as caught:
        enrolling.join(home, wish, print)
    told = str(caught.value)
    for part in (
        "the token, of length 3, is not a token: one reads like abcdef.0123456789abcdef",
        "'sha256:1' is no hash of a CA",
        "This machine's name is localhost",
        "No Docker engine answers at unix:///nowhere",
        "This machine has no address 203.0.113.250",
    ):
        assert part in told
    assert "abc," not in told
    assert told.count("\n- ") >= 5
    assert not home.path.exists()
    assert joined.load(home) is None


def assert_said(said: str, pattern: str) -> None:
    """What is said matches, and where nothing is expected nothing is said."""
    assert bool(said) == bool(pattern), said
    assert re.search(pattern, said), said

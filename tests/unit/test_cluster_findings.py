"""What `mk8s doctor` makes of what it sees."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

import pytest

from minikube8s.cluster.checkup import findings, networks
from minikube8s.cluster.checkup.findings import Examination, Mark
from minikube8s.cluster.config import Settings
from minikube8s.kit.localroutes import parse

LAB_TAKEN = """\
Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
eth0 007BA8C0 00000000 0001 0 0 0 00FFFFFF 0 0 0
"""


def marks(found: Any) -> str:
    return "".join(finding.mark.value for finding in found)


def text(found: Any) -> str:
    return "\n".join(finding.text for finding in found)


def test_a_kernel_without_what_services_need_is_a_fault_and_the_rest_a_doubt() -> None:
    assert marks(findings.of_kernel(Examination(), "6.1")) == "✓"
    lacking = Examination(missing={"nft_masq": "no", "sctp": "no", "netem": "no"})
    found = list(findings.of_kernel(lacking, "6.1"))
    assert marks(found) == "✗!!"
    assert "`modprobe nft_masq`" in found[0].text
    assert "`mk8s lab delay`" in found[1].text
    assert "`modprobe sch_netem` may help" in found[1].text


def test_a_kernel_that_cannot_be_tried_is_a_fault() -> None:
    found = list(findings.of_kernel(Examination(problem="cannot make a namespace"), "6.1"))
    assert marks(found) == "✗"
    assert "cannot make a namespace" in found[0].text


@pytest.mark.parametrize(
    ("info", "mark"),
    [
        ({"ServerVersion": "20.10.24", "Driver": "overlay2", "CgroupDriver": "systemd"}, "✓"),
        ({"ServerVersion": "19.03.1", "Driver": "overlay2", "CgroupDriver": "systemd"}, "!"),
        ({"ServerVersion": "20.9.9", "Driver": "overlay2", "CgroupDriver": "systemd"}, "!"),
        ({"ServerVersion": "27.1.0", "Driver": "vfs", "CgroupDriver": "cgroupfs"}, "!"),
        ({"ServerVersion": "27.1.0", "Driver": "devicemapper"}, "!"),
        ({"ServerVersion": "27.1.0", "Driver": "aufs"}, "!"),
        ({"ServerVersion": "27.1.0", "SecurityOptions": ["name=seccomp"]}, "✓"),
        ({"ServerVersion": "27.1.0", "Driver": "overlay2", "CgroupDriver": "none"}, "!"),
        ({}, "✓"),
    ],
)
def test_an_engine_is_told_with_what_slows_it(info: dict[str, Any], mark: str) -> None:
    assert marks(findings.of_engine(info)) == mark


def test_a_taken_lab_network_matters_only_with_a_lab() -> None:
    taken = networks.used([], parse(LAB_TAKEN))
    wanted = networks.wanted(Settings(lab=True))
    assert marks(findings.of_networks(wanted, taken, lab=True)) == "✗"
    found = list(findings.of_networks(wanted, taken, lab=False))
    assert marks(found) == "!"
    assert "--lab-cidr or MK8S_LAB_CIDR, for example 192.168.124.0/24" in text(found)
    assert marks(findings.of_networks(wanted, [], lab=False)) == "✓"
    # with another network of the cluster's own; what lies far behind a gateway does no harm
    within = networks.wanted(Settings(lab=True, lab_cidr="10.96.1.0/24"))
    assert marks(findings.of_networks(within, [], lab=False)) == "!"
    assert marks(findings.of_networks(within, [], lab=True)) == "✗"
    far = [networks.Used(IPv4Network("10.0.0.0/8"), "eth0 has a route to 10.0.0.0/8", hidden=True)]
    assert marks(findings.of_networks(wanted, far, lab=True)) == "!!"


@pytest.mark.parametrize(("free", "mark"), [(100 << 20, "✗"), (1 << 30, "!"), (5 << 30, "✓")])
def test_a_full_disk_is_told(free: int, mark: str) -> None:
    found = findings.of_disk("/var", free)
    assert found.mark.value == mark
    assert f"{free >> 20} MiB free in /var" in found.text
    state = {"✓": "ok", "!": "warn", "✗": "fail"}[mark]
    assert found.shape() == {"check": "", "state": state, "message": found.text}


def test_low_inotify_limits_are_told_with_the_command_that_raises_them() -> None:
    found = findings.of_inotify({"max_user_instances": 8, "max_user_watches": 100000})
    assert found.mark is Mark.DOUBT
    assert "sysctl -w fs.inotify.max_user_instances=128`" in found.text
    both = findings.of_inotify({"max_user_instances": 8, "max_user_watches": 100})
    raised = "fs.inotify.max_user_instances=128 fs.inotify.max_user_watches=16384`"
    assert f"`sysctl -w {raised}" in both.text
    assert findings.of_inotify({}).mark is Mark.FINE


def test_no_resolver_and_firewalls_in_the_way_are_doubts() -> None:
    assert findings.of_resolvers(Examination()).mark is Mark.DOUBT
    assert findings.of_resolvers(Examination(resolvers=["192.0.2.53"])).mark is Mark.FINE
    taken = findings.of_resolvers(Examination(resolvers=["192.0.2.53"], names_taken=True))
    assert taken.mark is Mark.DOUBT
    assert taken.text.startswith("Another program has port 53 on all addresses")
    named = findings.of_resolvers(Examination(names_taken=True), "dnsmasq (process 812)")
    assert named.text.startswith("dnsmasq (process 812) has port 53")
    seen = Examination(obstacles=["the nftables chain x drops"])
    assert text(findings.of_firewall(seen)) == "The nftables chain x drops."
    assert marks(findings.of_firewall(Examination())) == "✓"
    assert marks(findings.of_firewall(Examination("no netlink"))) == ""


@pytest.mark.parametrize(
    ("info", "words"),
    [
        ({"OperatingSystem": "Docker Desktop"}, "virtual machine"),
        ({"SecurityOptions": ["name=seccomp", "name=rootless"]}, "rootless"),
    ],
)
def test_an_engine_whose_containers_are_out_of_reach_is_a_fault(
    info: dict[str, Any], words: str
) -> None:
    (told,) = findings.of_engine({"ServerVersion": "27.1.0", "Driver": "overlay2", **info})
    assert told.mark is Mark.FAULT and words in told.text


def test_what_a_boot_would_not_start_is_told() -> None:
    assert list(findings.of_boots({"master": None})) == []
    (fine,) = findings.of_boots({"master": True, "agent": True})
    assert (fine.mark, fine.text) == (Mark.FINE, "systemd starts master, agent after a boot")
    (doubt,) = findings.of_boots({"master": True, "agent": False})
    assert doubt.mark is Mark.DOUBT
    assert "does not start agent after a boot" in doubt.text

"""What `mk8s doctor`, and in part `up`, make of the machine itself."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

import pytest

from minikube8s.cluster.checkup import machine, machinefindings, preflight
from minikube8s.cluster.checkup.findings import Finding, Mark
from minikube8s.cluster.checkup.machine import Machine
from minikube8s.cluster.config import Settings
from minikube8s.cluster.errors import ClusterError

MIB = 1 << 20
CONTROLLERS = ("cpu", "memory", "pids")
NETWORKS = [IPv4Network("10.244.0.0/16"), IPv4Network("10.96.0.0/12")]


@pytest.mark.parametrize(
    ("found", "engine", "mark", "words"),
    [
        (Machine(cgroups=2, controllers=CONTROLLERS), {}, Mark.FINE, "version 2"),
        (Machine(cgroups=0), {}, Mark.FAULT, "/sys/fs/cgroup"),
        (Machine(cgroups=2, controllers=("cpu", "pids")), {}, Mark.DOUBT, "cgroup_enable=memory"),
        (
            Machine(cgroups=1, controllers=CONTROLLERS),
            {"MemoryLimit": False},
            Mark.DOUBT,
            "docker info",
        ),
    ],
)
def test_control_groups_are_told_with_what_is_lost_without_them(
    found: Machine, engine: dict[str, Any], mark: Mark, words: str
) -> None:
    told = machinefindings.of_cgroups(found, engine)
    assert told.mark is mark and words in told.text


def test_low_limits_of_open_files_are_told_with_the_command_that_raises_them() -> None:
    assert machinefindings.of_open_files(Machine(open_files=-1)).mark is Mark.FINE
    told = machinefindings.of_open_files(Machine(open_files=256))
    assert told.mark is Mark.DOUBT and "`ulimit -n 4096`" in told.text
    whole = machinefindings.of_open_files(Machine(open_files=1 << 20, file_table=1000))
    assert "sysctl -w fs.file-max=" in whole.text


@pytest.mark.parametrize(("left", "mark"), [(64, "✗"), (256, "!"), (4096, "✓")])
def test_little_memory_is_told(left: int, mark: str) -> None:
    found = Machine(memory=8192 * MIB, available=left * MIB)
    assert machinefindings.of_memory(found).mark.value == mark


def test_up_is_refused_where_the_daemons_would_take_the_last_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("require_engine", "require_own_name", "require_ports"):
        monkeypatch.setattr(preflight, name, lambda _: None)
    small = Machine(memory=512 * MIB, available=64 * MIB)
    monkeypatch.setattr(preflight.machine, "read", lambda _: small)
    with pytest.raises(ClusterError, match=r"64 MiB of 512 MiB .*give the machine more\.$"):
        preflight.check(Settings(node_name="one"), new=False, ports=True, agent=True, lab=False)


def test_swap_is_a_doubt_only_where_the_engine_cannot_keep_containers_out_of_it() -> None:
    swapping = Machine(swap=512 * MIB)
    assert machinefindings.of_swap(Machine(), {"SwapLimit": False}).mark is Mark.FINE
    assert machinefindings.of_swap(swapping, {"SwapLimit": True}).mark is Mark.FINE
    assert "`swapoff -a`" in machinefindings.of_swap(swapping, {"SwapLimit": False}).text


def test_a_clock_that_nobody_keeps_matters_only_with_other_machines() -> None:
    adrift = Machine(clock_kept=False)
    assert machinefindings.of_clock(adrift, others=False).mark is Mark.FINE
    assert machinefindings.of_clock(adrift, others=True).mark is Mark.DOUBT
    assert machinefindings.of_clock(Machine(clock_kept=True), others=True).mark is Mark.FINE


@pytest.mark.parametrize(
    ("found", "options", "words"),
    [
        (Machine(selinux="enforcing"), ["name=selinux"], ""),
        (Machine(selinux="enforcing"), [], "selinux-enabled"),
        (Machine(apparmor=True), ["name=apparmor"], ""),
        (Machine(apparmor=True), ["name=seccomp"], "install the package apparmor"),
        (Machine(), [], ""),
    ],
)
def test_security_modules_that_the_engine_does_not_know_are_doubts(
    found: Machine, options: list[str], words: str
) -> None:
    told = machinefindings.of_security(found, {"SecurityOptions": options})
    assert told.mark is (Mark.DOUBT if words else Mark.FINE)
    assert words in told.text


@pytest.mark.parametrize(
    ("found", "mark"),
    [
        (Machine(kernel="Linux version 6.1.0"), Mark.FINE),
        (Machine(kernel="Linux version 4.4.0-19041-Microsoft"), Mark.FAULT),
        (Machine(kernel="Linux version 5.15-microsoft-standard-WSL2"), Mark.DOUBT),
        (Machine(inside="docker"), Mark.DOUBT),
    ],
)
def test_where_this_runs_is_told(found: Machine, mark: Mark) -> None:
    assert machinefindings.of_surroundings(found).mark is mark


def test_firewalls_that_are_on_are_told_with_the_command_that_lets_pods_through() -> None:
    found = Machine(firewalls=("firewalld", "ufw"))
    firewalld, ufw = machinefindings.of_firewalls(found, "10.244.0.0/16,fd00::/56")
    assert "--add-source=10.244.0.0/16;" in firewalld.text
    assert "`ufw allow from 10.244.0.0/16;" in ufw.text
    assert not list(machinefindings.of_firewalls(Machine(), "10.244.0.0/16"))


def proxied(engine: dict[str, Any], api: str = "127.0.0.1", **variables: str) -> list[Finding]:
    found = Machine(proxies=variables)
    return list(machinefindings.of_proxies(found, engine, api, NETWORKS))


def test_a_proxy_that_would_be_asked_for_the_clusters_addresses_is_told() -> None:
    assert [one.mark for one in proxied({})] == [Mark.FINE]
    (told,) = proxied({}, HTTPS_PROXY="http://proxy:3128", no_proxy="localhost")
    assert told.mark is Mark.DOUBT
    assert "`export NO_PROXY=localhost,10.244.0.0/16,10.96.0.0/12`" in told.text
    spared = "10.0.0.0/8"
    assert proxied({}, https_proxy="http://p", NO_PROXY=spared)[0].mark is Mark.FINE
    (far,) = proxied({}, api="192.0.2.1", https_proxy="http://p", NO_PROXY=spared)
    assert "NO_PROXY=10.0.0.0/8,192.0.2.1`" in far.text


def test_an_engine_without_the_proxy_that_the_environment_has_is_a_doubt() -> None:
    variables = {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "*"}
    marks = [one.mark for one in proxied({"ServerVersion": "27"}, **variables)]
    assert marks == [Mark.FINE, Mark.DOUBT]
    assert len(proxied({"HttpsProxy": "http://proxy:3128"}, **variables)) == 1


def test_a_finding_as_json_has_a_word_that_stays_and_a_state() -> None:
    told = Finding(Mark.DOUBT, "Swap.", "swap")
    assert told.shape() == {"check": "swap", "state": "warn", "message": "Swap."}


def test_this_machine_can_be_read() -> None:
    found = machine.read({"HTTPS_PROXY": "http://proxy", "HOME": "/root"})
    assert found.memory > found.available > 0
    assert found.open_files and found.kernel.startswith("Linux")
    assert found.proxies == {"HTTPS_PROXY": "http://proxy"}

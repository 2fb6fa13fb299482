"""A cluster that systemd runs: daemons and workloads come back whatever ends them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support.installed import (
    HOME,
    UNITS,
    WEB,
    apply,
    daemons,
    enabled,
    ready,
    supervised,
    units,
    with_images,
)
from tests.support.manifests import container, deployment, pod
from tests.support.systemdmachine import MK8S, SystemdMachine, machine_bridge, systemd_machine
from tests.support.wait import until

BOTH = ["mk8s-agent.service", "mk8s-master.service"]
TELLING = "trap 'echo ended >>/told/ends; exit 0' TERM; sleep 9999 & wait"


@pytest.fixture(scope="module")
def machine() -> Iterator[SystemdMachine]:
    """One machine for all tests in here, which leave its cluster installed and running."""
    with (
        machine_bridge("installed", "192.168.56.1/24") as bridge,
        systemd_machine("alone", bridge, "192.168.56.10/24", gateway="192.168.56.1") as made,
    ):
        with_images(made)
        made.mk8s("up", "--listen", "0.0.0.0").ok()
        apply(made, WEB)
        before = ready(made)
        assert "mk8s-master.service written" in made.mk8s("install").ok()
        assert ready(made) == before
        yield made


def test_install_takes_daemons_over_that_run_and_may_be_repeated(machine: SystemdMachine) -> None:
    assert units(machine) == enabled(machine) == BOTH
    assert daemons(machine) == supervised(machine)
    assert len(daemons(machine)) == 2
    assert machine.mk8s("install").ok() == "systemd runs the daemons already.\n"
    assert "up already" in machine.mk8s("up").ok()
    assert "systemd starts master, agent after a boot" in machine.mk8s("doctor").out
    assert "systemd runs these daemons, and starts them after a boot" in machine.mk8s("status").ok()
    said = machine.run("systemd-analyze", "verify", *(f"{UNITS}/{unit}" for unit in BOTH))
    assert (said.code, said.err) == (0, "")


def test_a_daemon_that_is_killed_comes_back_and_pods_do_not_notice(machine: SystemdMachine) -> None:
    containers, before = ready(machine), daemons(machine)
    machine.run("kill", "-9", *before.values()).ok()
    after = until(
        "both run again",
        lambda: len(now := daemons(machine)) == 2 and not set(now.values()) & set(before.values())
        and now,
        30,
    )  # fmt: skip
    assert after == supervised(machine)
    until("the API answers", lambda: machine.mk8s("status").code == 0, 30)
    assert ready(machine) == containers


def test_what_keeps_a_daemon_from_starting_is_its_own_sentence(machine: SystemdMachine) -> None:
    machine.mk8s("down").ok()
    machine.shell(f"cd {HOME}/master && mv state.db right && echo no database >state.db").ok()
    said = machine.mk8s("up").fails()
    assert "state.db" in said
    assert "Job for" not in said
    assert not daemons(machine)
    for unit in BOTH:
        assert machine.run("systemctl", "is-active", unit).out.strip() in ("inactive", "failed")
    assert not enabled(machine)
    machine.shell(f"cd {HOME}/master && rm -f state.db* && mv right state.db").ok()
    machine.mk8s("up").ok()
    assert len(ready(machine)) == 2


def test_when_systemd_cannot_run_the_daemons_they_run_on_as_before(machine: SystemdMachine) -> None:
    machine.mk8s("uninstall").ok()
    before, containers = daemons(machine), ready(machine)
    drop = f"{UNITS}/mk8s-agent.service.d"
    machine.shell(
        f"mkdir {drop} && printf '[Service]\\nExecStart=\\nExecStart=false\\n' >{drop}/a.conf"
    )
    assert "journalctl -u mk8s-agent.service" in machine.mk8s("install").fails()
    assert not units(machine)
    assert set(daemons(machine)) == set(before)
    machine.run("rm", "-r", drop).ok()
    machine.mk8s("install").ok()
    assert daemons(machine) == supervised(machine)
    assert ready(machine) == containers


@pytest.mark.parametrize("seconds", ["0.6", "1.2"])
def test_up_finishes_an_install_that_was_killed(machine: SystemdMachine, seconds: str) -> None:
    machine.mk8s("uninstall").ok()
    containers = ready(machine)
    machine.run("timeout", "-s", "KILL", seconds, str(MK8S), "install")
    machine.mk8s("up").ok()
    machine.mk8s("install").ok()
    assert daemons(machine) == supervised(machine)
    assert enabled(machine) == BOTH
    assert ready(machine) == containers


@pytest.mark.parametrize(
    ("verb", "seconds"),
    [("uninstall", "0.5"), ("uninstall", "1.4"), ("install", "0.6"), ("install", "1.2")],
)
def test_ctrl_c_leaves_the_daemons_running(
    machine: SystemdMachine, verb: str, seconds: str
) -> None:
    other = {"install": "uninstall", "uninstall": "install"}[verb]
    machine.mk8s(other)
    containers = ready(machine)
    machine.run("timeout", "-s", "INT", seconds, str(MK8S), verb)
    assert len(daemons(machine)) == 2
    assert machine.mk8s("status").code == 0
    machine.mk8s("install").ok()
    assert daemons(machine) == supervised(machine)
    assert ready(machine) == containers


def test_after_down_a_boot_starts_nothing_and_after_up_it_does(machine: SystemdMachine) -> None:
    machine.mk8s("down").ok()
    assert units(machine) == BOTH
    assert not enabled(machine)
    machine.reboot()
    assert not daemons(machine)
    machine.mk8s("up").ok()
    assert enabled(machine) == BOTH
    assert daemons(machine) == supervised(machine)
    assert len(ready(machine)) == 2


def test_only_when_the_machine_goes_down_pods_end_in_order_and_a_boot_brings_all_back(
    machine: SystemdMachine,
) -> None:
    mount = {"name": "told", "mountPath": "/told"}
    teller = deployment("teller", 1, container("sh", "-c", TELLING, volumeMounts=[mount]))
    place = {"name": "told", "hostPath": {"path": "/srv", "type": "Directory"}}
    teller["spec"]["template"]["spec"]["volumes"] = [place]
    apply(machine, teller, pod("bare"))
    machine.mk8s("rollout", "status", "deployment/teller").ok()
    machine.mk8s("wait", "--for=condition=Ready", "pod/bare").ok()
    machine.run("systemctl", "restart", "mk8s-agent").ok()
    log = f"{HOME}/logs/agent.log"
    assert "pods keep running" in machine.shell(f"grep stopped {log} | tail -1").ok()
    assert machine.run("cat", "/srv/ends").code != 0
    before = ready(machine)
    # the machine gets another address meanwhile
    machine.address = "192.168.56.20/24"
    machine.reboot()
    assert machine.run("cat", "/srv/ends").ok() == "ended\n"
    assert "the pods have ended" in machine.shell(f"grep stopped {log} | tail -1").ok()
    until("the cluster is back", lambda: machine.mk8s("get", "nodes").code == 0)
    assert not set(ready(machine)) & set(before)
    machine.mk8s("rollout", "status", "deployment/teller").ok()
    machine.mk8s("wait", "--for=condition=Ready", "pod/bare").ok()
    assert "Running" in machine.mk8s("get", "pod", "bare").ok()
    machine.mk8s("delete", "deployment/teller", "pod/bare", "--now").ok()
    (node,) = json.loads(machine.mk8s("get", "nodes", "-o", "json").ok())["items"]
    assert {"type": "InternalIP", "address": "192.168.56.20"} in node["status"]["addresses"]
    # its certificate names the new address
    asked = f"curl -sS --cacert {HOME}/pki/ca.crt https://192.168.56.20:6443/version"
    assert "gitVersion" in machine.shell(asked).ok()


def test_a_machine_whose_plug_is_pulled_has_its_pods_back_also_in_the_middle_of_an_install(
    machine: SystemdMachine,
) -> None:
    machine.mk8s("uninstall").ok()
    machine.shell(f"{MK8S} install >/dev/null 2>&1 &").ok()
    until("a boot would start all", lambda: enabled(machine) == BOTH)
    machine.cut_power()
    machine.start()
    until("the cluster is back", lambda: machine.mk8s("status").code == 0, 60)
    assert daemons(machine) == supervised(machine)
    assert len(ready(machine)) == 2


def test_uninstall_lets_the_cluster_run_on_and_purge_leaves_no_unit(
    machine: SystemdMachine,
) -> None:
    before = ready(machine)
    assert "mk8s-agent.service removed" in machine.mk8s("uninstall").ok()
    assert "nothing to uninstall" in machine.mk8s("uninstall").ok()
    assert not units(machine)
    assert len(daemons(machine)) == 2
    assert ready(machine) == before
    machine.mk8s("install").ok()
    assert daemons(machine) == supervised(machine)
    machine.mk8s("down", "--purge").ok()
    assert not units(machine)
    assert not enabled(machine)
    assert machine.run("ls", HOME).code != 0
    assert "mk8s" not in machine.run("systemctl", "list-units", "--all", "--plain").ok()
    assert "There is no cluster" in machine.mk8s("install").fails()

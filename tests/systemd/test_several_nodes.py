"""Clusters of several nodes come back after boots: a lab on one machine, machines that joined."""

from __future__ import annotations

import json
from typing import Any

from tests.support.cluster import is_ready
from tests.support.installed import (
    HOME,
    WEB,
    apply,
    daemons,
    enabled,
    ready,
    supervised,
    units,
    with_images,
)
from tests.support.systemdmachine import SystemdMachine, machine_bridge, systemd_machine
from tests.support.wait import until

MASTER, WORKER, MOVED = "192.168.56.10", "192.168.56.11", "192.168.56.12"


def test_a_lab_comes_back_with_a_unit_for_each_agent_and_goes_without_a_trace() -> None:
    with systemd_machine("lab") as machine:
        with_images(machine)
        machine.mk8s("up", "--nodes", "2").ok()
        apply(machine, WEB)
        ready(machine)
        # a node that is cut off reaches no master, whoever runs its agent
        machine.mk8s("lab", "cut", "node2").ok()
        machine.mk8s("install").ok()
        machine.mk8s("lab", "heal", "node2").ok()
        until("all run", lambda: len(daemons(machine)) == 3)
        machine.mk8s("node", "add").ok()
        daemon_names = ("agent", "agent-node2", "agent-node3", "master")
        four = sorted(f"mk8s-{name}.service" for name in daemon_names)
        assert sorted(units(machine)) == sorted(enabled(machine)) == four
        machine.reboot()
        until("all nodes are Ready", lambda: nodes(machine) == {"node1", "node2", "node3"}, 60)
        assert daemons(machine) == supervised(machine)
        ready(machine)
        machine.mk8s("node", "remove", "node3", "--force").ok()
        assert "mk8s-agent-node3.service" not in units(machine)

        # what its home knew of all that is lost; pods keep some of it in use
        place = f"{HOME}/nodes/node2/memory"
        mounted = f"mountpoint -q {place} || mount -t tmpfs none {place}"
        machine.shell(f"rm -rf {HOME}; mkdir -p {place} && ({mounted})").ok()
        assert "say --yes" in machine.mk8s("reset").fails()
        assert "agent-node2.service" in machine.mk8s("reset", "--yes").ok()
        assert not units(machine)
        assert "mk8s" not in machine.run("ip", "-o", "link").ok()
        assert not machine.run("ip", "netns").ok()
        assert "mk8s" not in machine.run("nft", "list", "tables").out
        assert not machine.run("docker", "ps", "--all", "--quiet").ok()
        assert machine.run("ls", HOME).code != 0
        assert "Nothing of mk8s is on this machine" in machine.mk8s("reset").ok()


def test_a_joined_machine_comes_back_before_its_master_and_with_another_address() -> None:
    with (
        machine_bridge("several", "192.168.56.1/24") as bridge,
        systemd_machine("master", bridge, f"{MASTER}/24") as master,
        systemd_machine("worker", bridge, f"{WORKER}/24") as worker,
    ):
        with_images(worker)
        master.mk8s("up", "--listen", MASTER).ok()
        master.mk8s("install").ok()
        _, *words = master.mk8s("token", "create", "--print-join-command").ok().split()
        worker.mk8s(*words).ok()
        worker.mk8s("install").ok()
        assert units(worker) == enabled(worker) == ["mk8s-agent.service"]
        assert daemons(worker) == supervised(worker)
        master.mk8s("cordon", "master").ok()
        apply(master, WEB)
        ready(master)

        # the worker boots while there is no master, and is somewhere else now
        master.power_off()
        worker.address = f"{MOVED}/24"
        worker.reboot()
        assert worker.run("systemctl", "is-system-running").out.strip() == "running"
        assert list(daemons(worker)) == ["agent"]
        assert "asks for its master" in worker.mk8s("uninstall").ok()
        assert list(daemons(worker)) == ["agent"]
        assert "asks for its master" in worker.mk8s("install").ok()
        until("systemd runs it", lambda: supervised(worker) == daemons(worker) != {})
        assert enabled(worker) == ["mk8s-agent.service"]
        master.start()
        until("both are Ready", lambda: nodes(master) == {"master", "worker"}, 60)
        until("the worker is where it is", lambda: address(master, "worker") == MOVED)
        ready(master)

        # a boot of the master alone moves nothing
        before = ready(master)
        master.reboot()
        until("both are Ready", lambda: nodes(master) == {"master", "worker"}, 60)
        assert ready(master) == before
        until("the worker's agent is back", lambda: executes(master), 60)

        worker.mk8s("leave").ok()
        assert not units(worker)
        assert worker.run("ls", HOME).code != 0
        # a machine that is reset has no unit, whatever its home looks like
        master.shell(f"echo damaged >{HOME}/settings.json").ok()
        master.mk8s("reset", "--yes").ok()
        assert not units(master)
        assert master.run("ls", HOME).code != 0


def executes(machine: SystemdMachine) -> bool:
    """Whether the API reaches the node of the workload."""
    return machine.mk8s("exec", "deployment/web", "--", "true").code == 0


def _nodes(machine: SystemdMachine) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(machine.mk8s("get", "nodes", "-o", "json").ok())[
        "items"
    ]
    return items


def nodes(machine: SystemdMachine) -> set[str]:
    """The names of nodes that are Ready."""
    return {one["metadata"]["name"] for one in _nodes(machine) if is_ready(one)}


def address(machine: SystemdMachine, node: str) -> str:
    """A node's InternalIP."""
    (found,) = [one for one in _nodes(machine) if one["metadata"]["name"] == node]
    addresses = {one["type"]: one["address"] for one in found["status"]["addresses"]}
    return str(addresses["InternalIP"])

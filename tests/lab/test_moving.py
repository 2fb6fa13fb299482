"""A master's machine whose addresses come and go while it runs."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from tests.support import netlab
from tests.support.cluster import Cluster, is_ready
from tests.support.engine import PrivateEngine
from tests.support.netmachine import Machine
from tests.support.wait import until

FIRST, NEXT, ONE_MORE = "172.30.78.1", "172.30.78.5", "172.30.78.6"
PORT = 13443


@pytest.fixture(scope="module")
def machine(engine: PrivateEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    home = tmp_path_factory.mktemp("moving") / "mk8s"
    with netlab.empty_space() as space:
        with netlab.inside(space):
            netlab.run("ip link set lo up")
            netlab.run("ip link add eth0 type veth peer name eth1")
            netlab.run(f"ip addr add {FIRST}/24 dev eth0")
            netlab.run("ip link set eth0 up")
            netlab.run("ip link set eth1 up")
        settings = Cluster.beside(3, home, engine).settings | {"MK8S_NODE_NAME": "moving"}
        made = Machine(home, engine, settings, space)
        try:
            made.mk8s("up", "--listen", "0.0.0.0").ok()
            yield made
        finally:
            made.mk8s("down", "--purge")


def answers(machine: Machine, address: str) -> bool:
    """Whether the API's certificate names the address."""
    url = f"https://{address}:{PORT}/version"
    done = machine.run(["curl", "-sS", "-m", "5", "--cacert", f"{machine.home}/pki/ca.crt", url])
    return '"major"' in done.out


def told(machine: Machine) -> list[str]:
    """Where others are told that the API is: pods, in two ways, and machines that join."""
    old = machine.get("endpoints", "kubernetes")["subsets"][0]["addresses"]
    slices = machine.get("endpointslices", "-l", "kubernetes.io/service-name=kubernetes")["items"]
    info = machine.get("configmap", "cluster-info", "-n", "kube-public")["data"]["kubeconfig"]
    server = next(line.split()[1] for line in info.splitlines() if "server:" in line)
    ends = [one["ip"] for one in old] + [one["endpoints"][0]["addresses"][0] for one in slices]
    return [*ends, server.removeprefix("https://").removesuffix(f":{PORT}")]


def authority(machine: Machine) -> str:
    info = machine.get("configmap", "cluster-info", "-n", "kube-public")["data"]["kubeconfig"]
    return next(line.split()[1] for line in info.splitlines() if "authority-data" in line)


def test_a_master_that_listens_everywhere_follows_its_machine(machine: Machine) -> None:
    running = machine.daemons()
    assert answers(machine, FIRST) and told(machine) == [FIRST] * 3
    machine.readdress(FIRST, NEXT)
    until("others are told", lambda: told(machine) == [NEXT] * 3, 30)
    assert answers(machine, NEXT)
    with netlab.inside(machine.space):
        netlab.run(f"ip addr add {ONE_MORE}/24 dev eth0")
    until("it is named, too", lambda: answers(machine, ONE_MORE), 30)
    assert told(machine) == [NEXT] * 3 and answers(machine, NEXT)
    until("the node is Ready", lambda: is_ready(machine.get("node", "moving")), 30)
    assert machine.daemons() == running
    ca = (machine.home / "pki" / "ca.crt").read_bytes()
    assert base64.b64decode(authority(machine)) == ca


def test_a_master_that_listens_on_an_address_that_goes_is_told_and_works_when_it_is_back(
    machine: Machine,
) -> None:
    machine.mk8s("down").ok()
    said = machine.mk8s("up", "--listen", "172.30.78.99").fails()
    assert "This machine has no address 172.30.78.99 for the master to listen on" in said
    machine.mk8s("up", "--listen", ONE_MORE).ok()
    running = machine.daemons()
    with netlab.inside(machine.space):
        netlab.run(f"ip addr del {ONE_MORE}/24 dev eth0")
    sentence = f"The master listens on {ONE_MORE}, which this machine has no more"
    status = machine.mk8s("status")
    assert status.code == 3 and sentence in status.out
    assert f"✗ {sentence}" in machine.mk8s("doctor").out
    with netlab.inside(machine.space):
        netlab.run(f"ip addr add {ONE_MORE}/24 dev eth0")
    until("all is well", lambda: machine.mk8s("status").code == 0, 60)
    until("the node is Ready", lambda: is_ready(machine.get("node", "moving")), 60)
    assert machine.daemons() == running

"""`mk8s reset` on a machine, which is a network namespace here, in all sorts of states."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.test_join import Machine
from tests.support import manifests, netlab
from tests.support.cluster import MK8S, Cluster
from tests.support.engine import PrivateEngine
from tests.support.manifests import SLEEP, container, pod
from tests.support.wait import until

NAME = "resetting"
NOWHERE = "unix:///nowhere"
SYSCTLS = Path("/proc/sys/net")
CHANGED = ("ipv4/ip_forward", "ipv6/conf/all/forwarding")
SETTINGS = (
    *CHANGED,
    "ipv4/conf/eth0/route_localnet",
    "ipv6/conf/all/disable_ipv6",
    "ipv6/conf/lo/disable_ipv6",
    "ipv6/conf/eth0/accept_ra",
)
ALONE = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs tmpfs /run/netns && exec "$@"', "sh"]
"""Before a reset of whatever is on the machine: labs of other tests are not on this one."""


@pytest.fixture(scope="module")
def machine(engine: PrivateEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    home = tmp_path_factory.mktemp("reset") / "mk8s"
    with netlab.empty_space() as space:
        with netlab.inside(space):
            netlab.run("ip link set lo up")
            netlab.run("ip link add eth0 type veth peer name eth1")
            netlab.run("ip addr add 172.30.78.1/24 dev eth0")
            netlab.run("ip link set eth0 up")
            netlab.run("ip link set eth1 up")
            # what a distribution may have chosen, and a node needs otherwise
            netlab.run("ip route add default dev eth0")
            for setting in CHANGED:
                (SYSCTLS / setting).write_text("0")
        beside = Cluster.beside(4, home, engine).settings
        settings = beside | {
            "MK8S_NAME": NAME,
            "MK8S_POD_CIDR": f"{beside['MK8S_POD_CIDR']},fd00:204::/48",
            "MK8S_SERVICE_CIDR": f"{beside['MK8S_SERVICE_CIDR']},fd00:194::/112",
        }
        found = Machine(home, engine, settings, space)
        try:
            yield found
        finally:
            found.mk8s("reset", "--yes", "--name", NAME)


@pytest.fixture
def before(machine: Machine) -> Iterator[dict[str, str]]:
    """The kernel as it was; a cluster with a pod has come since."""
    state = kernel(machine)
    machine.mk8s("up").ok()
    one = pod("one", container(*SLEEP, image="ubuntu:16.04"))
    machine.kubectl("apply", "-f", "-", input=manifests.text(one)).ok()
    until("it runs", lambda: machine.get("pod", "one")["status"]["phase"] == "Running", 60)
    assert containers(machine)
    assert all(kernel(machine)[setting] != state[setting] for setting in CHANGED)
    yield state
    machine.mk8s("reset", "--yes", "--name", NAME)


def kernel(machine: Machine) -> dict[str, str]:
    """What a reset has to bring back."""
    commands = (
        "ip -o -4 addr",
        "ip -4 route show table all",
        "ip rule",
        "nft list ruleset",
        "ip -o -6 addr show dev lo",
        "ip -6 route show proto 109",
    )
    with netlab.inside(machine.space):
        links = [line.split()[1] for line in netlab.run("ip -o link").splitlines()]
        found = {setting: (SYSCTLS / setting).read_text() for setting in SETTINGS}
        return found | {"links": " ".join(links)} | {one: netlab.run(one) for one in commands}


@contextmanager
def silent_engine(path: Path) -> Iterator[str]:
    """An engine that takes connections and never says anything."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(64)
        try:
            yield f"unix://{path}"
        finally:
            path.unlink()


def containers(machine: Machine) -> list[str]:
    label = f"label=io.mk8s.cluster={NAME}"
    return machine.run(["docker", "ps", "-aq", "--filter", label]).ok().split()


def test_daemons_links_and_rules_go_though_the_home_is_gone_and_the_engine_silent(
    machine: Machine, before: dict[str, str]
) -> None:
    running = machine.daemons()
    shutil.rmtree(machine.home, ignore_errors=True)
    reset = [*ALONE, str(MK8S), "reset", "--docker-host"]
    assert "say --yes" in machine.run([*reset, NOWHERE]).fails()
    with silent_engine(machine.home.with_name("engine")) as engine:
        began = time.monotonic()
        said = machine.run([*reset, engine, "--yes"]).fails()
    assert time.monotonic() - began < 60
    assert f"The Docker engine at {engine} does not answer (timed out)" in said
    assert "Containers of mk8s stay there: run `mk8s reset` again when it answers." in said
    assert not any(Path(f"/proc/{pid}").exists() for pid in running.values())
    assert kernel(machine) == before
    assert containers(machine)
    machine.mk8s("reset", "--yes", "--name", NAME).ok()
    assert not containers(machine)
    said = machine.mk8s("reset", "--name", NAME).ok()
    assert f"Nothing of the cluster {NAME} is on this machine" in said
    assert not machine.home.exists()


def test_a_damaged_home_goes_but_for_what_is_somebody_elses(
    machine: Machine, before: dict[str, str]
) -> None:
    machine.kill("master")
    (machine.home / "settings.json").write_text("{")
    (machine.home / "agent" / "agent.json").write_text("")
    (machine.home / "pki" / "ca.crt").unlink()
    (machine.home / "settings.json.new").write_text("half")
    (machine.home / "notes.txt").write_text("mine")
    said = machine.mk8s("reset", "--yes", "--name", NAME).fails()
    assert f"{machine.home} stays with what is not of mk8s in it: notes.txt" in said
    assert [entry.name for entry in machine.home.iterdir()] == ["notes.txt"]
    assert kernel(machine) == before
    assert not containers(machine)
    shutil.rmtree(machine.home)

"""A node is its name and its certificate, whatever its address; nobody else can be it."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.support import manifests, netlab
from tests.support.cluster import MK8S, Cluster, is_ready
from tests.support.engine import PrivateEngine
from tests.support.manifests import SLEEP, container, pod
from tests.support.netmachine import Machine, hosts, on_one_link
from tests.support.wait import until

HERE, THERE, COPY = "172.30.78.1", "172.30.78.2", "172.30.78.3"
BRIDGE = "identity"
NAME = "master.lab"


@dataclass
class Place:
    """A cluster whose master is known by name, a machine that joined it, and one more machine."""

    cluster: Cluster
    machine: Machine
    spare: netlab.Space
    names: Path

    def call(self, master: str) -> None:
        """Have the master's name mean this address, on all machines."""
        own = "127.0.1.1 other\n127.0.2.1 other\n"
        self.names.write_text(f"127.0.0.1 localhost\n{own}{master} {NAME}\n")

    def node(self) -> dict[str, Any]:
        return self.cluster.get("node", "other")

    def address(self) -> str:
        told = self.node()["status"]["addresses"]
        return next(one["address"] for one in told if one["type"] == "InternalIP")

    def says(self, pod: str, *words: str) -> str:
        """What a command in a pod prints, "" while it cannot be run."""
        return self.cluster.kubectl("exec", pod, "--", *words).out.strip()

    @property
    def range(self) -> str:
        found: str = self.node()["spec"]["podCIDR"]
        return found


@pytest.fixture(scope="module")
def place(engine: PrivateEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("identity")
    with hosts(folder) as names, on_one_link(BRIDGE, HERE, THERE, COPY) as (other, spare):
        cluster = Cluster.beside(5, folder / "mk8s", engine).with_settings(
            MK8S_LISTEN="0.0.0.0", MK8S_SERVER_NAMES=NAME, MK8S_NODE_IP=HERE, MK8S_NODE_GRACE="8"
        )
        machine = Machine(folder / "other", engine, {"MK8S_NODE_NAME": "other"}, other)
        made = Place(cluster, machine, spare, names)
        made.call(HERE)
        try:
            cluster.mk8s("up").ok()
            said = shlex.split(cluster.mk8s("token", "create", "--print-join-command").ok())
            assert said[2].startswith(f"{NAME}:")
            machine.mk8s(*said[1:]).ok()
            web = pod("there", container(*SLEEP, image="ubuntu:16.04"), nodeName="other")
            host = pod("host", container(*SLEEP, image="ubuntu:16.04"), nodeName="other")
            host["spec"]["hostNetwork"] = True
            for one in (web, host):
                cluster.kubectl("apply", "-f", "-", input=manifests.text(one)).ok()
            until("both run", lambda: all(is_ready(one) for one in cluster.pods()), 60)
            yield made
        finally:
            machine.mk8s("down", "--purge")
            cluster.mk8s("down", "--purge")


def test_a_machine_whose_name_is_loopback_is_known_by_its_address(place: Place) -> None:
    told = place.node()["status"]["addresses"]
    assert told == [
        {"type": "InternalIP", "address": THERE},
        {"type": "Hostname", "address": "other"},
    ]
    assert place.cluster.get("pod", "host")["status"]["podIP"] == THERE
    assert place.says("there", "echo", "it answers") == "it answers"


def known() -> set[str]:
    """The addresses that routes and rules name."""
    return set(re.findall(r"[0-9.]+", netlab.run("ip route") + netlab.run("nft list ruleset")))


def follows(place: Place, address: str) -> None:
    """Everything that depends on the machine's address is as it has to be, and nothing is left."""
    until("the Node says so", lambda: place.address() == address, 30)
    pods = place.cluster

    def of(name: str, field: str) -> str:
        return str(pods.get("pod", name)["status"][field])

    until("hostIP", lambda: of("there", "hostIP") == of("host", "podIP") == address, 30)
    route = f"{place.range} via {address} dev {BRIDGE}"
    until("the route", lambda: route in netlab.run("ip route"), 30)
    others = {THERE, "172.30.78.22", "172.30.78.23"} - {address}
    until("no other address", lambda: not others & known(), 30)
    until("exec", lambda: place.says("there", "echo", "it answers") == "it answers", 30)
    # nothing listens there, and the pod itself says so
    where = of("there", "podIP"), 80
    assert netlab.refused_quickly(lambda: socket.create_connection(where, 5))


def test_a_machine_that_gets_another_address_while_it_runs_is_followed(place: Place) -> None:
    place.machine.readdress(THERE, "172.30.78.22")
    follows(place, "172.30.78.22")
    conditions = {one["type"]: one["status"] for one in place.node()["status"]["conditions"]}
    assert conditions["Ready"] == "True"


def test_a_machine_that_comes_back_with_another_address_is_the_same_node(place: Place) -> None:
    uid = place.node()["metadata"]["uid"]
    place.machine.mk8s("down").ok()
    place.machine.readdress("172.30.78.22", "172.30.78.23")
    place.machine.mk8s("up").ok()
    follows(place, "172.30.78.23")
    assert place.node()["metadata"]["uid"] == uid
    place.machine.readdress("172.30.78.23", THERE)
    follows(place, THERE)


def test_a_master_that_comes_back_with_another_address_is_found_by_its_name(place: Place) -> None:
    moved = "172.30.78.9"
    place.cluster.mk8s("down").ok()
    netlab.run(f"ip addr del {HERE}/24 dev {BRIDGE}")
    netlab.run(f"ip addr add {moved}/24 dev {BRIDGE}")
    place.call(moved)
    cluster = place.cluster.with_settings(MK8S_NODE_IP=moved)
    cluster.mk8s("up").ok()
    until("the worker finds it", lambda: place.says("there", "echo", "here") == "here", 60)
    published = cluster.get("endpoints", "kubernetes")["subsets"][0]["addresses"]
    assert published == [{"ip": moved}]
    slices = cluster.get("endpointslices", "-l", "kubernetes.io/service-name=kubernetes")
    assert [one["endpoints"][0]["addresses"] for one in slices["items"]] == [[moved]]
    with netlab.inside(place.spare):
        done = subprocess.run(
            ["curl", "-sS", "-m", "10", "--cacert", cluster.home / "pki" / "ca.crt",
             f"https://{moved}:15443/version"], capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert '"major"' in done.stdout, done.stderr
    with netlab.inside(place.machine.space):
        until("the worker's route", lambda: f"via {moved}" in netlab.run("ip route"), 30)
        until("no other address", lambda: HERE not in known(), 30)
    # and back, as it was: who names the node's address of before gets a sentence
    said = place.cluster.mk8s("down").ok() and place.cluster.mk8s("up").fails()
    assert HERE in said
    netlab.run(f"ip addr del {moved}/24 dev {BRIDGE}")
    netlab.run(f"ip addr add {HERE}/24 dev {BRIDGE}")
    place.call(HERE)
    place.cluster.mk8s("up").ok()
    until("the worker finds it", lambda: place.says("there", "echo", "here") == "here", 60)


@contextmanager
def running(machine: Machine) -> Iterator[None]:
    """The agent of a machine runs as after a boot: nobody waits for it to be taken."""
    config = machine.home / "agent" / "agent.json"
    program = [str(MK8S.with_name("python")), "-m", "mk8s_agent", "--config", str(config)]
    log = (machine.home / "logs" / "agent.log").open("ab")
    process = subprocess.Popen([*machine.entering, *program], stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def test_an_agent_that_boots_before_its_network_and_its_master_finds_both(place: Place) -> None:
    place.machine.mk8s("down").ok()
    place.cluster.mk8s("down").ok()
    with netlab.inside(place.machine.space):
        netlab.run(f"ip addr del {THERE}/24 dev eth0")
    log = place.machine.home / "logs" / "agent.log"
    said_before = len(log.read_text())
    with running(place.machine):
        until("it tries", lambda: "no session with" in log.read_text()[said_before:], 30)
        place.cluster.mk8s("up").ok()
        with netlab.inside(place.machine.space):
            netlab.run(f"ip addr add {THERE}/24 dev eth0")
        until("the pods run", lambda: place.says("there", "echo", "here") == "here", 60)
        assert place.address() == THERE
    place.machine.mk8s("up").ok()
    until("exec", lambda: place.says("there", "echo", "here") == "here", 30)


def test_a_copy_of_a_machine_is_told_and_the_machine_goes_on(place: Place) -> None:
    copy = replace(place.machine, home=place.machine.home.with_name("copy"), place=place.spare)
    shutil.copytree(place.machine.home, copy.home)
    try:
        for file in copy.home.rglob("*.json"):
            text = file.read_text().replace(str(place.machine.home), str(copy.home))
            file.write_text(text)
        # before its agent was told anything
        said = f"The Node other is the machine at {THERE}, of which this one seems to be a copy"
        for force in ((), ("--force",)):
            assert said in copy.mk8s("leave", *force).fails()
        assert said in copy.mk8s("doctor").out
        assert "unschedulable" not in place.node()["spec"]
        said = copy.mk8s("up").fails()
        assert "two machines show the certificate of node other" in said
        assert f"one at {THERE}, which serves it, and one at {COPY}, which is refused" in said
        with running(copy):
            until("its own status", lambda: "The master refuses" in copy.mk8s("status").out, 30)
            assert "perhaps another machine's" in copy.mk8s("leave").fails()
            assert "The master refuses this machine: two machines" in copy.mk8s("up").fails()
            assert "✗ The master refuses this machine: two" in copy.mk8s("doctor").out
            told = "Two machines show the certificate of node other"
            until("the master's", lambda: told in place.cluster.mk8s("status").out, 30)
            assert "two machines show" in place.cluster.mk8s("why", "node/other").ok()
            assert place.address() == THERE and is_ready(place.node())
        selector = "involvedObject.name=other,reason=DuplicateNode"
        events = place.cluster.get("events", "-A", "--field-selector", selector)["items"]
        assert {one["type"] for one in events} == {"Warning"}
        assert "took over" not in (place.machine.home / "logs" / "agent.log").read_text()
    finally:
        shutil.rmtree(copy.home)
    assert place.says("there", "echo", "it answers") == "it answers"


def test_two_nodes_with_one_address_are_told_what_to_do(place: Place) -> None:
    """Machines behind a hypervisor's NAT, all of which have the same address there."""
    second = replace(
        place.machine,
        home=place.machine.home.with_name("second"),
        place=place.spare,
        settings={"MK8S_NODE_NAME": "second"},
    )
    with netlab.inside(place.spare):
        netlab.run(f"ip addr add {THERE}/32 dev lo")
    said = shlex.split(place.cluster.mk8s("token", "create", "--print-join-command").ok())
    try:
        refused = second.mk8s(*said[1:], "--node-ip", THERE).fails()
        assert f"{THERE}" in refused and "--node-ip" in refused, refused
        assert is_ready(place.node())
        second.mk8s("join", said[2], *said[3:], "--node-ip", COPY).ok()
        assert is_ready(place.cluster.get("node", "second"))
    finally:
        second.mk8s("down", "--purge")
        place.cluster.kubectl("delete", "node", "second", "--ignore-not-found")
    nodes = json.loads(place.cluster.kubectl("get", "nodes", "-o", "json").ok())["items"]
    assert {one["metadata"]["name"] for one in nodes} == {"node1", "other"}

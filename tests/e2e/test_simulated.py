"""`mk8s simulate`: the real master with hollow nodes, tried by real kubectl."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.support.cluster import MK8S, is_ready
from tests.support.simulation import Simulation, simulation
from tests.support.wait import until

NODES, PODS = 20, 200


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    with simulation(tmp_path_factory.mktemp("simulated")) as one:
        one.simulate("--nodes", str(NODES), "--pods", str(PODS), "--start-seconds", "0.2").ok()
        yield one


def uids(simulated: Simulation) -> set[str]:
    return {one["metadata"]["uid"] for one in simulated.pods() if is_ready(one)}


def test_all_pods_run_on_all_nodes_with_addresses_of_their_own(simulated: Simulation) -> None:
    pods = simulated.pods()
    assert len(pods) == PODS
    assert all(is_ready(one) and one["status"]["phase"] == "Running" for one in pods)
    assert len({one["status"]["podIP"] for one in pods}) == PODS
    load = Counter(one["spec"]["nodeName"] for one in pods)
    assert len(load) == NODES and max(load.values()) <= 2 * PODS // NODES
    nodes = simulated.kubectl("get", "nodes", "--no-headers").ok().splitlines()
    assert sum(" Ready " in line for line in nodes) == NODES


def test_a_deleted_pod_ends_within_its_grace_and_is_replaced(simulated: Simulation) -> None:
    before = uids(simulated)
    name = simulated.pods()[0]["metadata"]["name"]
    simulated.kubectl("delete", "pod", "-n", "simulated", name, "--timeout=60s").ok()
    until("a new one is ready", lambda: len(uids(simulated)) == PODS)
    assert len(uids(simulated) - before) == 1


def test_killed_nodes_come_back_with_the_pods_that_they_had(simulated: Simulation) -> None:
    before = simulated.pods()
    simulated.kill("hollow")
    assert "hollow runs" in simulated.simulate("--pods", str(PODS)).ok()
    simulated.kubectl("scale", "-n", "simulated", "deploy/load-001", "--replicas=110").ok()
    until("what was added runs", lambda: len(uids(simulated)) == PODS + 10, 60)
    after = {one["metadata"]["uid"]: one["status"] for one in simulated.pods()}
    for one in before:
        assert after[one["metadata"]["uid"]]["podIP"] == one["status"]["podIP"]
        (was,), (now,) = (
            status["containerStatuses"] for status in (one["status"], after[one["metadata"]["uid"]])
        )
        assert (was["containerID"], was["state"]) == (now["containerID"], now["state"])


def test_a_killed_master_finds_nodes_and_pods_again(simulated: Simulation) -> None:
    before = uids(simulated)
    simulated.kill("master")
    simulated.simulate("--pods", str(PODS)).ok()
    until("the load is what was asked for", lambda: len(simulated.pods()) == PODS, 60)
    assert len(uids(simulated) & before) == PODS
    simulated.kubectl("delete", "deploy", "-n", "simulated", "load-002", "--timeout=60s").ok()
    until("its pods have gone", lambda: len(simulated.pods()) == PODS // 2, 60)


def test_what_cannot_be_simulated_is_told_in_a_sentence(simulated: Simulation) -> None:
    many = simulated.simulate("--pods", "100000").fails()
    assert "give more --nodes" in many
    other = Simulation(simulated.home.with_name("other"), simulated.api_port, 7555)
    assert "Port 7443 on 127.0.0.1, for the API server" in other.simulate("--nodes", "1").fails()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 7556))
        taken.listen()
        other = Simulation(other.home, 7557, 7556)
        assert "for the agents, cannot be used" in other.simulate("--nodes", "1").fails()
    assert not other.home.exists()
    few = ["prlimit", "--nofile=600:600", str(MK8S), "simulate", "--nodes", "500"]
    ports = ["--api-port", "7557", "--agent-port", "7558"]
    assert "ulimit" in other.run([*few, *ports]).fails()


def test_down_leaves_nothing(simulated: Simulation) -> None:
    simulated.simulate("--down").ok()
    assert not simulated.home.exists()
    assert "nothing to do" in simulated.simulate("--down").ok()

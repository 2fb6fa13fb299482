"""What a simulated cluster is, and what it needs of the machine."""

import pytest

from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.simulated import plan, running
from minikube8s.cluster.simulated.plan import Simulation

MANY = 1 << 40


@pytest.mark.parametrize("pods", [0, 1, 99, 100, 101, 10_000])
def test_the_deployments_have_as_many_pods_as_were_asked_for(pods):
    made = plan.deployments(pods)
    assert sum(made.values()) == pods
    assert all(0 < size <= plan.REPLICAS for size in made.values())


@pytest.mark.parametrize(
    ("simulation", "pods", "sentence"),
    [
        (Simulation(nodes=0), 0, "--nodes: 0"),
        (Simulation(nodes=5001), 0, "--nodes: 5001"),
        (Simulation(start_seconds=-1), 0, "--start-seconds: -1"),
        (Simulation(nodes=2), 221, "from 0 to 220"),
        (Simulation(), -1, "--pods: -1"),
    ],
)
def test_sizes_that_cannot_be_are_refused(simulation, pods, sentence):
    with pytest.raises(ClusterError, match=sentence):
        plan.check(simulation, pods)


def test_too_few_files_and_too_little_memory_are_told_before_the_start():
    thousand = Simulation(nodes=1000)
    plan.check_room(thousand, 10_000, 4096, MANY)
    with pytest.raises(ClusterError, match="ulimit"):
        plan.check_room(thousand, 10_000, 1024, MANY)
    with pytest.raises(ClusterError, match="MiB are available"):
        plan.check_room(thousand, 10_000, 4096, 500 << 20)


def test_every_node_has_an_address_and_a_zone():
    names = plan.node_names(Simulation(nodes=1000))
    nodes = plan.hollow_nodes(names, ["PEM"] * 1000)
    assert len({one["address"] for one in nodes}) == 1000
    assert {one["zone"] for one in nodes} == set(plan.ZONES)


def test_the_home_of_a_real_cluster_is_left_alone(tmp_path):
    home = Home(tmp_path / "real")
    home.save(Settings(node_name="machine"))
    told = plan.settings(7443, 7444)
    with pytest.raises(ClusterError, match="nodes that are real"):
        running.up(home, told, Simulation(), 0, print)
    running.down(home, purge=True, say=print)
    assert home.load() == Settings(node_name="machine")
    assert not home.is_simulated()

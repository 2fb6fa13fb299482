"""A second machine, which is a network namespace here, joins a cluster by a token and a pin."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from minikube8s.cluster.authority.certificates import Authority
from tests.support import manifests, netlab, netmachine
from tests.support.cluster import Cluster, Result
from tests.support.engine import PrivateEngine
from tests.support.manifests import SLEEP, container, pod
from tests.support.wait import until

HERE, THERE = "172.30.77.1", "172.30.77.2"
MASTER = f"{HERE}:13443"
API = "https://10.193.0.1/api"
PLACE = "/var/run/secrets/kubernetes.io/serviceaccount"


@dataclass
class Machine(netmachine.Machine):
    """A machine that may join the master."""

    def join(self, *arguments: str) -> Result:
        return self.mk8s("join", MASTER, *arguments)


@pytest.fixture(scope="module")
def master(
    engine: PrivateEngine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Cluster, Machine]]:
    """A cluster that listens on a link, and the machine at the link's other end."""
    home = tmp_path_factory.mktemp("join") / "mk8s"
    with netlab.empty_space() as other:
        netlab.run(f"ip link add joining type veth peer name eth0 netns {other.pid}")
        netlab.run(f"ip addr add {HERE}/24 dev joining")
        netlab.run("ip link set joining up")
        with netlab.inside(other):
            netlab.run("ip link set lo up")
            netlab.run(f"ip addr add {THERE}/24 dev eth0")
            netlab.run("ip link set eth0 up")
        cluster = Cluster.beside(3, home, engine).with_settings(MK8S_LISTEN=HERE)
        settings = {"MK8S_NODE_NAME": "other"}
        machine = Machine(home.with_name("other"), engine, settings, other)
        try:
            cluster.mk8s("up").ok()
            yield cluster, machine
        finally:
            machine.mk8s("down", "--purge")
            cluster.mk8s("down", "--purge")
            netlab.run("ip link del joining")


@contextmanager
def closed(rule: str) -> Iterator[None]:
    """A firewall on the master's machine, with one rule for what comes by the link."""
    try:
        netlab.run("nft add table inet closed")
        netlab.run("nft add chain inet closed in '{ type filter hook input priority 0 ; }'")
        netlab.run(f"nft add rule inet closed in iifname joining {rule}")
        yield
    finally:
        netlab.run("nft delete table inet closed")


def give_certificate(cluster: Cluster, machine: Machine, left: timedelta) -> bytes:
    """Give a machine a certificate of an hour that ends so soon."""
    begins = datetime.now(UTC) + left - timedelta(hours=1)
    request = (machine.home / "pki/agent.csr").read_bytes()
    given = Authority(cluster.home / "pki").sign(request, 3600, begins)
    (machine.home / "pki/agent.crt").write_bytes(given)
    return given


def how_to_join(cluster: Cluster) -> dict[str, str]:
    """The options that the master prints."""
    words = shlex.split(cluster.mk8s("token", "create", "--print-join-command").ok())
    assert words[:3] == ["mk8s", "join", MASTER]
    return dict(zip(words[3::2], words[4::2], strict=True))


def token_and_pin(cluster: Cluster) -> list[str]:
    """The same as words of a line."""
    return [word for pair in how_to_join(cluster).items() for word in pair]


def test_what_is_wrong_with_a_token_a_hash_or_a_master_is_said(
    master: tuple[Cluster, Machine],
) -> None:
    cluster, machine = master
    right = how_to_join(cluster)
    token, pin = right["--token"], right["--ca-hash"]
    wrong = f"sha256:{'0' * 64}"
    said = machine.join("--token", token, "--ca-hash", wrong).fails()
    assert f"has the hash {pin} and not {wrong}" in said
    assert "is not a token" in machine.join("--token", "x", "--ca-hash", pin).fails()
    unknown = f"{token[:-1]}{'a' if token[-1] != 'a' else 'b'}"
    assert "does not take the token" in machine.join("--token", unknown, "--ca-hash", pin).fails()
    brief = cluster.mk8s("token", "create", "--ttl", "1s").ok().strip()
    until("it has expired", lambda: brief not in cluster.mk8s("token", "list").ok())
    assert "it has expired" in machine.join("--token", brief, "--ca-hash", pin).fails()
    said = machine.mk8s("join", f"{HERE}:1", "--token", token, "--ca-hash", pin).fails()
    assert "mk8s up --listen 0.0.0.0" in said
    assert "--token and --ca-hash included" in machine.join().fails()
    taken = ("--token", token, "--ca-hash", pin, "--node-name", "node1")
    assert "choose another name with --node-name" in machine.join(*taken).fails()
    with netlab.inside(machine.space):
        netlab.run("ip addr add 10.203.7.1/24 dev eth0")
    both = ("--token", token, "--ca-hash", pin, "--node-ip", "203.0.113.9")
    said = machine.join(*both, "--node-name", "localhost").fails()
    assert said.startswith("error: 3 things keep this machine from joining:\n- ")
    assert "The cluster's pod network 10.203.0.0/16 is in use on this machine: eth0" in said
    assert f"This machine has no address 203.0.113.9; it has {THERE}, 10.203.7.1" in said
    assert "hostnamectl set-hostname worker1" in said
    with netlab.inside(machine.space):
        netlab.run("ip addr del 10.203.7.1/24 dev eth0")
    with closed("tcp dport 13444 reject with tcp reset"):
        said = machine.join("--token", token, "--ca-hash", pin).fails()
    assert f"The master's port for agents, {HERE}:13444, cannot be reached" in said
    assert not machine.home.exists()
    cluster.mk8s("token", "delete", token).ok()
    assert "does not take the token" in machine.join("--token", token, "--ca-hash", pin).fails()


def container_id(cluster: Cluster) -> str:
    """The container of the pod that runs on the machine."""
    (status,) = cluster.get("pod", "joined")["status"]["containerStatuses"]
    return str(status["containerID"])


def room(cluster: Cluster) -> str:
    """How many pods the machine takes."""
    return str(cluster.get("node", "other")["status"]["capacity"]["pods"])


def joins_again_with_other_words(cluster: Cluster, machine: Machine) -> None:
    """What may change does, the rest is refused; its pod goes on."""
    before = container_id(cluster)
    assert "a node keeps its name" in machine.join("--node-name", "another").fails()
    said = machine.join("--docker-host", "unix:///elsewhere.sock").fails()
    assert "`mk8s down`, then join with --docker-host" in said
    kubelet = machine.home.with_name("kubelet.yaml")
    kubelet.write_text("kind: KubeletConfiguration\nmaxPods: 7\n")
    machine.join("--kubelet-config", str(kubelet)).ok()
    until("the kubelet's configuration counts", lambda: room(cluster) == "7", 30)
    assert "already" in machine.join().ok()
    kubelet.write_text("kind: KubeletConfiguration\nmaxPods: -1\n")
    assert "maxPods" in machine.join().fails()
    kubelet.write_text("kind: KubeletConfiguration\n")
    machine.join().ok()
    assert container_id(cluster) == before


def test_a_machine_joins_runs_pods_that_reach_the_api_and_leaves(
    master: tuple[Cluster, Machine],
) -> None:
    cluster, machine = master
    options = token_and_pin(cluster)
    told = machine.join(*options).ok()
    for step in ("has the CA that is pinned", "the clocks agree", "takes the token", "is free"):
        assert step in told
    assert "already" in machine.join(*options).ok()
    assert "already" in machine.join().ok()
    node = cluster.get("node", "other")
    assert {"type": "InternalIP", "address": THERE} in node["status"]["addresses"]
    name = cluster.settings["MK8S_NAME"]
    told = f"Node other of cluster {name}, API https://{MASTER}"
    assert told in machine.mk8s("status").ok()

    asking = pod("joined", container(*SLEEP, image="ubuntu:16.04"), nodeName="other")
    cluster.kubectl("apply", "-f", "-", input=manifests.text(asking)).ok()
    until("it runs", lambda: cluster.get("pod", "joined")["status"]["phase"] == "Running", 60)
    bearer = f'-H "Authorization: Bearer $(cat {PLACE}/token)"'
    ask = f"curl -sS -m 10 --cacert {PLACE}/ca.crt {bearer}"
    said = cluster.kubectl("exec", "joined", "--", "sh", "-c", f"{ask} {API}").ok()
    assert json.loads(said)["kind"] == "APIVersions"

    joins_again_with_other_words(cluster, machine)

    for healthy in (cluster, machine):
        assert "✗" not in healthy.mk8s("doctor").ok()
    assert f"the master at {MASTER} answers, and clocks agree" in machine.mk8s("doctor").ok()

    machine.mk8s("down").ok()
    assert machine.mk8s("status").code == 3
    give_certificate(cluster, machine, left=timedelta(hours=-30))
    for command in (("up",), ("doctor",), ("status",)):
        done = machine.mk8s(*command)
        assert done.code and "certificate ended on" in done.out + done.err
    old = give_certificate(cluster, machine, left=timedelta(minutes=5))
    machine.mk8s("up").ok()
    renewed = machine.home / "pki/agent.crt"
    until("it has another certificate", lambda: renewed.read_bytes() != old, 30)
    assert "✓ this machine's certificate lasts until" in machine.mk8s("doctor").ok()
    log = (machine.home / "logs/agent.log").read_text()
    assert "lost the master" not in log.rpartition("certificate was renewed")[2]
    requests = [one for one in cluster.get("csr")["items"] if "certificate" in one["status"]]
    assert "system:node:other" in {one["spec"]["username"] for one in requests}
    until("it runs again", lambda: cluster.get("pod", "joined")["status"]["phase"] == "Running", 60)
    cluster.kubectl("delete", "pod", "joined", "--now").ok()
    assert "kubectl delete node other" in machine.mk8s("down", "--purge").ok()
    assert not machine.home.exists()
    cluster.kubectl("delete", "node", "other").ok()


def test_a_machine_leaves_without_a_trace_and_its_pods_go_first(
    master: tuple[Cluster, Machine],
) -> None:
    cluster, machine = master
    machine.join(*token_and_pin(cluster)).ok()
    labels = {"app": "leaving"}
    guarded = pod(
        "leaving", container(*SLEEP, image="ubuntu:16.04"), labels=labels, nodeName="other"
    )
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "leaving"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": labels}},
    }
    cluster.kubectl("apply", "-f", "-", input=manifests.text(guarded, budget)).ok()
    until("it runs", lambda: cluster.get("pod", "leaving")["status"]["phase"] == "Running", 60)
    assert "cannot leave its own cluster" in cluster.mk8s("leave").fails()

    said = machine.mk8s("leave", "--timeout", "1s").fails()
    assert "still there: default/leaving" in said
    assert "`kubectl uncordon other` on the master opens it again" in said
    assert cluster.get("node", "other")["spec"]["unschedulable"]
    cluster.kubectl("delete", "pdb", "leaving").ok()
    said = machine.mk8s("leave").ok()
    assert "pod/leaving evicted" in said
    assert "Node other deleted" in said
    assert "not found" in cluster.kubectl("get", "node", "other").fails()
    assert not cluster.pods("app=leaving")
    assert not machine.home.exists()
    with netlab.inside(machine.space):
        assert "mk8s" not in netlab.run("ip -o link") + netlab.run("nft -s list tables")
    assert "nothing to leave" in machine.mk8s("leave").ok()


def test_a_machine_whose_master_is_away_leaves_by_force_and_says_what_stays(
    master: tuple[Cluster, Machine],
) -> None:
    cluster, machine = master
    machine.join(*token_and_pin(cluster)).ok()
    netlab.run("ip link set joining down")
    try:
        said = machine.mk8s("leave").fails()
        assert f"no way from this machine to the master at {MASTER}" in said
        assert "`mk8s leave --force`" in said
        assert machine.home.exists()
        said = machine.mk8s("leave", "--force").ok()
    finally:
        netlab.run("ip link set joining up")
    assert "Its Node stays there until `kubectl delete node other`" in said
    assert not machine.home.exists()
    cluster.kubectl("delete", "node", "other").ok()


def test_only_a_reachable_master_prints_how_to_join(master: tuple[Cluster, Machine]) -> None:
    cluster, _ = master
    settings = cluster.home / "settings.json"
    before = settings.read_text()
    settings.write_text(before.replace(HERE, "127.0.0.1"))
    try:
        said = cluster.mk8s("token", "create", "--print-join-command").fails()
    finally:
        settings.write_text(before)
    assert "no other machine reaches it" in said


def test_a_doctor_says_before_a_start_what_would_fail_and_what_to_do(
    master: tuple[Cluster, Machine],
) -> None:
    cluster, _ = master
    second = replace(cluster, home=cluster.home.with_name("planned"))
    planned = second.with_settings(MK8S_NAME="planned", MK8S_POD_CIDR="172.30.0.0/16")
    before = netlab.run("nft -s list tables"), netlab.run("ip -o link")
    done = planned.mk8s("doctor")
    assert (netlab.run("nft -s list tables"), netlab.run("ip -o link")) == before
    assert done.code == 1
    assert "✓ root" in done.out
    assert "✗ The pod network 172.30.0.0/16 is in use on this machine: " in done.out
    assert "--pod-cidr or MK8S_POD_CIDR, for example 172.31.0.0/16." in done.out
    assert f"✗ Port 13443 on {HERE}, for the API server, cannot be used" in done.out
    assert not second.home.exists()

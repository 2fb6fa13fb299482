"""Traffic goes on: through updates, dead agents, flushed rules, and a node that is cut off."""

from __future__ import annotations

import itertools
import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest

from tests.support import manifests
from tests.support.echoes import BACK_PORT, asked, echo, service, wait_led
from tests.support.lab import NODES, Lab
from tests.support.wait import until

PODS = {f"goes-{node}": node for node in NODES}
NODE_PORT, WEB_PORT = 32331, 32332
CONNECTIONS = 1000
AT_A_TIME = 8
HELD = 200
LOST_SECONDS = 60
"""A node is not ready 10 s after it was last heard of."""


@pytest.fixture(scope="module")
def echoes(lab: Lab) -> Iterator[Lab]:
    body = service("goes", "goes", type="NodePort", node_port=NODE_PORT)
    body["spec"]["ports"].append({"name": "back", "port": 81, "targetPort": BACK_PORT})
    lab.apply(*(echo(name, node, "goes") for name, node in PODS.items()), body)
    lab.cluster.ready_pods(len(PODS), "app=goes")
    wait_led(lab, NODE_PORT, PODS, *NODES)
    yield lab
    lab.cluster.kubectl("delete", "svc/goes").ok()
    lab.cluster.kubectl("delete", "pod", "-l", "app=goes", "--now").ok()


def addresses(lab: Lab, name: str = "goes") -> dict[str, Any]:
    """The ready endpoints by their pods' names."""
    listed = lab.cluster.get("endpointslices", "-l", f"kubernetes.io/service-name={name}")
    return {
        one["targetRef"]["name"]: one["addresses"][0]
        for piece in listed["items"]
        for one in piece["endpoints"]
        if one["conditions"]["ready"]
    }


def is_ready(lab: Lab, node: str) -> bool:
    conditions = lab.cluster.get("node", node)["status"]["conditions"]
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


@contextmanager
def held(lab: Lab, address: str, port: int, count: int) -> Iterator[list[socket.socket]]:
    """Connections that are kept open, to a server that gives back what it gets."""
    with ExitStack() as stack:
        with lab.on(lab.client):
            made = [socket.create_connection((address, port), 5) for _ in range(count)]
        for one in made:
            one.settimeout(5)
            stack.enter_context(one)
        yield made


def alive(connections: list[socket.socket], word: bytes) -> int:
    """How many connections give the word back."""
    count = 0
    for one in connections:
        with suppress(OSError):
            one.sendall(word)
            count += one.recv(64) == word
    return count


def test_no_connection_is_lost_when_an_agent_is_killed_and_comes_back(echoes: Lab) -> None:
    listed = echoes.cluster.get("service", "goes")["spec"]["ports"]
    back = next(one["nodePort"] for one in listed if one["name"] == "back")
    with held(echoes, echoes.address("node2"), back, HELD) as connections:
        assert alive(connections, b"before") == HELD
        echoes.cluster.kill("agent-node2")
        try:
            assert alive(connections, b"without") == HELD
            assert asked(echoes, echoes.client, echoes.address("node2"), NODE_PORT).pod in PODS
        finally:
            echoes.cluster.mk8s("up").ok()
        until("node2 is ready", lambda: is_ready(echoes, "node2"))
        assert alive(connections, b"after") == HELD
        assert asked(echoes, echoes.client, echoes.address("node2"), NODE_PORT).pod in PODS


@pytest.mark.parametrize("node", ["node1", "node2"])
def test_a_nodes_flushed_rules_are_back_within_seconds(echoes: Lab, node: str) -> None:
    address = echoes.address(node)
    table = echoes.run(node, "nft", "-j", "list", "table", "inet", "mk8s-lab")
    asked(echoes, echoes.client, address, NODE_PORT)
    echoes.run(node, "nft", "flush", "ruleset")
    until("answers", lambda: asked(echoes, echoes.client, address, NODE_PORT, seconds=0.5))

    def again() -> bool:
        found = echoes.run(node, "nft", "-j", "list", "table", "inet", "mk8s-lab")
        return objects(found) == objects(table)

    until("the same table", again)


def objects(listing: str) -> Counter[str]:
    """How many of what a table has; names carry generations, which go on."""
    return Counter(next(iter(one)) for one in json.loads(listing)["nftables"])


def test_a_cut_nodes_endpoints_leave_and_what_runs_there_goes_on(echoes: Lab) -> None:
    lab, cluster = echoes, echoes.cluster
    known = addresses(lab)
    assert set(known) == set(PODS)
    cluster.mk8s("lab", "cut", "node3").ok()
    try:
        until("not ready", lambda: not is_ready(lab, "node3"), LOST_SECONDS)
        until("its endpoint is gone", lambda: set(addresses(lab)) == {"goes-node1", "goes-node2"})
        for node in ("node1", "node2"):
            seen = until("others alone", lambda node=node: only(lab, node, "goes-node3"))
            assert seen == {"goes-node1", "goes-node2"}
        inside = asked(lab, "node3", known["goes-node3"], 8080)
        assert inside.pod == "goes-node3"
        assert asked(lab, lab.pod("goes-node3"), "127.0.0.1", 8080).pod == "goes-node3"
    finally:
        cluster.mk8s("lab", "heal", "node3").ok()
    until("ready again", lambda: is_ready(lab, "node3"), LOST_SECONDS)
    until("its endpoint is back", lambda: addresses(lab) == known, LOST_SECONDS)
    [pod] = [one for one in cluster.pods("app=goes") if one["metadata"]["name"] == "goes-node3"]
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 0
    until("answers again", lambda: "goes-node3" in answers(lab, "node2"))


def answers(lab: Lab, node: str) -> set[str]:
    """Who answers on a node's port."""
    return {
        asked(lab, lab.client, lab.address(node), NODE_PORT, seconds=0.5).pod for _ in range(20)
    }


def only(lab: Lab, node: str, without: str) -> set[str]:
    """Who answers there; nobody as long as ``without`` does."""
    found = answers(lab, node)
    return set() if without in found else found


@pytest.fixture
def web(lab: Lab) -> Iterator[Lab]:
    """Two pods a node, with readiness and a preStop hook that outlives the endpoints' news."""
    probe = {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 1}
    hook = {"preStop": {"sleep": {"seconds": 2}}}
    nginx = manifests.container(
        name="nginx", image="nginx:1.10", readinessProbe=probe, lifecycle=hook
    )
    body = manifests.deployment("rolled", 6, nginx)
    body["spec"]["strategy"] = {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 2}}
    lab.apply(body, manifests.service("rolled", node_port=WEB_PORT))
    lab.cluster.ready_pods(6, "app=rolled")
    yield lab
    lab.cluster.kubectl("delete", "svc/rolled", "deploy/rolled", "--now").ok()
    until("no pods left", lambda: not lab.cluster.pods("app=rolled"), 60)


def test_a_thousand_connections_through_a_rolling_update_and_none_fails(web: Lab) -> None:
    """Asked from outside on every node in turn, from before the update until after its end."""
    done = threading.Event()
    fetched: list[str] = []
    failures: list[str] = []

    def ask() -> None:
        for node in itertools.cycle(NODES):
            if done.is_set() and len(fetched) >= CONNECTIONS:
                return
            try:
                page = web.fetch(web.client, web.address(node), WEB_PORT)
                assert "Welcome to nginx!" in page, page
                fetched.append(node)
            except (OSError, AssertionError) as error:
                failures.append(f"{node}: {error!r}")
                if len(failures) > CONNECTIONS:
                    return

    threads = [threading.Thread(target=ask) for _ in range(AT_A_TIME)]
    for one in threads:
        one.start()
    try:
        web.cluster.kubectl("set", "image", "deploy/rolled", "nginx=nginx:1.11").ok()
        web.cluster.kubectl("rollout", "status", "deploy/rolled", "--timeout=90s").ok()
    finally:
        done.set()
        for one in threads:
            one.join()
    assert not failures, Counter(failures)
    version = web.fetch(web.client, web.address("node1"), WEB_PORT)
    assert "X-Image-Version: 1.11" in version

"""Names on every node of a lab: the cluster's own, and those that the machine's servers know."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import manifests
from tests.support.fakedns import FakeServer, fake_server, says
from tests.support.lab import NODES, Lab, pinned
from tests.support.wait import until

UPSTREAM, KNOWN, ADDRESS = "127.0.0.77", "beyond.example", "192.0.2.77"


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeServer]:
    """The server that the machine's /etc/resolv.conf names, on the machine's loopback."""
    file: Path = tmp_path_factory.mktemp("dns") / "resolv.conf"
    file.write_text(f"nameserver {UPSTREAM}\n")
    subprocess.run(["mount", "--bind", file, "/etc/resolv.conf"], check=True)
    found: list[FakeServer] = []
    ready, end = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with fake_server(UPSTREAM, 53, says(f"A {ADDRESS}", ttl=0)) as server:
            found.append(server)
            ready.set()
            await end.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(30)
        yield found[0]
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(30)
        subprocess.run(["umount", "/etc/resolv.conf"], check=True)


@pytest.fixture(scope="module")
def asking(lab: Lab) -> Iterator[None]:
    """A pod on each node, dns-NODE, and one more there in the node's network, dns-host-NODE."""
    ubuntu = manifests.container(*manifests.SLEEP, image="ubuntu:16.04")
    busybox = manifests.container(*manifests.SLEEP, name="busybox")
    objects = [manifests.web("dns-lab-web", 1), manifests.service("dns-lab-web", port=8080)]
    for node in NODES:
        pod = manifests.pod(f"dns-{node}", ubuntu, busybox, labels={"app": "dns-lab"})
        objects.append(pinned(pod, node))
        host = manifests.pod(
            f"dns-host-{node}",
            ubuntu,
            labels={"app": "dns-lab"},
            hostNetwork=True,
            dnsPolicy="ClusterFirstWithHostNet",
        )
        objects.append(pinned(host, node))
    lab.apply(*objects)
    lab.cluster.ready_pods(2 * len(NODES), "app=dns-lab")
    lab.cluster.ready_pods(1, "app=dns-lab-web")
    yield
    lab.cluster.kubectl("delete", "pod", "-l", "app=dns-lab", "--now").ok()
    lab.cluster.kubectl("delete", "deploy,svc", "dns-lab-web").ok()


@pytest.mark.parametrize("kind", ["dns", "dns-host"])
@pytest.mark.parametrize("node", NODES)
def test_a_page_is_fetched_by_its_services_name_on_every_node(
    lab: Lab, asking: None, node: str, kind: str
) -> None:
    command = ("curl", "-sS", "-m", "3", "http://dns-lab-web:8080")
    until(
        "the page comes",
        lambda: (
            "Welcome to nginx!" in lab.cluster.kubectl("exec", f"{kind}-{node}", "--", *command).out
        ),
    )


@pytest.mark.parametrize("node", NODES)
def test_every_node_asks_the_server_on_the_machines_loopback(
    lab: Lab, asking: None, upstream: FakeServer, node: str
) -> None:
    found = lab.cluster.kubectl(
        "exec", f"dns-{node}", "-c", "busybox", "--", "nslookup", "-type=a", KNOWN
    ).ok()
    assert f"Address: {ADDRESS}" in found
    assert f"{KNOWN}." in upstream.asked


@pytest.mark.parametrize("node", NODES)
def test_every_node_answers_itself(lab: Lab, node: str) -> None:
    service = lab.cluster.get("service", "-n", "kube-system", "kube-dns")
    address = service["spec"]["clusterIP"]
    command = ("dig", "+short", "+time=2", f"@{address}", "kubernetes.default.svc.cluster.local")
    first = f"{address.rpartition('.')[0]}.1"
    assert lab.run(node, *command).split() == [first]


def test_names_are_answered_while_the_master_is_away_and_after_an_agents_death(lab: Lab) -> None:
    address = lab.cluster.get("service", "-n", "kube-system", "kube-dns")["spec"]["clusterIP"]
    command = ("dig", "+short", "+time=1", f"@{address}", "kubernetes.default.svc.cluster.local")
    first = [f"{address.rpartition('.')[0]}.1"]
    lab.cluster.kill("master")
    try:
        assert [lab.run(node, *command).split() for node in NODES] == [first] * len(NODES)
        lab.cluster.kill("agent")
    finally:
        lab.cluster.mk8s("up").ok()
    until("it answers again", lambda: lab.run(NODES[0], *command).split() == first)

"""A lab of two families: pods, nodes and Services have addresses of both, and all of them work."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from tests.support import kernel, manifests
from tests.support.cluster import Cluster
from tests.support.engine import PrivateEngine
from tests.support.lab import pinned
from tests.support.netlab import inside_file
from tests.support.wait import until

PORT = 8080


@pytest.fixture
def both(engine: PrivateEngine, tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster.beside(6, tmp_path / "mk8s", engine).with_settings(
        MK8S_NAME="both",
        MK8S_LAB_CIDR="192.168.132.0/24",
        MK8S_POD_CIDR="10.206.0.0/16,fd00:6:244::/56",
        MK8S_SERVICE_CIDR="10.196.0.0/16,fd00:6:96::/112",
    )
    # Other tests' clusters work here, too: it is not this one that puts the forwarding back.
    Path("/proc/sys/net/ipv6/conf/all/forwarding").write_text("1")
    before = kernel.snapshot(engine)
    try:
        made.mk8s("up", "--nodes", "2").ok()
        yield made
    finally:
        made.mk8s("down", "--purge").ok()
    until("the machine is as it was", lambda: kernel.unchanged(before, engine))


def network_of(engine: PrivateEngine, pod: str) -> Path:
    (found,) = engine.containers(
        **{"io.kubernetes.pod.name": pod, "io.kubernetes.container.name": "POD"}
    )
    _, body = engine.api("GET", f"/containers/{found['Id']}/json")
    return Path(f"/proc/{json.loads(body)['State']['Pid']}/ns/net")


def seen(source: Path, listener: socket.socket, address: str) -> str:
    """The client's address as the server there sees it; empty while nothing answers."""
    with (
        suppress(OSError),
        inside_file(source),
        socket.create_connection((address, PORT), 0.9),
    ):
        return str(listener.accept()[1][0])
    return ""


def test_pods_reach_pods_and_services_by_both_and_nothing_of_it_stays(both: Cluster) -> None:
    pods = [
        pinned(manifests.pod(f"six-{node}", labels={"app": node}), node)
        for node in ("node1", "node2")
    ]
    service = manifests.service("six", port=PORT, kind="ClusterIP")
    service["spec"] |= {"selector": {"app": "node2"}, "ipFamilyPolicy": "RequireDualStack"}
    service["spec"]["ports"] = [{"port": PORT}]
    both.kubectl("apply", "-f", "-", input=manifests.text(*pods, service)).ok()
    both.ready_pods(2)
    status = {one["metadata"]["name"]: one["status"] for one in both.pods()}
    one, two = (
        [each["ip"] for each in status[name]["podIPs"]] for name in ("six-node1", "six-node2")
    )
    node = both.get("node", "node2")
    ranges = [ip_network(one) for one in node["spec"]["podCIDRs"]]
    assert [one.version for one in ranges] == [4, 6]
    assert all(ip_address(ip) in net for ip, net in zip(two, ranges, strict=True))
    cluster_ips = both.get("service", "six")["spec"]["clusterIPs"]
    kinds = {one["addressType"] for one in both.get("endpointslices", "-l",
             "kubernetes.io/service-name=six")["items"]}  # fmt: skip
    assert kinds == {"IPv4", "IPv6"}

    client, server = (network_of(both.engine, name) for name in ("six-node1", "six-node2"))
    with inside_file(server):
        listener = socket.create_server(("::", PORT), family=socket.AF_INET6, dualstack_ipv6=True)
        listener.settimeout(0.9)
    with listener:
        both_ways = (f"::ffff:{one[0]}", one[1])
        targets = zip((*two, *cluster_ips), both_ways * 2, strict=True)
        for address, client_sees in targets:
            until(
                f"{address} is reached",
                lambda a=address, c=client_sees: seen(client, listener, a) == c,
            )

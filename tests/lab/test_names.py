"""What `dig` is told by each node's own DNS, from a pod there and from the node itself."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

import pytest

from tests.support.echoes import PORT, echo, service
from tests.support.lab import NODES, Lab
from tests.support.wait import until

PODS = {f"names-{node}": node for node in NODES}
ZONE = "default.svc.cluster.local"


@pytest.fixture(scope="module")
def names(lab: Lab) -> Iterator[Lab]:
    headless = service("names-all", "names", clusterIP="None")
    outside = service("names-away", type="ExternalName", externalName="www.example.com")
    pods = [echo(name, node, "names") for name, node in PODS.items()]
    for pod in pods:
        pod["spec"] |= {"hostname": pod["metadata"]["name"], "subdomain": "names-all"}
    lab.apply(*pods, service("names-one", "names"), headless, outside)
    lab.cluster.ready_pods(len(PODS), "app=names")
    yield lab
    lab.cluster.kubectl("delete", "svc/names-one", "svc/names-all", "svc/names-away").ok()
    lab.cluster.kubectl("delete", "pod", "-l", "app=names", "--now").ok()


def server(lab: Lab) -> str:
    address: str = lab.cluster.get("service", "kube-dns", "-n", "kube-system")["spec"]["clusterIP"]
    return address


def dig(lab: Lab, place: object, *question: str) -> list[str]:
    """The lines of the answer, sorted."""
    found = lab.run(place, "dig", "+short", "+tries=3", "+time=2", f"@{server(lab)}", *question)
    return sorted(found.splitlines())


def addresses(lab: Lab) -> dict[str, str]:
    return {
        one["metadata"]["name"]: one["status"]["podIP"] for one in lab.cluster.pods("app=names")
    }


@pytest.mark.parametrize("node", NODES)
def test_each_nodes_dns_answers_its_pods_and_itself(names: Lab, node: str) -> None:
    pods = addresses(names)
    cluster_ip = names.cluster.get("service", "names-one")["spec"]["clusterIP"]
    back = ipaddress.ip_address(cluster_ip).reverse_pointer
    for place in (names.pod(f"names-{node}"), node):

        def settled(place: object = place) -> bool:
            every = dig(names, place, f"names-all.{ZONE}") == sorted(pods.values())
            return every and bool(dig(names, place, "CNAME", f"names-away.{ZONE}"))

        until("all endpoints, and the name that was made last", settled)
        assert dig(names, place, f"names-one.{ZONE}") == [cluster_ip]
        assert dig(names, place, "+tcp", f"names-one.{ZONE}") == [cluster_ip]
        assert dig(names, place, "PTR", back) == [f"names-one.{ZONE}."]
        assert dig(names, place, "SRV", f"_tcp._tcp.names-one.{ZONE}") == [
            f"0 100 80 names-one.{ZONE}."
        ]
        assert dig(names, place, "SRV", f"_udp._udp.names-all.{ZONE}") == sorted(
            f"0 33 {PORT} {pod}.names-all.{ZONE}." for pod in pods
        )
        for pod, address in pods.items():
            assert dig(names, place, f"{pod}.names-all.{ZONE}") == [address]
        assert dig(names, place, "CNAME", f"names-away.{ZONE}") == ["www.example.com."]
        assert dig(names, place, f"no-such-service.{ZONE}") == []


@pytest.mark.parametrize("node", NODES)
def test_short_names_work_in_pods_of_every_node(names: Lab, node: str) -> None:
    names.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"names-asks-{node}", "labels": {"app": "names-asks"}},
            "spec": {
                "nodeSelector": {"kubernetes.io/hostname": node},
                "restartPolicy": "Never",
                "containers": [
                    {"name": "main", "image": "busybox", "command": ["nc", "names-one", "80"]}
                ],
            },
        }
    )
    try:
        said = until("an answer", lambda: names.cluster.kubectl("logs", f"names-asks-{node}").ok())
        assert said.split()[0] in PODS
    finally:
        names.cluster.kubectl("delete", "pod", f"names-asks-{node}", "--now").ok()

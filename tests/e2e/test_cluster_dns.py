"""Names as pods resolve them, with the images' own resolvers."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.manifests import SLEEP, container, pod
from tests.support.wait import until

ADDRESS = "10.96.0.10"


def headless(name: str) -> manifests.Json:
    """A headless Service of the pods labelled app=NAME."""
    made = manifests.service(name, kind="ClusterIP")
    made["spec"]["clusterIP"] = "None"
    return made


def external(name: str, target: str) -> manifests.Json:
    """A Service that is another name."""
    spec = {"type": "ExternalName", "externalName": target}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


@pytest.fixture(scope="module")
def names(cluster: Cluster) -> Iterator[Cluster]:
    """Pods that ask, and what they ask for."""
    ubuntu = container(*SLEEP, image="ubuntu:16.04")
    member = pod("dns-member", labels={"app": "dns-crew"}, hostname="first", subdomain="dns-crew")
    objects = [
        pod("dns-ubuntu", ubuntu),
        pod("dns-busybox"),
        pod("dns-host", ubuntu, hostNetwork=True, dnsPolicy="ClusterFirstWithHostNet"),
        member,
        manifests.web("dns-web", 1),
        manifests.service("dns-web", port=8080, kind="ClusterIP"),
        headless("dns-crew"),
        external("dns-alias", "dns-web.default.svc.cluster.local"),
    ]
    manifest = manifests.text(*objects)
    cluster.kubectl("apply", "-f", "-", input=manifest).ok()
    try:
        pods = ("dns-ubuntu", "dns-busybox", "dns-host", "dns-member")
        cluster.kubectl("wait", "pod", *pods, "--for=condition=Ready", "--timeout=60s").ok()
        cluster.ready_pods(1, "app=dns-web")
        yield cluster
    finally:
        cluster.kubectl("delete", "--now", "-f", "-", input=manifest)


def asks(cluster: Cluster, pod: str, *command: str) -> str:
    return cluster.kubectl("exec", pod, "--", *command).out


def test_the_dns_service_has_the_tenth_address_of_the_service_range(cluster: Cluster) -> None:
    service = cluster.get("service", "-n", "kube-system", "kube-dns")
    assert service["spec"]["clusterIP"] == ADDRESS
    assert [(p["name"], p["port"], p["protocol"]) for p in service["spec"]["ports"]] == [
        ("dns", 53, "UDP"),
        ("dns-tcp", 53, "TCP"),
    ]


@pytest.mark.parametrize("asker", ["dns-ubuntu", "dns-host"])
@pytest.mark.parametrize(
    "name", ["dns-web", "dns-web.default", "dns-web.default.svc.cluster.local", "dns-alias"]
)
def test_a_page_is_fetched_by_every_form_of_its_services_name(
    names: Cluster, asker: str, name: str
) -> None:
    command = ("curl", "-sS", "-m", "3", f"http://{name}:8080")
    until("the page comes", lambda: "Welcome to nginx!" in asks(names, asker, *command))


def test_nslookup_finds_a_service_and_the_name_of_its_address(names: Cluster) -> None:
    address = names.get("service", "dns-web")["spec"]["clusterIP"]
    whole = "dns-web.default.svc.cluster.local"
    found = until(
        "the Service is known",
        lambda: names.kubectl("exec", "dns-busybox", "--", "nslookup", whole).ok(),
    )
    assert ADDRESS in found and f"Address: {address}" in found
    back = asks(names, "dns-busybox", "nslookup", address)
    assert whole in back


def test_a_pod_with_a_hostname_has_a_name_below_its_headless_service(names: Cluster) -> None:
    address = names.get("pod", "dns-member")["status"]["podIP"]
    for name in ("dns-crew", "first.dns-crew"):
        whole = f"{name}.default.svc.cluster.local"
        until(
            f"{name} is known",
            lambda whole=whole: (
                f"Address: {address}" in asks(names, "dns-busybox", "nslookup", whole)
            ),
        )


def test_a_pods_resolver_is_what_kubernetes_makes_it(names: Cluster) -> None:
    lines = asks(names, "dns-busybox", "cat", "/etc/resolv.conf").splitlines()
    assert lines[0] == f"nameserver {ADDRESS}"
    assert lines[1].startswith("search default.svc.cluster.local svc.cluster.local cluster.local")
    assert lines[-1] == "options ndots:5"


def test_an_unknown_name_is_answered_no_at_once(names: Cluster) -> None:
    asking = ("time", "nslookup", "nobody.default.svc.cluster.local")
    found = names.kubectl("exec", "dns-busybox", "--", *asking)
    assert found.code != 0 and "NXDOMAIN" in found.out + found.err
    took = re.search(r"real\s+(\d+)m (\d+)", found.err)
    assert took and int(took[1]) == 0 and int(took[2]) < 4, found.err

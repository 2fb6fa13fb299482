"""On one node without a pool LoadBalancer Services have the node's own address, port by port."""

from __future__ import annotations

from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.wait import until

PORT = 8095


def balanced(name: str) -> dict[str, object]:
    made = manifests.service(name, port=PORT, kind="LoadBalancer")
    made["spec"]["selector"] = {"app": "balanced"}
    return made


def external(cluster: Cluster, name: str) -> str:
    return cluster.column("service", name, "EXTERNAL-IP")


def test_a_second_service_with_a_port_waits_until_the_first_is_gone(cluster: Cluster) -> None:
    nginx = manifests.container(name="nginx", image="nginx:1.10")
    pod = manifests.pod("balanced", nginx, labels={"app": "balanced"})
    names = ("balanced-first", "balanced-second")
    made = manifests.text(pod, balanced(names[0]))
    cluster.kubectl("apply", "-f", "-", input=made).ok()
    try:
        addresses = cluster.get("node", "node1")["status"]["addresses"]
        own = next(one["address"] for one in addresses if one["type"] == "InternalIP")
        until("the first has the node's address", lambda: external(cluster, names[0]) == own)
        cluster.kubectl("apply", "-f", "-", input=manifests.text(balanced(names[1]))).ok()
        until(
            "the second is told who has the port",
            lambda: (
                f"port {PORT}/TCP of the nodes' addresses is in use by Service default/{names[0]}"
                in cluster.kubectl("describe", "service", names[1]).ok()
            ),
        )
        assert external(cluster, names[1]) == "<pending>"
        told = ("describe", "service", names[0])
        until("that is told", lambda: "EnsuredLoadBalancer" in cluster.kubectl(*told).ok())
        page = ["curl", "-sS", "-m", "2", f"http://{own}:{PORT}/"]
        until("the first is served", lambda: "nginx:1.10" in cluster.run(page).out, 30)
        cluster.kubectl("delete", "service", names[0]).ok()
        until("the second has the address", lambda: external(cluster, names[1]) == own)
        until("the second is served", lambda: "nginx:1.10" in cluster.run(page).out)
        change = '{"spec":{"type":"ClusterIP"}}'
        cluster.kubectl("patch", "service", names[1], "-p", change).ok()
        assert external(cluster, names[1]) == "<none>"
        until("nobody answers any more", lambda: cluster.run(page).code == 7)
    finally:
        cluster.kubectl("delete", "service", *names, "--ignore-not-found").ok()
        cluster.kubectl("delete", "pod", "balanced", "--now").ok()

"""A host port of a pod is reached on its node, and two cannot have the same."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest
from mk8s_agent.network import addresses

from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.manifests import Json, container, pod
from tests.support.wait import until

_PORT, _LOCAL_PORT = 18080, 18081


@pytest.fixture(autouse=True)
def empty(cluster: Cluster) -> Iterator[None]:
    """Each test leaves no pod behind."""
    yield
    cluster.kubectl("delete", "pod", "--all", "--now").ok()
    until("no pods left", lambda: not cluster.pods())


def apply(cluster: Cluster, *objects: Json) -> None:
    """`kubectl apply` of ``objects``."""
    cluster.kubectl("apply", "-f", "-", input=manifests.text(*objects)).ok()


def serving(name: str, *ports: Json, **spec: object) -> Json:
    """A pod that answers its name on port 80."""
    serve = f"mkdir /www && echo {name} >/www/index.html && exec httpd -f -p 80 -h /www"
    main = container("sh", "-c", serve, ports=list(ports))
    return pod(name, main, terminationGracePeriodSeconds=0, **spec)


def answer(address: str, port: int) -> str:
    """What is answered there; empty when nobody does."""
    with contextlib.suppress(OSError), socket.create_connection((address, port), 2) as link:
        link.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return link.makefile().read().splitlines()[-1]
    return ""


def test_a_host_port_is_reached_on_the_node_by_everyone_until_the_pod_goes(
    cluster: Cluster,
) -> None:
    apply(
        cluster,
        serving(
            "server",
            {"containerPort": 80, "hostPort": _PORT},
            {"containerPort": 80, "hostPort": _LOCAL_PORT, "hostIP": "127.0.0.9"},
        ),
        pod("client"),
    )
    cluster.ready_pods(2)
    [node] = cluster.get("nodes")["items"]
    address = addresses.node_address(node["spec"]["podCIDR"])
    until("the server listens", lambda: answer("127.0.0.1", _PORT) == "server")
    assert answer(address, _PORT) == "server"
    assert answer("127.0.0.9", _LOCAL_PORT) == "server"
    assert answer(address, _LOCAL_PORT) == ""
    for name in ("client", "server"):
        ask = f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 {address} {_PORT}"
        said = cluster.kubectl("exec", name, "--", "sh", "-c", ask).ok()
        assert said.endswith("server\n")
    cluster.kubectl("delete", "pod", "server", "--now").ok()
    until("nobody answers any more", lambda: not answer(address, _PORT))


def test_two_pods_cannot_have_the_same_host_port_of_a_node(cluster: Cluster) -> None:
    port = {"containerPort": 80, "hostPort": _PORT}
    apply(cluster, serving("first", port))
    cluster.ready_pods(1)
    [node] = cluster.get("nodes")["items"]
    pushy = serving("pushy", port, nodeName=node["metadata"]["name"])
    apply(cluster, serving("second", port), pushy)

    def refused() -> bool:
        conditions = cluster.get("pod", "second")["status"].get("conditions", [])
        return any(
            "didn't have free ports for the requested pod ports" in one.get("message", "")
            for one in conditions
        )

    until("the scheduler says why", refused)
    until(
        "the node says why, where the scheduler was not asked",
        lambda: cluster.get("pod", "pushy")["status"].get("reason") == "NodePorts",
    )
    cluster.kubectl("delete", "pod", "first", "--now").ok()
    until("the second one serves", lambda: answer("127.0.0.1", _PORT) == "second")


def test_a_port_that_a_program_of_the_node_has_is_named_and_waited_for(cluster: Cluster) -> None:
    with socket.create_server(("0.0.0.0", _PORT)):
        apply(cluster, serving("late", {"containerPort": 80, "hostPort": _PORT}))

        def told() -> bool:
            events = cluster.get("events", "--field-selector", "involvedObject.name=late")["items"]
            return any(
                one["reason"] == "FailedCreatePodSandBox"
                and f"cannot open hostport {_PORT} for pod late_default" in one["message"]
                and "address already in use" in one["message"]
                for one in events
            )

        until("an event says why", told)
        assert cluster.column("pod", "late", "STATUS") == "ContainerCreating"
    until("it serves", lambda: answer("127.0.0.1", _PORT) == "late", 30)


def test_a_host_port_goes_on_working_while_the_agent_is_restarted(cluster: Cluster) -> None:
    apply(cluster, serving("steady", {"containerPort": 80, "hostPort": _PORT}))
    until("it serves", lambda: answer("127.0.0.1", _PORT) == "steady", 30)
    cluster.kill("agent")
    cluster.mk8s("up").ok()
    assert answer("127.0.0.1", _PORT) == "steady"
    cluster.ready_pods(1)
    assert answer("127.0.0.1", _PORT) == "steady"

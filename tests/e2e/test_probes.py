"""What probes promise: who gets traffic, what is restarted, what people are told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.engine import PrivateEngine
from tests.support.manifests import SLEEP, container, pod
from tests.support.wait import until

FAST = {"periodSeconds": 1, "failureThreshold": 1}
SERVE = ("sh", "-c", "mkdir /www; touch /www/up; exec httpd -f -p 8080 -h /www")


@pytest.fixture(autouse=True)
def empty(cluster: Cluster) -> Iterator[None]:
    """Each test leaves no pod behind."""
    yield
    cluster.kubectl("delete", "pod", "--all", "--now").ok()
    until("no pods left", lambda: not cluster.pods())


def apply(cluster: Cluster, *objects: Any) -> None:
    """`kubectl apply` of ``objects``; nothing of them is only stored."""
    done = cluster.kubectl("apply", "-f", "-", input=manifests.text(*objects))
    done.ok()
    assert "mk8s stores" not in done.err


def status(cluster: Cluster, name: str, container: str = "main") -> dict[str, Any]:
    found = cluster.get("pod", name)["status"]
    every = found.get("containerStatuses", []) + found.get("initContainerStatuses", [])
    return next(one for one in every if one["name"] == container)


def events(cluster: Cluster, name: str) -> dict[str, int]:
    """`Reason message` of what happened to a pod, with how often."""
    listed = cluster.get("events", "--field-selector", f"involvedObject.name={name}")
    return {f"{one['reason']} {one['message']}": one.get("count", 1) for one in listed["items"]}


def said(cluster: Cluster, name: str, pattern: str) -> bool:
    return any(re.fullmatch(pattern, event, re.DOTALL) for event in events(cluster, name))


def endpoints(cluster: Cluster, service: str) -> dict[str, bool]:
    """The addresses behind a Service, and whether they are ready."""
    slices = cluster.get("endpointslices", "-l", f"kubernetes.io/service-name={service}")
    return {
        address: bool(one["conditions"]["ready"])
        for each in slices["items"]
        for one in each["endpoints"] or ()
        for address in one["addresses"]
    }


def touch(cluster: Cluster, name: str, path: str) -> None:
    cluster.kubectl("exec", name, "--", "touch", path).ok()


def remove(cluster: Cluster, name: str, path: str) -> None:
    cluster.kubectl("exec", name, "--", "rm", path).ok()


def test_readiness_decides_who_is_behind_a_service(cluster: Cluster) -> None:
    ready = {"httpGet": {"path": "/up", "port": "web"}, **FAST}
    ports = [{"containerPort": 8080, "name": "web"}]
    app = container(*SERVE, readinessProbe=ready, ports=ports)
    apply(
        cluster,
        pod("served", app, labels={"app": "served"}),
        manifests.service("served", kind="ClusterIP"),
    )
    try:
        cluster.ready_pods(1)
        address = cluster.get("pod", "served")["status"]["podIP"]
        until("it is behind the service", lambda: endpoints(cluster, "served") == {address: True})
        remove(cluster, "served", "/www/up")
        until("it is taken out", lambda: endpoints(cluster, "served") == {address: False})
        assert cluster.column("pod", "served", "READY") == "0/1"
        assert cluster.column("pod", "served", "STATUS") == "Running"
        until(
            "people are told",
            lambda: said(
                cluster,
                "served",
                "Unhealthy Readiness probe failed: HTTP probe failed with statuscode: 404",
            ),
        )
        touch(cluster, "served", "/www/up")
        until("it is back", lambda: endpoints(cluster, "served") == {address: True})
        assert status(cluster, "served")["restartCount"] == 0
    finally:
        cluster.kubectl("delete", "service", "served").ok()


def test_liveness_restarts_a_container_within_the_probes_own_grace_period(cluster: Cluster) -> None:
    deaf = ("sh", "-c", "trap '' TERM; touch /alive; while true; do sleep 1; done")
    live = {
        "exec": {"command": ["sh", "-c", "cat $(FILE) || { echo it has gone; exit 1; }"]},
        "terminationGracePeriodSeconds": 1,
        **FAST,
        "failureThreshold": 2,
        "timeoutSeconds": 10,
    }
    app = container(*deaf, livenessProbe=live, env=[{"name": "FILE", "value": "/alive"}])
    never = container(
        *SLEEP, livenessProbe={**FAST, "initialDelaySeconds": 1, "tcpSocket": {"port": 81}}
    )
    apply(
        cluster,
        pod("restarted", app, terminationGracePeriodSeconds=600),
        pod("ended", never, restartPolicy="Never"),
    )
    until("it runs", lambda: status(cluster, "restarted")["ready"])
    described = cluster.kubectl("describe", "pod", "restarted").ok()
    assert re.search(r"Liveness: +exec .* timeout=10s period=1s #success=1 #failure=2", described)
    remove(cluster, "restarted", "/alive")
    until(
        "it is restarted",
        lambda: cluster.column("pod", "restarted", "RESTARTS").startswith("1"),
    )
    assert status(cluster, "restarted")["lastState"]["terminated"]["exitCode"] == 137
    killing = "Killing Container main failed liveness probe, will be restarted"
    until("that is told", lambda: events(cluster, "restarted").get(killing) == 1)
    # The engine reads the two streams of a command separately: either may come first.
    both = r"Unhealthy Liveness probe failed: (?=.*cat: )(?=.*it has gone).*"
    assert said(cluster, "restarted", both)
    until("the other one failed", lambda: cluster.column("pod", "ended", "STATUS") == "Completed")
    for pattern in (
        r"Unhealthy Liveness probe failed: dial tcp .*: connect: connection refused",
        "Killing Container main failed liveness probe",
    ):
        until("people are told", lambda p=pattern: said(cluster, "ended", p))


def test_startup_holds_back_liveness_and_what_comes_after_a_sidecar(cluster: Cluster) -> None:
    begun = {"exec": {"command": ["test", "-e", "/begun"]}, "timeoutSeconds": 10, **FAST}
    side = container(
        *SLEEP,
        name="side",
        restartPolicy="Always",
        startupProbe={**begun, "failureThreshold": 100},
        livenessProbe={"tcpSocket": {"port": 82}, **FAST, "initialDelaySeconds": 2},
    )
    apply(cluster, pod("slow", container(*SLEEP), initContainers=[side]))
    until("the sidecar runs", lambda: "running" in status(cluster, "slow", "side")["state"])
    until("it was asked", lambda: said(cluster, "slow", "Unhealthy Startup probe failed: .*"))
    waiting = status(cluster, "slow", "side")
    assert (waiting["started"], waiting["ready"], waiting["restartCount"]) == (False, False, 0)
    assert status(cluster, "slow")["state"]["waiting"]["reason"] == "PodInitializing"
    cluster.kubectl("exec", "slow", "-c", "side", "--", "touch", "/begun").ok()
    until("the next one comes", lambda: status(cluster, "slow")["started"])
    until("now liveness counts", lambda: status(cluster, "slow", "side")["restartCount"] >= 1)
    killing = "Killing Init container side failed liveness probe"
    until("that is told", lambda: killing in events(cluster, "slow"))


def test_every_way_of_asking_is_described_and_works_in_the_pod_too(cluster: Cluster) -> None:
    serve = ("sh", "-c", "httpd -p 8080 -h /etc; exec httpd -f -p 9090")
    by_http = {"path": "/hostname", "port": 8080, "httpHeaders": [{"name": "X-A", "value": "b"}]}
    ways = container(
        *serve,
        startupProbe={"tcpSocket": {"port": 9090}, **FAST, "failureThreshold": 20},
        readinessProbe={"httpGet": by_http, **FAST, "failureThreshold": 20},
        livenessProbe={"exec": {"command": ["true"]}, "timeoutSeconds": 10},
    )
    strange = container(
        *SLEEP,
        startupProbe={"grpc": {"port": 9, "service": "shop"}, **FAST, "failureThreshold": 20},
    )
    late = container(
        *SLEEP,
        name="late",
        readinessProbe={"exec": {"command": ["sleep", "60"]}, **FAST, "failureThreshold": 20},
    )
    unnamed = container(
        *SLEEP, name="unnamed", readinessProbe={"httpGet": {"port": "nope"}, **FAST}
    )
    apply(cluster, pod("ways", ways), pod("strange", strange, late, unnamed))
    until("it is ready", lambda: status(cluster, "ways")["ready"])
    described = cluster.kubectl("describe", "pod", "ways").ok()
    assert re.search(r"Startup: +tcp-socket :9090 delay=0s timeout=1s period=1s", described)
    assert re.search(r"Readiness: +http-get http://:8080/hostname delay=0s", described)
    assert re.search(r"Liveness: +exec \[true\] delay=0s timeout=10s period=10s", described)
    for pattern in (
        r'Unhealthy Startup probe failed: timeout: failed to connect service "10\..*:9" within 1s: '
        r"context deadline exceeded",
        r'Unhealthy Readiness probe failed: command timed out: "sleep 60" timed out after 1s',
        r"Unhealthy Readiness probe errored and resulted in unknown state: strconv.Atoi: "
        r'parsing "nope": invalid syntax',
    ):
        until(pattern, lambda p=pattern: said(cluster, "strange", p))
    assert re.search(
        r"Startup: +grpc <pod>:9 shop delay=0s", cluster.kubectl("describe", "pod", "strange").ok()
    )


@pytest.fixture
def lone(engine: PrivateEngine, tmp_path: Path) -> Iterator[Cluster]:
    """A cluster whose daemons may be killed."""
    made = Cluster.beside(1, tmp_path / "mk8s", engine)
    made.mk8s("up").ok()
    try:
        yield made
    finally:
        made.mk8s("down", "--purge").ok()


def test_a_killed_agent_changes_nothing_and_a_readiness_gate_waits_for_its_condition(
    lone: Cluster,
) -> None:
    cluster = lone
    ready = {"tcpSocket": {"port": 8080}, "periodSeconds": 2}
    begun = {"tcpSocket": {"port": 8080}, **FAST, "failureThreshold": 20}
    app = container(*SERVE, readinessProbe=ready, startupProbe=begun)
    apply(cluster, pod("steady", app, readinessGates=[{"conditionType": "shop.test/ok"}]))
    until("it is ready inside", lambda: status(cluster, "steady")["ready"])

    def condition(type: str) -> dict[str, Any]:
        conditions = cluster.get("pod", "steady")["status"]["conditions"]
        return next(one for one in conditions if one["type"] == type)

    assert condition("Ready")["reason"] == "ReadinessGatesNotReady"
    gate = [{"type": "shop.test/ok", "status": "True"}]
    patch = json.dumps({"status": {"conditions": gate}})
    cluster.kubectl(
        "patch", "pod", "steady", "--subresource=status", "--type=strategic", "-p", patch
    ).ok()
    cluster.ready_pods(1)
    revision = cluster.get("pod", "steady")["metadata"]["resourceVersion"]
    cluster.kill("agent")
    cluster.mk8s("up").ok()
    until("the agent is there", lambda: cluster.column("node", "node1", "STATUS") == "Ready")
    remove(cluster, "steady", "/www/up")
    after = cluster.get("pod", "steady")
    assert after["status"]["containerStatuses"][0]["ready"]
    assert condition("Ready")["status"] == "True"
    assert after["metadata"]["resourceVersion"] == revision, "it was told although nothing changed"

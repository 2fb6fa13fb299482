"""What a pod promises: its environment, its limits, its end, its logs."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import manifests
from tests.support.cluster import MK8S, Cluster
from tests.support.manifests import container, pod
from tests.support.wait import until


@pytest.fixture(autouse=True)
def empty(cluster: Cluster) -> Iterator[None]:
    """Each test leaves no pod behind."""
    yield
    cluster.kubectl("delete", "pod", "--all", "--now").ok()
    until("no pods left", lambda: not cluster.pods())


def apply(cluster: Cluster, *objects: Any) -> None:
    """`kubectl apply` of ``objects``."""
    cluster.kubectl("apply", "-f", "-", input=manifests.text(*objects)).ok()


def phase(cluster: Cluster, name: str) -> str:
    """The pod's phase."""
    return str(cluster.get("pod", name)["status"]["phase"])


def engine_container(cluster: Cluster, pod_name: str, name: str = "main") -> dict[str, Any]:
    """The engine's own view of a pod's newest container."""
    labels = {"io.kubernetes.pod.name": pod_name, "io.kubernetes.container.name": name}
    newest = max(cluster.engine.containers(**labels), key=lambda one: str(one["Created"]))
    found: dict[str, Any] = json.loads(cluster.engine.run("inspect", str(newest["Id"])))[0]
    return found


def test_the_environment_comes_from_literals_configmaps_secrets_and_the_pod(
    cluster: Cluster,
) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings"},
        "data": {"color": "blue", "shape": "round"},
    }
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "keys"},
        "stringData": {"password": "s3cret"},
    }
    env = [
        {"name": "PLAIN", "value": "a b"},
        {"name": "COMPOSED", "value": "$(PLAIN)-$(COLOR)-$(UNKNOWN)-$$(PLAIN)"},
        {"name": "COLOR", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "color"}}},
        {"name": "PASS", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "password"}}},
        {
            "name": "MAYBE",
            "valueFrom": {"secretKeyRef": {"name": "x", "key": "y", "optional": True}},
        },
        {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        {"name": "LATE", "value": "$(COLOR)"},
    ]
    main = container(
        "env", env=env, envFrom=[{"configMapRef": {"name": "settings"}, "prefix": "S_"}]
    )
    apply(cluster, config, secret, pod("environment", main, restartPolicy="Never"))
    try:
        until("it ended", lambda: phase(cluster, "environment") == "Succeeded")
        said = set(cluster.kubectl("logs", "environment").ok().splitlines())
        address = cluster.get("pod", "environment")["status"]["podIP"]
        wanted = {
            "PLAIN=a b",
            "COMPOSED=a b-$(COLOR)-$(UNKNOWN)-$(PLAIN)",
            "COLOR=blue",
            "PASS=s3cret",
            "POD=environment",
            f"IP={address}",
            "NODE=node1",
            "LATE=blue",
            "S_color=blue",
            "S_shape=round",
            "KUBERNETES_SERVICE_PORT=443",
        }
        assert wanted <= said, wanted - said
        assert not any(line.startswith("MAYBE=") for line in said)
    finally:
        cluster.kubectl("delete", "configmap/settings", "secret/keys").ok()


@pytest.mark.parametrize(
    ("fields", "printed"),
    [
        ({"command": ["echo", "$(WHO)"]}, "world"),
        (
            {"command": ["echo", "hello"], "args": ["dear", "$(WHO)", "$$(WHO)"]},
            "hello dear world $(WHO)",
        ),
        ({"args": ["sh", "-c", "echo from args $0 $WHO"]}, "from args sh world"),
        ({"command": ["pwd"], "workingDir": "/tmp"}, "/tmp"),
    ],
    ids=["command", "command and args", "args", "working directory"],
)
def test_command_and_args_replace_the_images_own(
    cluster: Cluster, fields: dict[str, Any], printed: str
) -> None:
    main = container(env=[{"name": "WHO", "value": "world"}]) | fields
    apply(cluster, pod("command", main, restartPolicy="Never"))
    until("it ended", lambda: phase(cluster, "command") == "Succeeded")
    assert cluster.kubectl("logs", "command").ok().strip() == printed


def test_requests_and_limits_reach_the_kernel(cluster: Cluster) -> None:
    resources = {
        "requests": {"cpu": "250m", "memory": "16Mi"},
        "limits": {"cpu": "500m", "memory": "64Mi"},
    }
    apply(cluster, pod("limited", container(*manifests.SLEEP, resources=resources)))
    cluster.ready_pods(1)
    host = engine_container(cluster, "limited")["HostConfig"]
    assert host["Memory"] == 64 * 1024 * 1024
    assert host["CpuShares"] == 256
    assert (host["CpuQuota"], host["CpuPeriod"]) == (50000, 100000)
    assert cluster.get("pod", "limited")["status"]["qosClass"] == "Burstable"


def test_a_container_above_its_memory_limit_is_killed_and_says_oomkilled(cluster: Cluster) -> None:
    hungry = container(
        "sh", "-c", "x=a; while true; do x=$x$x; done", resources={"limits": {"memory": "16Mi"}}
    )
    apply(cluster, pod("hungry", hungry, restartPolicy="Never"))
    until("it failed", lambda: phase(cluster, "hungry") == "Failed", 60)
    [status] = cluster.get("pod", "hungry")["status"]["containerStatuses"]
    ended = status["state"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("OOMKilled", 137)
    assert cluster.column("pod", "hungry", "STATUS") == "OOMKilled"


@pytest.mark.parametrize(
    ("policy", "code", "status", "restarted"),
    [
        ("Never", 0, "Completed", False),
        ("Never", 3, "Error", False),
        ("OnFailure", 0, "Completed", False),
        ("OnFailure", 3, "Error", True),
        ("Always", 0, "Completed", True),
    ],
)
def test_the_restart_policy_decides_what_follows_an_end(
    cluster: Cluster, policy: str, code: int, status: str, restarted: bool
) -> None:
    apply(cluster, pod("ending", container("sh", "-c", f"exit {code}"), restartPolicy=policy))

    def ended() -> bool:
        [one] = cluster.get("pod", "ending")["status"]["containerStatuses"]
        last = one["state"].get("terminated") or one["lastState"]["terminated"]
        assert last["exitCode"] == code
        assert last["reason"] == status
        return bool(one["restartCount"] > 0) == restarted

    until("it ended as it should", ended)
    if restarted:
        until(
            "it waits longer each time",
            lambda: cluster.column("pod", "ending", "STATUS") == "CrashLoopBackOff",
        )
        assert phase(cluster, "ending") == "Running"
    else:
        assert cluster.column("pod", "ending", "STATUS") == status
        assert phase(cluster, "ending") == ("Failed" if code else "Succeeded")


def test_a_crash_loop_counts_its_restarts_and_keeps_the_log_of_the_last_run(
    cluster: Cluster,
) -> None:
    apply(cluster, pod("loop", container("sh", "-c", "echo run $HOSTNAME; date +%s%N; exit 1")))

    def restarts() -> int:
        return int(cluster.column("pod", "loop", "RESTARTS").split()[0])

    until("it restarted", lambda: restarts() >= 1)
    until("it backs off", lambda: cluster.column("pod", "loop", "STATUS") == "CrashLoopBackOff")
    assert re.fullmatch(r"\d+ \(\d+s ago\)", cluster.column("pod", "loop", "RESTARTS"))
    described = cluster.kubectl("describe", "pod", "loop").ok()
    assert "Back-off restarting failed container main in pod loop_default" in described
    assert re.search(r"Last State: +Terminated\n +Reason: +Error\n +Exit Code: +1", described)
    for client in ("kubectl", "mk8s"):
        assert "run loop" in cluster.client(client)("logs", "-p", "loop").ok()


def test_a_killed_container_is_replaced_and_counted(cluster: Cluster) -> None:
    apply(cluster, pod("victim"))
    cluster.ready_pods(1)
    first = engine_container(cluster, "victim")["Id"]
    cluster.engine.run("kill", first)
    until("it was restarted", lambda: cluster.column("pod", "victim", "RESTARTS").startswith("1"))
    cluster.ready_pods(1)
    assert engine_container(cluster, "victim")["Id"] != first
    [status] = cluster.get("pod", "victim")["status"]["containerStatuses"]
    assert status["lastState"]["terminated"]["exitCode"] == 137


def test_a_killed_sandbox_takes_its_containers_along_and_all_come_back(cluster: Cluster) -> None:
    apply(cluster, pod("housed"))
    cluster.ready_pods(1)
    cluster.engine.run("kill", engine_container(cluster, "housed", "POD")["Id"])
    until("it was restarted", lambda: cluster.column("pod", "housed", "RESTARTS").startswith("1"))
    cluster.ready_pods(1)
    described = cluster.kubectl("describe", "pod", "housed").ok()
    assert "Pod sandbox changed, it will be killed and re-created." in described


def test_a_pod_is_asked_to_end_and_may_say_goodbye(cluster: Cluster) -> None:
    goodbye = "trap 'echo goodbye; sleep 0.5; echo gone; exit 0' TERM; echo ready; sleep 99 & wait"
    apply(cluster, pod("polite", container("sh", "-c", goodbye)))
    cluster.ready_pods(1)
    until("it listens", lambda: "ready" in cluster.kubectl("logs", "polite").ok())
    logs = [str(MK8S), "logs", "-f", "polite"]
    with subprocess.Popen(
        logs, env=cluster.environment, stdout=subprocess.PIPE, text=True
    ) as following:
        assert following.stdout and following.stdout.readline() == "ready\n"
        started = time.monotonic()
        cluster.kubectl("delete", "pod", "polite", "--wait=false").ok()
        assert cluster.column("pod", "polite", "STATUS") == "Terminating"
        until("it is gone", lambda: not cluster.pods())
        assert time.monotonic() - started < 25, "its grace period is 30 s"
        assert following.stdout.read() == "goodbye\ngone\n"
        assert following.wait(30) == 0


def test_a_pod_that_does_not_listen_is_killed_when_its_grace_is_over(cluster: Cluster) -> None:
    deaf = container("sh", "-c", "trap '' TERM; while true; do sleep 1; done")
    apply(cluster, pod("deaf", deaf, terminationGracePeriodSeconds=3))
    cluster.ready_pods(1)
    started = time.monotonic()
    cluster.kubectl("delete", "pod", "deaf").ok()
    assert 3 <= time.monotonic() - started < 20
    assert not cluster.engine.containers(**{"io.kubernetes.pod.name": "deaf"})


def test_a_shorter_grace_asked_for_at_deletion_holds(cluster: Cluster) -> None:
    deaf = container("sh", "-c", "trap '' TERM; while true; do sleep 1; done")
    apply(cluster, pod("deaf", deaf, terminationGracePeriodSeconds=300))
    cluster.ready_pods(1)
    cluster.kubectl("delete", "pod", "deaf", "--wait=false").ok()
    started = time.monotonic()
    cluster.kubectl("delete", "pod", "deaf", "--grace-period=1").ok()
    assert time.monotonic() - started < 30


def test_logs_have_tail_timestamps_containers_and_follow(cluster: Cluster) -> None:
    lines = "for i in 1 2 3 4 5; do echo line $i; done; "
    main = container("sh", "-c", f"{lines} trap 'exit 0' TERM; sleep 99 & wait")
    other = container("sh", "-c", "echo other; echo wrong >&2; exec sleep 99", name="other")
    apply(cluster, pod("talker", main, other, terminationGracePeriodSeconds=1))
    cluster.ready_pods(1)
    for client in (cluster.kubectl, cluster.mk8s):
        until(
            "both talked",
            lambda client=client: client("logs", "talker", "-c", "other").ok().count("\n") == 2,
        )
        assert client("logs", "talker", "-c", "main", "--tail", "2").ok() == "line 4\nline 5\n"
        stamped = client("logs", "talker", "-c", "main", "--timestamps", "--tail=1").ok()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z line 5\n", stamped)
        said = client("logs", "talker", "-c", "other").ok()
        assert sorted(said.split()) == ["other", "wrong"]
        everything = client("logs", "talker", "--all-containers").ok()
        assert "line 1" in everything and "other" in everything
        wrong = client("logs", "talker", "-c", "nobody").fails()
        assert "container nobody is not valid for pod talker" in wrong
        before = client("logs", "-p", "talker", "-c", "main").fails()
        assert 'previous terminated container "main" in pod "talker" not found' in before


def test_pods_reach_each_other_by_address_and_see_each_others_own(cluster: Cluster) -> None:
    server = container(name="main", image="nginx:1.10")
    client = container(*manifests.SLEEP, image="ubuntu:16.04")
    apply(cluster, pod("server", server), pod("client", client))
    pods = {one["metadata"]["name"]: one["status"]["podIP"] for one in cluster.ready_pods(2)}
    asker = engine_container(cluster, "client")["Id"]
    page = cluster.engine.run("exec", asker, "curl", "-sS", "-m", "5", f"http://{pods['server']}")
    assert "Welcome to nginx!" in page
    until("the log has it", lambda: pods["client"] in cluster.kubectl("logs", "server").ok())


def test_containers_of_a_pod_have_its_name_as_hostname(cluster: Cluster) -> None:
    apply(cluster, pod("named", container("hostname"), restartPolicy="Never"))
    until("it ended", lambda: phase(cluster, "named") == "Succeeded")
    assert cluster.kubectl("logs", "named").ok() == "named\n"


def test_init_containers_run_one_after_the_other_before_the_others(cluster: Cluster) -> None:
    init = [
        container("sh", "-c", "echo first", name="first"),
        container("sh", "-c", "echo second", name="second"),
    ]
    apply(cluster, pod("prepared", initContainers=init))
    [made] = cluster.ready_pods(1)
    ends = [one["state"]["terminated"] for one in made["status"]["initContainerStatuses"]]
    started = made["status"]["containerStatuses"][0]["state"]["running"]["startedAt"]
    assert ends[0]["finishedAt"] <= ends[1]["startedAt"] <= ends[1]["finishedAt"] <= started
    assert cluster.kubectl("logs", "prepared", "-c", "second").ok() == "second\n"

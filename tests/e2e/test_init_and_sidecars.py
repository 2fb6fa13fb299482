"""Init containers and sidecars: their order, their restarts, their part in a pod's end."""

from __future__ import annotations

from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.manifests import SLEEP, container, pod
from tests.support.podlife import apply, container_status, gone, ready, status
from tests.support.wait import until

VOLUME = [{"name": "shared", "emptyDir": {}}]
MOUNT = [{"name": "shared", "mountPath": "/shared"}]


def writes(text: str) -> tuple[str, ...]:
    return ("sh", "-c", f"echo {text} >> /shared/order")


def test_init_containers_and_sidecars_come_in_their_order(cluster: Cluster) -> None:
    """The second init container fails once; the sidecar has run before it, and runs to the end."""
    side = container(
        "sh",
        "-c",
        f"echo side >> /shared/order; {SLEEP[2]}",
        name="side",
        restartPolicy="Always",
        volumeMounts=MOUNT,
    )
    fails_once = (
        "echo two >> /shared/order; test -f /shared/failed || { touch /shared/failed; exit 1; }"
    )
    inits = [
        container(*writes("one"), name="one", volumeMounts=MOUNT),
        side,
        container("sh", "-c", fails_once, name="two", volumeMounts=MOUNT),
    ]
    main = container("cat", "/shared/order", volumeMounts=MOUNT)
    spec = {"initContainers": inits, "volumes": VOLUME, "restartPolicy": "OnFailure"}
    apply(cluster, pod("inits", main, **spec))
    until("it did its work", lambda: status(cluster, "inits")["phase"] == "Succeeded")
    said = cluster.kubectl("logs", "inits", "-c", "main").ok().split()
    assert said == ["one", "side", "two", "two"]
    assert container_status(cluster, "inits", "two")["restartCount"] == 1
    assert container_status(cluster, "inits", "side")["state"]["terminated"]["exitCode"] == 0
    assert cluster.column("pod", "inits", "STATUS") == "Completed"
    cluster.kubectl("delete", "pod", "inits", "--wait=false").ok()


def test_a_sidecar_that_crashes_comes_back_and_a_lost_sandbox_runs_the_inits_again(
    cluster: Cluster,
) -> None:
    side = container(*SLEEP, name="side", restartPolicy="Always")
    init = container("true", name="init")
    apply(cluster, pod("reborn", container(*SLEEP), initContainers=[init, side]))
    ready(cluster, "reborn")
    assert container_status(cluster, "reborn", "side")["started"] is True
    # The command may end by itself or with its container.
    killed = cluster.kubectl("exec", "reborn", "-c", "side", "--", "kill", "1")
    assert killed.code in (0, 137), killed.err
    until(
        "the sidecar is back",
        lambda: container_status(cluster, "reborn", "side")["restartCount"] == 1,
    )
    ready(cluster, "reborn")
    assert container_status(cluster, "reborn", "main")["restartCount"] == 0
    labels = {"io.kubernetes.pod.name": "reborn", "io.kubernetes.container.name": "POD"}
    (sandbox,) = cluster.engine.containers(**labels)
    cluster.engine.run("kill", str(sandbox["Id"]))
    until(
        "the init container ran again",
        lambda: container_status(cluster, "reborn", "init")["restartCount"] == 1,
    )
    ready(cluster, "reborn")
    cluster.kubectl("delete", "pod", "reborn", "--now").ok()
    gone(cluster, "reborn")


def test_a_failed_init_container_fails_a_pod_that_never_restarts(cluster: Cluster) -> None:
    init = container("sh", "-c", "exit 3", name="init")
    apply(cluster, pod("doomed", container(*SLEEP), initContainers=[init], restartPolicy="Never"))
    until("it failed", lambda: status(cluster, "doomed")["phase"] == "Failed")
    assert container_status(cluster, "doomed", "main")["state"] == {
        "waiting": {"reason": "PodInitializing"}
    }
    assert cluster.column("pod", "doomed", "STATUS") == "Init:Error"
    cluster.kubectl("delete", "pod", "doomed", "--wait=false").ok()


def test_containers_restart_by_their_own_policy_and_rules(cluster: Cluster) -> None:
    """One container may be tried again at one exit code, the other one stays ended."""
    script = "test -f /shared/tried && exit 0; touch /shared/tried; exit 42"
    rule = {"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}
    picky = container(
        "sh", "-c", script,
        name="picky", volumeMounts=MOUNT, restartPolicy="Never", restartPolicyRules=[rule],
    )  # fmt: skip
    once = container("sh", "-c", "exit 1", name="once", restartPolicy="Never")
    warned = cluster.kubectl(
        "apply", "-f", "-", input=manifests.text(pod("rules", picky, once, volumes=VOLUME))
    )
    assert "restartPolicy" not in warned.err
    until("it ended", lambda: status(cluster, "rules")["phase"] == "Failed")
    assert container_status(cluster, "rules", "picky")["restartCount"] == 1
    assert container_status(cluster, "rules", "picky")["state"]["terminated"]["exitCode"] == 0
    assert container_status(cluster, "rules", "once")["restartCount"] == 0
    cluster.kubectl("delete", "pod", "rules", "--wait=false").ok()

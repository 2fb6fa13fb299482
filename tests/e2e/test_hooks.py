"""postStart and preStop: run when they should, and told when they fail."""

from __future__ import annotations

from typing import Any

from tests.support.cluster import Cluster
from tests.support.manifests import SLEEP, container, pod
from tests.support.podlife import apply, container_status, events, followed, gone, status
from tests.support.wait import until

NGINX_PORT = [{"name": "http", "containerPort": 80}]


def script(text: str) -> dict[str, Any]:
    return {"exec": {"command": ["sh", "-c", text]}}


def test_hooks_run_after_the_start_and_before_the_stop(cluster: Cluster) -> None:
    """The third asks the first, once the hook of the second has seen that it answers."""
    greeting = {"httpGet": {"port": 80, "path": "/greeting"}}
    farewell = {"httpGet": {"port": "http", "path": "/farewell"}}
    web = container(
        name="web", image="nginx:1.10", ports=NGINX_PORT, lifecycle={"preStop": farewell}
    )
    first = container(
        *SLEEP,
        name="first",
        lifecycle={
            "postStart": script(
                "until wget -q -O /dev/null 127.0.0.1; do sleep 0.1; done; "
                "sleep 4; echo ready > /proc/1/fd/1"
            ),
            "preStop": script("echo stopping > /proc/1/fd/1; sleep 1"),
        },
    )
    nap = container(
        *SLEEP,
        name="nap",
        lifecycle={"postStart": greeting, "preStop": {"sleep": {"seconds": 1}}},
    )
    apply(cluster, pod("with-hooks", web, first, nap))
    waiting = until(
        "the second container is in its hook",
        lambda: (
            container_status(cluster, "with-hooks", "web")["state"].get("running")
            and container_status(cluster, "with-hooks", "first")["state"].get("waiting")
        ),
    )
    assert waiting == {"reason": "ContainerCreating"}
    until("it runs", lambda: status(cluster, "with-hooks")["phase"] == "Running")
    started = [
        container_status(cluster, "with-hooks", name)["state"]["running"]["startedAt"]
        for name in ("first", "nap")
    ]
    assert started[0] < started[1]
    with (
        followed(cluster, "with-hooks", "first") as first_says,
        followed(cluster, "with-hooks", "web") as web_says,
    ):
        assert first_says.stdout is not None and web_says.stdout is not None
        assert first_says.stdout.readline() == "ready\n"
        deleted = cluster.kubectl("delete", "pod", "with-hooks")
        deleted.ok()
        assert 1 <= deleted.seconds < 25, "the grace period is 30 s"
        assert first_says.stdout.readline() == "stopping\n"
        asked = web_says.stdout.read()
        assert "GET /greeting" in asked and "GET /farewell" in asked

    def stopped() -> list[str]:
        told = events(cluster, "with-hooks")
        return sorted(message for reason, message in told if reason == "Killing")

    wanted = [f"Stopping container {name}" for name in ("first", "nap", "web")]
    until("their ends are told", lambda: stopped() == wanted)


def test_hooks_that_fail_are_told_and_a_failed_post_start_restarts_the_container(
    cluster: Cluster,
) -> None:
    bad = container(*SLEEP, name="bad", lifecycle={"postStart": script("exit 7")})
    bad["lifecycle"]["preStop"] = {"exec": {"command": ["/no/such/command"]}}
    apply(cluster, pod("unhooked", bad))
    until(
        "it waits",
        lambda: (
            container_status(cluster, "unhooked", "bad")["state"]["waiting"]["reason"]
            == "CrashLoopBackOff"
        ),
    )
    story = {
        ("FailedPostStartHook", "PostStartHook failed"),
        ("Killing", "FailedPostStartHook"),
        ("FailedPreStopHook", "PreStopHook failed"),
    }
    until("it is told", lambda: story <= set(events(cluster, "unhooked")))
    cluster.kubectl("delete", "pod", "unhooked", "--wait=false").ok()
    gone(cluster, "unhooked", seconds=25)

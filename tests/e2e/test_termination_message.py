"""What a container leaves as its last words stands in its status."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.manifests import container, pod
from tests.support.wait import until


@pytest.fixture(autouse=True)
def empty(cluster: Cluster) -> Iterator[None]:
    """Each test leaves no pod behind."""
    yield
    cluster.kubectl("delete", "pod", "--all", "--now").ok()
    until("no pods left", lambda: not cluster.pods())


def ended(cluster: Cluster, name: str) -> dict[str, dict[str, Any]]:
    """How each container of the pod ended, once all have."""

    def found() -> dict[str, dict[str, Any]] | None:
        statuses = cluster.get("pod", name)["status"].get("containerStatuses", [])
        ends = {one["name"]: one["state"].get("terminated") for one in statuses}
        return ends if ends and all(ends.values()) else None

    return until(f"all of {name} ended", found) or {}


def test_the_message_is_the_file_or_the_end_of_the_log_and_outlives_the_agent(
    cluster: Cluster,
) -> None:
    fallback = {"terminationMessagePolicy": "FallbackToLogsOnError"}
    anyone = {"securityContext": {"runAsUser": 1234, "readOnlyRootFilesystem": True}}
    many = "for i in $(seq 200); do echo line $i; done; exit 3"
    apart = "echo apart >/elsewhere/said"
    talker = pod(
        "talker",
        container("sh", "-c", "echo done >/dev/termination-log", name="file", **anyone),
        container("sh", "-c", apart, name="path", terminationMessagePath="/elsewhere/said"),
        container("sh", "-c", many, name="log", **fallback),
        container("sh", "-c", f"echo said >/dev/termination-log; {many}", name="both", **fallback),
        container("sh", "-c", "echo fine", name="fine", **fallback),
        restartPolicy="Never",
    )
    cluster.kubectl("apply", "-f", "-", input=manifests.text(talker)).ok()
    ends = ended(cluster, "talker")
    messages = {name: end.get("message") for name, end in ends.items()}
    last = "".join(f"line {number}\n" for number in range(121, 201))
    assert messages == {
        "file": "done\n",
        "path": "apart\n",
        "log": last,
        "both": "said\n",
        "fine": None,
    }
    cluster.kill("agent")
    cluster.mk8s("up").ok()
    cluster.kubectl("annotate", "pod", "talker", "look=again").ok()
    assert ended(cluster, "talker") == ends


def test_a_container_killed_for_its_childs_memory_says_so(cluster: Cluster) -> None:
    grow = "sh -c 'x=a; while :; do x=$x$x; done'; exit 5"
    greedy = container("sh", "-c", grow, resources={"limits": {"memory": "16Mi"}})
    cluster.kubectl(
        "apply", "-f", "-", input=manifests.text(pod("greedy", greedy, restartPolicy="Never"))
    ).ok()
    end = ended(cluster, "greedy")["main"]
    assert (end["reason"], end["exitCode"]) == ("OOMKilled", 5)

"""What volumes promise: their kinds, live updates, groups, parts of them, and leaving nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.manifests import SLEEP, container, pod
from tests.support.wait import until


@pytest.fixture(autouse=True)
def empty(cluster: Cluster) -> Iterator[None]:
    """Each test leaves no pod behind, and no pod leaves anything on the node."""
    yield
    cluster.kubectl("delete", "pod", "--all", "--now").ok()
    until("no pods left", lambda: not cluster.pods())
    assert left_behind(cluster) == []


def left_behind(cluster: Cluster) -> list[str]:
    """Directories and mounts of pods."""
    state = next(cluster.home.rglob("pods")).parent
    found = [str(one) for name in ("pods", "memory") for one in (state / name).glob("*")]
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split()[4] for line in lines]
    return found + [one for one in points if one.startswith(f"{state}/pods/")]


def apply(cluster: Cluster, *objects: Any) -> None:
    """`kubectl apply` of ``objects``."""
    cluster.kubectl("apply", "-f", "-", input=manifests.text(*objects)).ok()


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def secret(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data}


def run(cluster: Cluster, name: str, script: str, container: str = "main") -> str:
    """What a shell in a running container prints."""
    return cluster.kubectl("exec", name, "-c", container, "--", "sh", "-c", script).ok()


def running(cluster: Cluster, name: str) -> None:
    """Wait until all containers of the pod run."""
    until(f"{name} runs", lambda: cluster.get("pod", name)["status"]["phase"] == "Running")


def events(cluster: Cluster, name: str, reason: str) -> list[str]:
    """The messages of a pod's events with that reason."""
    listed = cluster.get("events", f"--field-selector=involvedObject.name={name},reason={reason}")
    return [one["message"] for one in listed["items"]]


def mount(name: str, path: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "mountPath": path, **fields}


def test_files_of_every_kind_have_their_content_modes_and_owners(
    cluster: Cluster, tmp_path: Path
) -> None:
    file = tmp_path / "with:colon"
    file.write_text("from the node")
    apply(
        cluster,
        config_map("settings", color="blue", deep="down"),
        secret("keys", password="s3cret"),
        pod(
            "kinds",
            container(
                *SLEEP,
                volumeMounts=[
                    mount("config", "/config"),
                    mount("chosen", "/chosen"),
                    mount("secret", "/secret"),
                    mount("self", "/self"),
                    mount("all", "/all"),
                    mount("maybe", "/maybe"),
                    mount("host", "/host:path"),
                    mount("memory", "/memory"),
                ],
                resources={"limits": {"cpu": "500m"}},
            ),
            labels={"app": "kinds", "quoted": "a.b"},
            volumes=[
                {"name": "config", "configMap": {"name": "settings"}},
                {
                    "name": "chosen",
                    "configMap": {
                        "name": "settings",
                        "items": [{"key": "deep", "path": "a/b/c", "mode": 0o400}],
                    },
                },
                {"name": "secret", "secret": {"secretName": "keys", "defaultMode": 0o440}},
                {
                    "name": "self",
                    "downwardAPI": {
                        "items": [
                            {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
                            {
                                "path": "cpu",
                                "resourceFieldRef": {
                                    "containerName": "main",
                                    "resource": "limits.cpu",
                                    "divisor": "1m",
                                },
                            },
                        ]
                    },
                },
                {
                    "name": "all",
                    "projected": {
                        "sources": [
                            {"configMap": {"name": "settings", "items": [
                                {"key": "color", "path": "color"}]}},
                            {"secret": {"name": "keys"}},
                            {"downwardAPI": {"items": [
                                {"path": "ns", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
                        ]
                    },
                },
                {"name": "maybe", "secret": {"secretName": "no-such", "optional": True}},
                {"name": "host", "hostPath": {"path": str(file), "type": "File"}},
                {"name": "memory", "emptyDir": {"medium": "Memory", "sizeLimit": "8Mi"}},
            ],
        ),
    )  # fmt: skip
    running(cluster, "kinds")
    said = run(
        cluster,
        "kinds",
        "cat /config/color; echo; cat /chosen/a/b/c; echo; ls /chosen; cat /secret/password; echo;"
        "cat /self/labels; echo; cat /self/cpu; echo; cat /all/color /all/password /all/ns; echo;"
        "ls /maybe | wc -l; cat /host:path; echo;"
        "stat -Lc %a /config/color /chosen/a/b/c /secret/password;"
        "df -m /memory | tail -n 1 | awk '{print $2}'; grep -c ' /secret tmpfs ro' /proc/mounts;"
        "touch /config/x 2>/dev/null || echo read-only",
    )
    assert said.splitlines() == [
        "blue", "down", "a", "s3cret", 'app="kinds"', 'quoted="a.b"', "500", "blues3cretdefault",
        "0", "from the node", "644", "400", "440", "8", "1", "read-only",
    ]  # fmt: skip


def test_a_missing_configmap_is_told_and_waited_for(cluster: Cluster) -> None:
    apply(
        cluster,
        pod(
            "waiting",
            container(*SLEEP, volumeMounts=[mount("late", "/late")]),
            volumes=[{"name": "late", "configMap": {"name": "latecomer"}}],
        ),
    )
    message = 'MountVolume.SetUp failed for volume "late" : configmap "latecomer" not found'
    until("it is told", lambda: message in events(cluster, "waiting", "FailedMount"))
    state = cluster.get("pod", "waiting")["status"]["containerStatuses"][0]["state"]
    assert state == {"waiting": {"reason": "ContainerCreating"}}
    apply(cluster, config_map("latecomer", a="1"))
    running(cluster, "waiting")
    assert run(cluster, "waiting", "cat /late/a") == "1"

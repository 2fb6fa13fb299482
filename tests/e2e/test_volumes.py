"""What volumes promise: their kinds, live updates, groups, parts of them, and leaving nothing."""

from __future__ import annotations

import subprocess
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
    until("nothing of them is left", lambda: left_behind(cluster) == [])


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


def test_running_pods_see_changes_whole_but_not_through_a_sub_path(cluster: Cluster) -> None:
    apply(
        cluster,
        config_map("live", a="old", b="old"),
        pod(
            "live",
            container(
                *SLEEP,
                volumeMounts=[
                    mount("live", "/live"),
                    mount("live", "/single", subPath="a"),
                    mount("labels", "/labels"),
                ],
            ),
            labels={"v": "1"},
            volumes=[
                {"name": "live", "configMap": {"name": "live"}},
                {
                    "name": "labels",
                    "downwardAPI": {
                        "items": [{"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}]
                    },
                },
            ],
        ),
    )
    running(cluster, "live")
    apply(cluster, config_map("live", a="new", c="new"))
    cluster.kubectl("label", "pod", "live", "v=2", "--overwrite").ok()
    look = "cd /live; echo $(ls) $(cat *) $(cat /single) $(cat /labels/l)"
    until("it is seen", lambda: run(cluster, "live", look).split() == [
        "a", "c", "newnew", "old", 'v="2"'
    ])  # fmt: skip


def test_containers_share_an_empty_directory_that_outlives_them(cluster: Cluster) -> None:
    crash = container(
        "sh", "-c", "echo $POD >>/shared/starts; echo x >/own/file; sleep 1; exit 1",
        name="crash",
        env=[{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        volumeMounts=[mount("data", "/shared"), mount("data", "/own", subPathExpr="of/$(POD)")],
    )  # fmt: skip
    read = container(*SLEEP, name="read", volumeMounts=[mount("data", "/data", readOnly=True)])
    apply(
        cluster,
        pod(
            "shared",
            crash,
            read,
            volumes=[{"name": "data", "emptyDir": {}}],
            securityContext={"fsGroup": 4711, "runAsUser": 1000},
        ),
    )
    script = (
        "wc -l </data/starts; stat -c '%a %g' /data /data/starts /data/of/shared; touch /data/x"
    )
    until(
        "it started again",
        lambda: int(run(cluster, "shared", "wc -l </data/starts", "read")) >= 2,
    )
    said = cluster.kubectl("exec", "shared", "-c", "read", "--", "sh", "-c", script)
    assert said.out.splitlines()[1:] == ["2777 4711", "644 4711", "2777 4711"]
    assert "Read-only file system" in said.err


def test_bad_paths_of_the_node_and_links_out_of_a_volume_are_told(
    cluster: Cluster, tmp_path: Path
) -> None:
    (tmp_path / "escape").symlink_to("/etc")
    (tmp_path / "file").touch()
    apply(
        cluster,
        pod(
            "wrong-kind",
            container(*SLEEP, volumeMounts=[mount("host", "/host")]),
            volumes=[
                {"name": "host", "hostPath": {"path": f"{tmp_path}/file", "type": "Directory"}}
            ],
        ),
        pod(
            "escaping",
            container(*SLEEP, volumeMounts=[mount("host", "/host", subPath="escape")]),
            volumes=[{"name": "host", "hostPath": {"path": str(tmp_path)}}],
        ),
    )
    why = f"hostPath type check failed: {tmp_path}/file is not a directory"
    message = f'MountVolume.SetUp failed for volume "host" : {why}'
    until("it is told", lambda: message in events(cluster, "wrong-kind", "FailedMount"))
    waiting = {
        "reason": "CreateContainerConfigError",
        "message": 'failed to prepare subPath for volumeMount "host" of container "main"',
    }
    until("it is told", lambda: state(cluster, "escaping") == {"waiting": waiting})


def state(cluster: Cluster, name: str) -> dict[str, Any]:
    """The state of a pod's first container."""
    found: dict[str, Any] = cluster.get("pod", name)["status"]["containerStatuses"][0]["state"]
    return found


def test_a_killed_agent_finds_its_volumes_again(cluster: Cluster) -> None:
    apply(
        cluster,
        config_map("lasting", a="before"),
        pod(
            "lasting",
            container(
                *SLEEP,
                volumeMounts=[
                    mount("memory", "/memory"),
                    mount("part", "/part", subPath="deep/er"),
                    mount("files", "/files"),
                ],
            ),
            volumes=[
                {"name": "memory", "emptyDir": {"medium": "Memory"}},
                {"name": "part", "emptyDir": {}},
                {"name": "files", "configMap": {"name": "lasting"}},
            ],
        ),
        pod("leaving", container(*SLEEP, volumeMounts=[mount("m", "/m", subPath="x")]),
            volumes=[{"name": "m", "emptyDir": {"medium": "Memory"}}]),
    )  # fmt: skip
    running(cluster, "lasting")
    running(cluster, "leaving")
    run(cluster, "lasting", "echo kept >/memory/f; echo kept >/part/f")
    before = cluster.get("pod", "lasting")["status"]["containerStatuses"]
    cluster.kill("agent")
    cluster.kubectl("delete", "pod", "leaving", "--now", "--wait=false").ok()
    apply(cluster, config_map("lasting", a="after"))
    cluster.mk8s("up").ok()
    until("the change is seen", lambda: run(cluster, "lasting", "cat /files/a") == "after")
    assert run(cluster, "lasting", "cat /memory/f /part/f").split() == ["kept", "kept"]
    assert cluster.get("pod", "lasting")["status"]["containerStatuses"] == before
    until("it has left", lambda: len(cluster.pods()) == 1)
    places = left_behind(cluster)
    uid = cluster.pods()[0]["metadata"]["uid"]
    assert places and all(uid in place for place in places)


def test_what_the_node_mounts_later_is_seen_where_a_mount_says_so(
    cluster: Cluster, tmp_path: Path
) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", tmp_path], check=True)
    try:
        subprocess.run(["mount", "--make-rshared", tmp_path], check=True)
        (tmp_path / "later").mkdir()
        apply(
            cluster,
            pod(
                "watching",
                container(
                    *SLEEP,
                    volumeMounts=[
                        mount("host", "/follows", mountPropagation="HostToContainer"),
                        mount("host", "/stays"),
                    ],
                ),
                volumes=[{"name": "host", "hostPath": {"path": str(tmp_path)}}],
            ),
        )
        running(cluster, "watching")
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", tmp_path / "later"], check=True)
        (tmp_path / "later" / "file").touch()
        assert run(cluster, "watching", "ls /follows/later /stays/later").split() == [
            "/follows/later:", "file", "/stays/later:"
        ]  # fmt: skip
    finally:
        cluster.kubectl("delete", "pod", "--all", "--now").ok()
        subprocess.run(["umount", "--recursive", tmp_path], check=True)

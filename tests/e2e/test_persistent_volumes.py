"""What claims promise: data that outlives pods, on the right node, and goes when it is to go."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.engine import PrivateEngine
from tests.support.manifests import SLEEP, container, pod
from tests.support.volumes import class_json, on_node
from tests.support.wait import until

Json = dict[str, Any]


@pytest.fixture(scope="module")
def own(engine: PrivateEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster whose daemons may be killed."""
    cluster = Cluster.beside(3, tmp_path_factory.mktemp("volumes") / "mk8s", engine)
    cluster.mk8s("up").ok()
    try:
        yield cluster
    finally:
        cluster.mk8s("down", "--purge").ok()


@pytest.fixture(autouse=True)
def empty(own: Cluster) -> Iterator[None]:
    """Each test leaves no pod, claim, volume or directory behind."""
    yield
    own.kubectl("delete", "pod,pvc", "--all", "--now").ok()
    own.kubectl("delete", "pv", "--all").ok()
    until("no directories left", lambda: not directories(own))


def directories(cluster: Cluster) -> list[Path]:
    """What the node has made for volumes."""
    return sorted((cluster.home / "agent" / "volumes").glob("*"))


def apply(cluster: Cluster, *objects: Json) -> None:
    cluster.kubectl("apply", "-f", "-", input=manifests.text(*objects)).ok()


def claim(name: str, class_name: str | None = None, size: str = "64Mi", **spec: Any) -> Json:
    body: Json = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": size}},
        **spec,
    }
    if class_name is not None:
        body["storageClassName"] = class_name
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": body,
    }


def volume(name: str, **spec: Any) -> Json:
    body = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "64Mi"}, **spec}
    metadata = {"name": name}
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": body}


def user(name: str, claim_name: str, **spec: Any) -> Json:
    """A pod with the claim's volume at /data."""
    main = container(*SLEEP, volumeMounts=[{"name": "data", "mountPath": "/data"}])
    source = {"name": "data", "persistentVolumeClaim": {"claimName": claim_name}}
    return pod(name, main, volumes=[source], **spec)


def running(cluster: Cluster, name: str) -> None:
    until(f"{name} runs", lambda: cluster.get("pod", name)["status"]["phase"] == "Running")


def run(cluster: Cluster, name: str, script: str) -> str:
    return cluster.kubectl("exec", name, "--", "sh", "-c", script).ok()


def phase(cluster: Cluster, kind: str, name: str) -> str:
    return str(cluster.get(kind, name)["status"]["phase"])


def told(cluster: Cluster, name: str, reason: str, sentence: str) -> None:
    """Wait for an Event about `name` with that reason, whose message is the sentence.

    "…" stands for any more words. What is told before everything is known may be something else.
    """
    field = f"--field-selector=involvedObject.name={name},reason={reason}"
    wanted = re.compile(re.escape(sentence).replace("…", ".*"), re.DOTALL)

    def found() -> bool:
        messages = [str(one["message"]) for one in cluster.get("events", field)["items"]]
        assert any(map(wanted.fullmatch, messages)), messages
        return True

    until(f"{reason} of {name}", found)


def test_a_claim_waits_for_its_first_pod_and_its_data_outlives_pods_but_not_itself(
    own: Cluster,
) -> None:
    classes = own.kubectl("get", "storageclass").ok()
    assert re.search(
        r"local-path \(default\) +mk8s.io/local-path +Delete +WaitForFirstConsumer +false", classes
    )
    apply(own, claim("data"))
    waiting = "waiting for first consumer to be created before binding"
    told(own, "data", "WaitForFirstConsumer", waiting)
    assert phase(own, "pvc", "data") == "Pending"
    apply(own, user("first", "data"))
    running(own, "first")
    run(own, "first", "echo kept > /data/file")
    until("it is bound", lambda: phase(own, "pvc", "data") == "Bound")
    name = own.get("pvc", "data")["spec"]["volumeName"]
    row = own.kubectl("get", "pv", name, "--no-headers").ok().split()
    assert row[:7] == [name, "64Mi", "RWO", "Delete", "Bound", "default/data", "local-path"]
    row = own.kubectl("get", "pvc", "data", "--no-headers").ok().split()
    assert row[:6] == ["data", "Bound", name, "64Mi", "RWO", "local-path"]
    told(own, "data", "ProvisioningSucceeded", f"Successfully provisioned volume {name}")
    (directory,) = directories(own)
    assert (directory.name, (directory / "file").read_text()) == (name, "kept\n")
    own.kubectl("delete", "pod", "first", "--now").ok()
    apply(own, user("second", "data", securityContext={"runAsUser": 1000}))
    running(own, "second")
    assert run(own, "second", "cat /data/file; echo more > /data/mine; ls /data") == (
        "kept\nfile\nmine\n"
    )
    own.kubectl("delete", "pvc", "data", "--wait=false").ok()
    assert own.column("pvc", "data", "STATUS") == "Terminating"
    assert directories(own) == [directory]
    own.kubectl("delete", "pod", "second", "--now").ok()
    until("the volume is gone", lambda: not own.get("pv")["items"])
    assert directories(own) == []
    assert own.get("pvc")["items"] == []


def test_what_is_retained_grows_when_asked_and_stays_on_disk_whatever_is_deleted(
    own: Cluster,
) -> None:
    fields = {"volumeBindingMode": "Immediate", "allowVolumeExpansion": True}
    apply(own, class_json("keep", reclaimPolicy="Retain", **fields))
    apply(own, claim("data", "keep"))
    until("it is bound without a pod", lambda: phase(own, "pvc", "data") == "Bound")
    apply(own, claim("data", "keep", "128Mi"), user("writer", "data"))
    running(own, "writer")
    until("it has grown", lambda: own.column("pvc", "data", "CAPACITY") == "128Mi")
    run(own, "writer", "echo kept > /data/file")
    own.kubectl("delete", "pod/writer", "pvc/data", "--now").ok()
    (found,) = own.get("pv")["items"]
    name = found["metadata"]["name"]
    until("it is released", lambda: phase(own, "pv", name) == "Released")
    own.kubectl("delete", "pv", name).ok()
    (directory,) = directories(own)
    assert (directory / "file").read_text() == "kept\n"
    (directory / "file").unlink()
    directory.rmdir()


def test_volumes_that_somebody_wrote_are_bound_reached_and_kept(
    own: Cluster, tmp_path: Path
) -> None:
    host, local, late = (tmp_path / name for name in ("host", "local", "late"))
    local.mkdir()
    node = {"storageClassName": "", "nodeAffinity": on_node("node1")}
    apply(
        own,
        volume("host", hostPath={"path": str(host), "type": "DirectoryOrCreate"},
               claimRef={"namespace": "default", "name": "host"}),
        volume("local", local={"path": str(local)}, **node),
        volume("late", local={"path": str(late)}, **node),
        volume("away", local={"path": "/srv"}, storageClassName="",
               nodeAffinity=on_node("elsewhere")),
        *(claim(name, "", volumeName=name) for name in ("host", "local", "late", "away")),
        user("host", "host"),
        user("local", "local", securityContext={"fsGroup": 1234}),
        user("late", "late"),
        user("away", "away"),
    )  # fmt: skip
    running(own, "host")
    run(own, "host", "echo here > /data/file")
    assert (host / "file").read_text() == "here\n"
    running(own, "local")
    assert local.stat().st_gid == 1234
    told(
        own,
        "late",
        "FailedMount",
        f'MountVolume.NewMounter initialization failed for volume "late" : path "{late}" does not'
        " exist",
    )
    told(
        own,
        "away",
        "FailedScheduling",
        "…0/1 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity."
        " preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
    )
    late.mkdir()
    running(own, "late")
    own.kubectl("delete", "pod,pvc", "--all", "--now").ok()
    until("they are released", lambda: phase(own, "pv", "host") == "Released")
    assert (host / "file").exists()


def test_what_cannot_be_bound_or_mounted_says_why(own: Cluster) -> None:
    there = {"path": "/srv", "type": ""}
    apply(
        own,
        volume("one", hostPath=there, storageClassName=""),
        claim("unknown", "no-such"),
        claim("huge", "local-path", "8Ei"),
        claim("first", "", volumeName="one"),
    )
    until("it is bound", lambda: phase(own, "pvc", "first") == "Bound")
    apply(
        own,
        claim("second", "", volumeName="one"),
        claim("none", ""),
        user("lost", "no-claim"),
        user("huge", "huge"),
        user("unbound", "unknown"),
        volume("shared", nfs={"server": "192.0.2.1", "path": "/x"}, storageClassName="nfs"),
        claim("shared", "nfs", volumeName="shared"),
        user("nfs", "shared"),
    )
    nobody = "no persistent volumes available for this claim and no storage class is set"
    waits = "0/1 nodes are available: {} preemption: …"
    for name, reason, sentence in (
        ("unknown", "ProvisioningFailed", 'storageclass.storage.k8s.io "no-such" not found'),
        ("second", "FailedBinding", 'volume "one" already bound to a different claim.'),
        ("none", "FailedBinding", nobody),
        ("lost", "FailedScheduling", waits.format('persistentvolumeclaim "no-claim" not found.')),
        ("huge", "FailedScheduling", waits.format("1 node(s) did not have enough free storage.")),
        (
            "unbound",
            "FailedScheduling",
            waits.format("pod has unbound immediate PersistentVolumeClaims."),
        ),
    ):
        told(own, name, reason, sentence)
    if shutil.which("mount.nfs", path="/sbin:/usr/sbin") is None:
        told(own, "nfs", "FailedMount", "…install the package nfs-common…")
    apply(own, claim("no-claim"))
    running(own, "lost")


def test_an_ephemeral_volume_lives_as_long_as_its_pod(own: Cluster) -> None:
    template = {"spec": claim("x")["spec"]}
    main = container(*SLEEP, volumeMounts=[{"name": "scratch", "mountPath": "/data"}])
    source = {"name": "scratch", "ephemeral": {"volumeClaimTemplate": template}}
    apply(own, pod("short", main, volumes=[source]))
    running(own, "short")
    run(own, "short", "echo x > /data/file")
    assert phase(own, "pvc", "short-scratch") == "Bound"
    own.kubectl("delete", "pod", "short", "--now").ok()
    until("all of it is gone", lambda: not own.get("pvc,pv")["items"] and not directories(own))


def test_nothing_is_lost_or_left_behind_when_daemons_are_killed_or_the_cluster_is_stopped(
    own: Cluster,
) -> None:
    apply(own, claim("data"), user("writer", "data"))
    own.kill("master")
    own.mk8s("up").ok()
    running(own, "writer")
    run(own, "writer", "echo kept > /data/file")
    (found,) = own.get("pv")["items"]
    own.kill("agent", "master")
    own.mk8s("up").ok()
    running(own, "writer")
    assert run(own, "writer", "cat /data/file") == "kept\n"
    assert own.get("pv")["items"][0]["metadata"]["uid"] == found["metadata"]["uid"]
    own.mk8s("down").ok()
    own.mk8s("up").ok()
    running(own, "writer")
    assert run(own, "writer", "cat /data/file") == "kept\n"
    own.kill("agent")
    own.kubectl("delete", "pod/writer", "pvc/data", "--now", "--wait=false").ok()
    own.kill("master")
    assert len(directories(own)) == 1
    own.mk8s("up").ok()
    until("all of it is gone", lambda: not own.get("pvc,pv")["items"] and not directories(own), 60)

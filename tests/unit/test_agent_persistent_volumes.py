"""Where a claim's volume is on the node, what is made there, and what is removed in the end."""

import asyncio
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from mk8s_agent.assignments import Assigned, Assignments
from mk8s_agent.pods.node_context import NodeFacts
from mk8s_agent.pods.pod_volumes import VolumeSources
from mk8s_agent.volumes import (
    VolumeError,
    Volumes,
    VolumesNotReady,
    nfs,
    ownership,
    persistent,
)
from mk8s_agent.volumes.errors import MountFailed
from mk8s_agent.volumes.reclaiming import Reclaimer, remove
from msgspec.json import encode

from minikube8s.api import localpath
from minikube8s.api.views import PersistentVolume, Pod, Volume, from_dict
from tests.support.agentnode import at_once
from tests.support.links import until
from tests.support.virtualtime import EPOCH
from tests.support.volumes import claim_json, on_node, reference, volume, volume_json

BOUND = {"pv.kubernetes.io/bind-completed": "yes"}
OURS = {"pv.kubernetes.io/provisioned-by": "mk8s.io/local-path"}
POD = from_dict(Pod, {"metadata": {"name": "p", "namespace": "default", "uid": "u"}})


class Mounts:
    """Mounts that are said to be there."""

    def __init__(self, *places: Path) -> None:
        self._places = places

    def below(self, place: Path) -> list[Path]:
        return [one for one in self._places if one.is_relative_to(place)]


def place(tmp_path: Path, wanted: PersistentVolume, pod: Pod = POD) -> Path:
    return persistent.place(pod, wanted, tmp_path / "mount", Mounts())  # type: ignore[arg-type]


def given_back(path: Path, **fields: Any) -> PersistentVolume:
    return volume(
        path.name,
        **{
            "annotations": OURS,
            "finalizers": [localpath.FINALIZER],
            "persistentVolumeReclaimPolicy": "Delete",
            "hostPath": None,
            "local": {"path": str(path)},
            "phase": "Released",
            **fields,
        },
    )


def test_a_directory_of_ours_is_made_for_anybody_and_found_again(tmp_path: Path):
    wanted = given_back(tmp_path / "volumes" / "pvc-1", phase="Bound")
    found = place(tmp_path, wanted)
    assert found == tmp_path / "volumes" / "pvc-1"
    assert found.stat().st_mode & 0o777 == 0o777
    (found / "file").write_text("kept")
    assert (place(tmp_path, wanted) / "file").read_text() == "kept"


def test_a_local_volume_of_somebody_else_must_be_there(tmp_path: Path):
    wanted = volume("disk", hostPath=None, local={"path": str(tmp_path / "disk")})
    with pytest.raises(MountFailed) as failed:
        place(tmp_path, wanted)
    assert str(failed.value) == (
        'MountVolume.NewMounter initialization failed for volume "disk" : path'
        f' "{tmp_path}/disk" does not exist'
    )


def test_a_path_of_the_node_is_checked_or_made_as_its_type_says(tmp_path: Path):
    made = volume(hostPath={"path": str(tmp_path / "new"), "type": "DirectoryOrCreate"})
    assert place(tmp_path, made).is_dir()
    missing = volume(hostPath={"path": str(tmp_path / "none"), "type": "Directory"})
    with pytest.raises(MountFailed, match='SetUp failed for volume "v" : hostPath type check'):
        place(tmp_path, missing)


def test_a_path_of_the_node_takes_no_mount_options(tmp_path: Path):
    wanted = volume(hostPath={"path": str(tmp_path), "type": ""}, mountOptions=["ro"])
    with pytest.raises(MountFailed, match="MountOptionSupport check failed for volume"):
        place(tmp_path, wanted)


def test_a_volume_of_another_kind_is_refused(tmp_path: Path):
    other = volume(hostPath=None, csi={"driver": "d", "volumeHandle": "h"})
    with pytest.raises(MountFailed, match="no volume plugin matched: mk8s mounts hostPath, local"):
        place(tmp_path, other)


def test_a_local_volume_becomes_the_pods_groups(tmp_path: Path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "file").touch()
    wanted = volume("disk", hostPath=None, local={"path": str(tmp_path / "disk")})
    pod = from_dict(Pod, {"spec": {"securityContext": {"fsGroup": 4321}}})
    assert place(tmp_path, wanted, pod).stat().st_gid == 4321
    assert (tmp_path / "disk" / "file").stat().st_gid == 4321


@pytest.mark.parametrize(
    ("policy", "settled", "changed"),
    [
        ("Always", False, True),
        ("", False, True),
        ("OnRootMismatch", False, False),
        ("", True, False),
    ],
)
def test_files_are_given_to_the_group_when_its_policy_says_so(
    tmp_path: Path, policy: str, settled: bool, changed: bool
):
    (tmp_path / "disk").mkdir()
    ownership.give(tmp_path / "disk", 4321)
    (tmp_path / "disk" / "file").touch()
    os.chown(tmp_path / "disk" / "file", -1, 0)
    wanted = volume("disk", hostPath=None, local={"path": str(tmp_path / "disk")})
    context = {"fsGroup": 4321, "fsGroupChangePolicy": policy}
    pod = from_dict(Pod, {"spec": {"securityContext": context}})
    mounts: Any = Mounts()
    persistent.place(pod, wanted, tmp_path / "mount", mounts, settled=settled)
    assert ((tmp_path / "disk" / "file").stat().st_gid == 4321) is changed


def test_nfs_says_what_to_install_and_what_mount_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    at = tmp_path / "mount"
    monkeypatch.setattr(nfs.shutil, "which", lambda *_, **__: None)
    with pytest.raises(VolumeError, match="install the package nfs-common"):
        nfs.mount("server", "/x", at, (), Mounts())  # type: ignore[arg-type]
    nfs.mount("server", "/x", at, (), Mounts(at))  # type: ignore[arg-type]
    asked: list[list[str]] = []

    def refuse(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        return subprocess.CompletedProcess(command, 32, "", "mount.nfs: Connection refused\n")

    monkeypatch.setattr(nfs.shutil, "which", lambda *_, **__: "/sbin/mount.nfs")
    monkeypatch.setattr(nfs.subprocess, "run", refuse)
    with pytest.raises(VolumeError, match=r"exit status 32\n.*\n.*\nOutput: mount.nfs: Connection"):
        nfs.mount("server", "/x", at, ("vers=4", "ro"), Mounts())  # type: ignore[arg-type]
    assert asked == [["mount", "-t", "nfs", "-o", "vers=4,ro", "server:/x", str(at)]]


@pytest.mark.parametrize(
    "asked, offered, read_only",
    [
        ({}, {}, False),
        ({"readOnly": True}, {}, True),
        ({}, {"hostPath": None, "nfs": {"server": "s", "path": "/x", "readOnly": True}}, True),
    ],
)
async def test_containers_only_read_what_the_claim_or_the_volume_says(
    tmp_path: Path, asked: dict[str, Any], offered: dict[str, Any], read_only: bool
):
    named = {"name": "d", "persistentVolumeClaim": {"claimName": "c", **asked}}
    mount = {"name": "d", "mountPath": "/data"}
    spec = {"volumes": [named], "containers": [{"name": "m", "volumeMounts": [mount]}]}
    metadata = {"name": "p", "namespace": "default", "uid": "u"}
    pod = from_dict(Pod, {"metadata": metadata, "spec": spec})
    there = {"hostPath": {"path": str(tmp_path / "host"), "type": ""}, **offered}
    found = sources(
        ("persistentvolumeclaims", CLAIM),
        ("persistentvolumes", volume_json(claimRef=reference(), **there)),
    )
    at = tmp_path / "pods" / "u" / "volumes" / "d"
    volumes = Volumes(tmp_path / "pods", tmp_path, Mounts(at), at_once)  # type: ignore[arg-type]
    await volumes.prepare(pod, found, EPOCH)
    (seen,) = await volumes.mounts(pod, pod.spec.containers[0], str)
    assert seen.read_only is read_only
    assert seen.source == str(at if "nfs" in offered else tmp_path / "host")


async def test_a_claim_that_is_not_there_keeps_the_pod_waiting(tmp_path: Path):
    named = {"name": "d", "persistentVolumeClaim": {"claimName": "c"}}
    metadata = {"name": "p", "namespace": "default", "uid": "u"}
    pod = from_dict(Pod, {"metadata": metadata, "spec": {"volumes": [named]}})
    volumes = Volumes(tmp_path, tmp_path, Mounts(), at_once)  # type: ignore[arg-type]
    with pytest.raises(VolumesNotReady) as failed:
        await volumes.prepare(pod, sources(), EPOCH)
    (sentence,) = failed.value.failures
    assert sentence.startswith("Unable to attach or mount volumes: unmounted volumes=[d],")


def sources(*objects: tuple[str, dict[str, Any]]) -> VolumeSources:
    assignments = Assignments()
    found = [
        Assigned[Any](kind, (one["metadata"].get("namespace", ""), one["metadata"]["name"]), 1,
                      encode(one))
        for kind, one in objects
    ]  # fmt: skip
    assignments.replace(found, 1)

    class Context:
        pass

    context = Context()
    context.facts = NodeFacts("n1", "", {}, 0, may_protect=True)  # type: ignore[attr-defined]
    context.assignments = assignments  # type: ignore[attr-defined]
    return VolumeSources(context)  # type: ignore[arg-type]


CLAIM = claim_json(volumeName="v", annotations=BOUND)


@pytest.mark.parametrize(
    "objects, why",
    [
        ((), 'failed to fetch PVC from API server: persistentvolumeclaims "c" not found'),
        ((("persistentvolumeclaims", claim_json()),), "PVC is not bound"),
        ((("persistentvolumeclaims", CLAIM),), 'its volume "v" is not there, or is another claim'),
        (
            (
                ("persistentvolumeclaims", CLAIM),
                ("persistentvolumes", volume_json(claimRef=reference("other"))),
            ),
            'its volume "v" is not there, or is another claim',
        ),
    ],
)
def test_a_claim_without_its_volume_says_what_is_missing(objects: Any, why: str):
    named = from_dict(Volume, {"name": "d", "persistentVolumeClaim": {"claimName": "c"}})
    with pytest.raises(VolumeError) as failed:
        sources(*objects).persistent(POD, named)
    assert str(failed.value).startswith(
        "Unable to attach or mount volumes: unmounted volumes=[d], unattached volumes=[], failed to"
        f" process volumes=[d]: error processing PVC default/c: {why}"
    )


def test_a_claim_leads_to_its_volume():
    named = from_dict(Volume, {"name": "d", "persistentVolumeClaim": {"claimName": "c"}})
    bound = volume_json(claimRef=reference())
    found = sources(("persistentvolumeclaims", CLAIM), ("persistentvolumes", bound))
    assert found.persistent(POD, named).metadata.name == "v"


def test_a_volume_of_another_node_is_not_mounted_here():
    named = from_dict(Volume, {"name": "d", "persistentVolumeClaim": {"claimName": "c"}})
    for hostname in ("n1", "n2"):
        bound = volume_json(claimRef=reference(), nodeAffinity=on_node(hostname))
        found = sources(("persistentvolumeclaims", CLAIM), ("persistentvolumes", bound))
        if hostname == "n1":
            assert found.persistent(POD, named).metadata.name == "v"
        else:
            with pytest.raises(MountFailed, match="NodeAffinity check failed for volume"):
                found.persistent(POD, named)


def test_only_what_the_node_made_is_removed(tmp_path: Path):
    directory, outside = tmp_path / "pvc-1", tmp_path.parent / "precious"
    for one in (directory, outside):
        one.mkdir()
        (one / "file").touch()
    (directory / "link").symlink_to(outside)
    remove(tmp_path, given_back(directory))
    remove(tmp_path, given_back(directory))
    assert not directory.exists()
    for path in (outside, tmp_path / "pvc-1" / ".." / "x", tmp_path):
        with pytest.raises(VolumeError, match="is not a directory that this node made"):
            remove(tmp_path, given_back(path))
    assert (outside / "file").exists()


class Told:
    def __init__(self) -> None:
        self.removed: list[str] = []
        self.events: list[str] = []

    def volume_removed(self, name: str, uid: str) -> None:
        self.removed.append(name)

    def event(self, involved: dict[str, Any], type: str, reason: str, message: str) -> None:
        self.events.append(f"{reason} {involved['name']}: {message}")


async def test_what_was_given_back_is_removed_and_told_and_tried_again_until_it_works(
    tmp_path: Path,
):
    kept, gone, stuck = (tmp_path / f"pvc-{name}" for name in ("kept", "gone", "stuck"))
    for one in (kept, gone):
        one.mkdir()
    stuck.touch()
    volumes = [given_back(kept, phase="Bound"), given_back(gone), given_back(stuck)]
    told = Told()
    reclaimer = Reclaimer(tmp_path, lambda: volumes, told)
    task = asyncio.ensure_future(reclaimer.run())
    for one in volumes:
        reclaimer.changed(one.metadata.name)
    await until("two of them", lambda: "pvc-gone" in told.removed and told.events)
    assert told.events[0].startswith("VolumeFailedDelete pvc-stuck: ")
    stuck.unlink()
    await until("the third", lambda: "pvc-stuck" in told.removed)
    task.cancel()
    assert (kept.exists(), gone.exists()) == (True, False)

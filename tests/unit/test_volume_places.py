"""Where volumes are on the node: kinds of paths, parts of volumes, groups, sizes, removal."""

from __future__ import annotations

import os
import socket
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from mk8s_agent.runtime import docker_json
from mk8s_agent.runtime.vocabulary import ContainerSpec, Mount
from mk8s_agent.volumes import VolumeError, emptydir, hostpath, mounting, ownership, subpath
from mk8s_agent.volumes.cleaning import remove_tree
from mk8s_agent.volumes.mounting import KernelMounter, points
from mk8s_agent.volumes.tokens import Times, times, try_again

from tests.support.agentnode import NotedMounts, container, pod_json, view
from tests.support.virtualtime import EPOCH as NOW


class Bound(NotedMounts):
    """Notes what was bound where."""

    def __init__(self) -> None:
        self.bound: list[str] = []

    def bind(self, source: str, place: Path) -> None:
        self.bound.append(os.path.realpath(source))


def kind_of(directory: Path, what: str) -> Path:
    place = directory / what
    match what:
        case "directory":
            place.mkdir()
        case "file":
            place.touch()
        case "socket":
            socket.socket(socket.AF_UNIX).bind(str(place))
        case "device":
            place = Path("/dev/null")
    return place


@pytest.mark.parametrize(
    ("kind", "what", "why"),
    [
        ("", "directory", ""),
        ("", "file", ""),
        ("Directory", "directory", ""),
        ("Directory", "file", "a directory"),
        ("Directory", "nothing", "a directory"),
        ("DirectoryOrCreate", "nothing", ""),
        ("DirectoryOrCreate", "file", "a directory"),
        ("File", "file", ""),
        ("File", "directory", "a file"),
        ("FileOrCreate", "nothing", ""),
        ("FileOrCreate", "directory", "a file"),
        ("Socket", "socket", ""),
        ("Socket", "file", "a socket file"),
        ("CharDevice", "device", ""),
        ("CharDevice", "file", "a character device"),
        ("BlockDevice", "device", "a block device"),
    ],
)
def test_paths_of_the_node_have_the_kind_that_was_said(
    tmp_path: Path, kind: str, what: str, why: str
) -> None:
    place = kind_of(tmp_path, what)
    if why:
        with pytest.raises(VolumeError) as error:
            hostpath.ensure(place, kind)
        assert str(error.value) == f"hostPath type check failed: {place} is not {why}"
    else:
        hostpath.ensure(place, kind)
        assert place.exists()


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """A volume with a directory, a file, and links that lead here and there."""
    place = tmp_path / "volume"
    (place / "inner").mkdir(parents=True)
    (place / "inner" / "file").write_text("x")
    (tmp_path / "secret").mkdir()
    (place / "out").symlink_to(tmp_path / "secret")
    (place / "up").symlink_to("..")
    (place / "root").symlink_to("/")
    (place / "in").symlink_to("inner")
    place.chmod(0o2770)
    return place


@pytest.mark.parametrize(
    ("sub_path", "expected"),
    [
        ("inner", "inner"),
        ("inner/file", "inner/file"),
        ("in/file", "inner/file"),
        ("new/deep", "new/deep"),
        ("in/new", "inner/new"),
    ],
)
def test_a_part_of_a_volume_is_found(
    volume: Path, tmp_path: Path, sub_path: str, expected: str
) -> None:
    mounter = Bound()
    point = tmp_path / "points" / "0"
    subpath.bind(volume, sub_path, point, mounter)
    assert mounter.bound == [str(volume / expected)]
    assert point.is_dir() is (volume / expected).is_dir()
    if "new" in sub_path:
        assert stat.S_IMODE((volume / expected).stat().st_mode) == 0o2770


@pytest.mark.parametrize("sub_path", ["out", "out/new", "up", "up/secret", "root/etc", "root"])
def test_no_link_leads_out_of_a_volume(volume: Path, tmp_path: Path, sub_path: str) -> None:
    mounter = Bound()
    with pytest.raises(VolumeError, match="not within volume path"):
        subpath.bind(volume, sub_path, tmp_path / "points" / "0", mounter)
    assert mounter.bound == []
    assert list((tmp_path / "secret").iterdir()) == []


def test_a_name_that_becomes_a_link_meanwhile_is_not_followed(
    volume: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swapped = {str(volume / "out"): str(volume / "out")}
    real = os.path.realpath
    monkeypatch.setattr(os.path, "realpath", lambda path: swapped.get(str(path)) or real(path))
    mounter = Bound()
    for sub_path in ("out", "out/new"):
        swapped[str(volume / sub_path)] = str(volume / sub_path)
        with pytest.raises((VolumeError, OSError)):
            subpath.bind(volume, sub_path, tmp_path / "points" / "0", mounter)
    assert mounter.bound == [] and list((tmp_path / "secret").iterdir()) == []


@pytest.mark.parametrize(
    ("sub_path", "why"),
    [
        ("/etc", "error SubPath `/etc` must not be an absolute path"),
        ("a/../../b", "unable to provision SubPath `a/../../b`: must not contain '..'"),
    ],
)
def test_a_path_that_is_none_below_the_volume_is_refused(sub_path: str, why: str) -> None:
    with pytest.raises(VolumeError) as error:
        subpath.check(sub_path)
    assert str(error.value).startswith(why)


def test_a_group_gets_what_it_may_do_all_the_way_down(tmp_path: Path) -> None:
    root = tmp_path / "v"
    (root / "d").mkdir(parents=True)
    (root / "d" / "f").touch(0o600)
    (root / "d" / "l").symlink_to("/etc/passwd")
    (root / "d").chmod(0o700)
    before = Path("/etc/passwd").stat()
    assert not ownership.matches(root, 4711)
    ownership.give(root, 4711)
    assert ownership.matches(root, 4711)
    found = {name: (root / name).lstat() for name in ("", "d", "d/f", "d/l")}
    assert {one.st_gid for one in found.values()} == {4711}
    assert stat.S_IMODE(found["d"].st_mode) == 0o2770
    assert stat.S_IMODE(found["d/f"].st_mode) == 0o660
    assert Path("/etc/passwd").stat() == before


@pytest.mark.parametrize(
    ("limits", "size_limit", "expected"),
    [
        ((None,), None, 1000),
        ((None,), "600", 600),
        (("500",), None, 500),
        (("500", "300"), None, 800),
        (("500", None), None, 1000),
        (("500",), "600", 500),
        (("5000",), "6000", 1000),
    ],
)
def test_an_empty_directory_in_memory_is_bounded(
    limits: tuple[str | None, ...], size_limit: str | None, expected: int
) -> None:
    containers = [
        container(f"c{number}", resources={"limits": {"memory": one}} if one else {})
        for number, one in enumerate(limits)
    ]
    source = {"medium": "Memory", **({"sizeLimit": size_limit} if size_limit else {})}
    pod = view(pod_json(*containers, volumes=[{"name": "v", "emptyDir": source}]))
    directory = pod.spec.volumes[0].empty_dir
    assert directory is not None
    assert emptydir.memory_size(pod, directory, 1000) == expected


def test_an_empty_directory_keeps_its_files_and_is_never_half_made(tmp_path: Path) -> None:
    place = tmp_path / "volumes" / "v"
    (tmp_path / "volumes" / "..v").mkdir(parents=True)
    emptydir.on_disk(place, 4711)
    assert stat.S_IMODE(place.stat().st_mode) == 0o2777 and place.stat().st_gid == 4711
    (place / "kept").touch()
    emptydir.on_disk(place, 4711)
    assert (place / "kept").exists()
    assert [one.name for one in place.parent.iterdir()] == ["v"]


MOUNTINFO = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:20 / /state/pods/u/volumes/v rw - tmpfs tmpfs rw
31 22 8:1 /data /state/pods/u/with\\040space rw - ext4 /dev/sda1 rw
32 31 8:1 /data /state/pods/u/with\\040space/deeper rw - ext4 /dev/sda1 rw
33 22 0:21 / /state/pods-of-others rw - tmpfs tmpfs rw
"""


def test_mounts_are_found_below_a_place_the_innermost_first() -> None:
    assert [str(one) for one in points(MOUNTINFO, Path("/state/pods"))] == [
        "/state/pods/u/with space/deeper",
        "/state/pods/u/with space",
        "/state/pods/u/volumes/v",
    ]


def test_mounts_are_found_where_the_way_to_the_place_has_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, home = tmp_path / "disk", tmp_path / "home"
    disk.mkdir()
    home.symlink_to(disk)
    table = tmp_path / "mountinfo"
    table.write_text(f"36 35 98:0 / {disk}/memory rw - tmpfs tmpfs rw\n")
    monkeypatch.setattr(mounting, "_MOUNTINFO", table)
    assert KernelMounter().below(home / "memory") == [home / "memory"]
    assert KernelMounter().below(home / "pods") == []


class Stuck(NotedMounts):
    """A mount that cannot be taken away."""

    def below(self, place: Path) -> list[Path]:
        return [place / "stuck"]


def test_nothing_is_removed_as_long_as_something_is_mounted(tmp_path: Path) -> None:
    (tmp_path / "pod" / "stuck").mkdir(parents=True)
    with pytest.raises(OSError, match="still has mounts below it"):
        remove_tree(tmp_path / "pod", Stuck())
    assert (tmp_path / "pod" / "stuck").exists()


@pytest.mark.parametrize(
    ("life", "due"),
    [
        (timedelta(hours=1), timedelta(minutes=48)),
        (timedelta(days=365), timedelta(hours=24)),
        (timedelta(minutes=10), timedelta(minutes=8)),
    ],
)
def test_a_token_is_due_after_four_fifths_of_its_life_or_a_day(
    life: timedelta, due: timedelta
) -> None:
    assert Times(NOW, NOW + life).due == NOW + due


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "e30.e30.x", "..", "e30.eyJpYXQiOiJ4In0.x"])
def test_what_is_no_token_has_no_times(text: str) -> None:
    assert times(text) is None


def test_the_pauses_between_attempts_double_up_to_five_minutes() -> None:
    now, pauses = NOW, []
    for _ in range(9):
        after = try_again(NOW, now)
        pauses.append((after - now).total_seconds())
        now = after
    assert pauses == [5, 5, 10, 20, 40, 80, 160, 300, 300]


def test_a_medium_that_there_is_not_is_named() -> None:
    with pytest.raises(VolumeError, match='unknown storage medium "HugePages"'):
        pod = view(pod_json(volumes=[{"name": "v", "emptyDir": {"medium": "HugePages"}}]))
        source = pod.spec.volumes[0].empty_dir
        assert source is not None
        emptydir.memory_size(pod, source, 1)


@pytest.mark.parametrize(
    ("mount", "options"),
    [
        ({}, {}),
        ({"propagation": "slave"}, {"Propagation": "rslave"}),
        ({"propagation": "shared"}, {"Propagation": "rshared"}),
        ({"read_only": True}, {"ReadOnlyNonRecursive": True}),
        ({"read_only": True, "recursive_read_only": "IfPossible"}, {}),
        (
            {"read_only": True, "recursive_read_only": "Enabled"},
            {"ReadOnlyForceRecursive": True},
        ),
    ],
)
def test_mounts_reach_the_engine_with_what_is_mounted_below_them(
    mount: dict[str, Any], options: dict[str, Any]
) -> None:
    spec = spec_with(Mount(source="/a:b", target="/c:d", **mount))
    (made,) = docker_json.create_body(spec)["HostConfig"]["Mounts"]
    assert made == {
        "Type": "bind",
        "Source": "/a:b",
        "Target": "/c:d",
        "ReadOnly": mount.get("read_only", False),
        "BindOptions": options,
    }


def test_an_engine_that_would_leave_a_mount_writable_is_not_asked() -> None:
    strict = Mount(source="/a", target="/b", read_only=True, recursive_read_only="Enabled")
    lax = Mount(source="/a", target="/b", read_only=True, recursive_read_only="IfPossible")
    assert "Docker 25" in docker_json.refused(spec_with(strict), (1, 43))
    assert docker_json.refused(spec_with(strict), (1, 44)) == ""
    assert docker_json.refused(spec_with(lax), (1, 43)) == ""


def spec_with(mount: Mount) -> ContainerSpec:
    return ContainerSpec(name="n", image="i", labels={}, mounts=(mount,))

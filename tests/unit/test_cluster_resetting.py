"""What `mk8s reset` takes for mk8s' own, and what it leaves alone."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from mk8s_agent.network import traces
from mk8s_agent.proxy.nftables import cluster_of_table, table_name

from minikube8s.cluster import preparing, resetting
from minikube8s.cluster.checkup.findings import Examination
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.supervising import strays
from minikube8s.cluster.supervising.strays import Stray
from minikube8s.kit.privatefiles import write_private


@pytest.mark.parametrize(
    ("line", "what", "home"),
    [
        ("py -m minikube8s.cluster.master --config /h/master/master.json", "master", "/h"),
        ("py -m mk8s_agent --config /h/agent/agent.json", "agent", "/h"),
        ("py -m mk8s_agent --config /h/nodes/node2/agent.json", "agent", "/h"),
        ("py -m mk8s_agent.hollow --config /h/hollow/hollow.json", "hollow nodes", "/h"),
        ("py -m mk8s_agent --config /h/agent/agent.json --remove-everything", "", ""),
        ("py -m mk8s_agent --examine", "", ""),
        ("vi -m mk8s_agent --conf /h", "", ""),
        ("grep -r mk8s_agent --config /h/agent/agent.json", "", ""),
        ("", "", ""),
    ],
)
def test_a_daemon_is_known_by_its_whole_command_line(line: str, what: str, home: str) -> None:
    found = strays.of_words(7, line.split())
    if not what:
        assert found is None
        return
    assert found is not None
    assert (found.pid, found.what, str(found.home)) == (7, what, home)


def test_a_process_of_another_user_is_no_daemon_whatever_it_calls_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or anybody could name a directory for root to remove."""
    process = tmp_path / "7"
    process.mkdir()
    (process / "cmdline").write_text("py\0-m\0mk8s_agent\0--config\0/h/agent/agent.json\0")
    (process / "ns").symlink_to("/proc/self/ns")
    status = process / "status"
    status.write_text(f"Name:\tpy\nUid:\t{os.getuid()}\t0\t0\t0\n")
    monkeypatch.setattr(strays, "_PROC", tmp_path)
    assert [one.home for one in strays.daemons()] == [Path("/h")]
    status.write_text(f"Name:\tpy\nUid:\t{os.getuid() + 1}\t0\t0\t0\n")
    assert strays.daemons() == []


def test_only_marks_of_mk8s_make_something_a_clusters() -> None:
    aliases = [
        "mk8s/one/default/web",
        "lab/two/node2",
        "lab/three/",
        "office",
        "",
        "mk8s//x",
        "lab",
    ]
    assert traces.of_aliases(aliases) == {"one", "two", "three"}
    tables = [
        {"family": "inet", "name": "mk8s"},
        {"family": "inet", "name": "mk8s-four"},
        {"family": "ip", "name": "mk8s-five"},
        {"family": "inet", "name": "filter"},
        {"family": "inet", "name": "not-mk8s-six"},
    ]
    assert traces.of_tables(tables) == {"mk8s", "four"}
    assert [cluster_of_table(table_name(name)) for name in ("mk8s", "x-y")] == ["mk8s", "x-y"]


def test_a_clusters_name_is_told_by_whichever_file_can_be_read(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    assert resetting.cluster_of(home) == ""
    home.save(Settings(name="settings"))
    assert resetting.cluster_of(home) == "settings"
    home.settings.write_text("{")
    assert resetting.cluster_of(home) == ""
    write_private(home.master / "master.json", b'{"settings": {"name": "master"}}')
    assert resetting.cluster_of(home) == "master"
    write_private(home.agent / "agent.json", b'{"cluster": "agent", "node": "n"}')
    assert resetting.cluster_of(home) == "agent"


def test_of_a_home_only_what_a_cluster_keeps_there_goes(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.save(Settings())
    (home.path / "settings.json.new").write_text("half")
    (home.path / "pki").mkdir()
    (home.path / "thesis").mkdir()
    assert "what is not of mk8s in it: thesis" in preparing.wipe_home(home)
    assert [entry.name for entry in home.path.iterdir()] == ["thesis"]
    (home.path / "thesis").rmdir()
    assert preparing.wipe_home(home) == ""
    assert not home.path.exists()


def test_a_home_whose_removal_is_cut_off_still_says_what_there_is_to_remove(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or `mk8s leave` would have nothing to leave, and the keys would stay."""
    home = Home(tmp_path / "home")
    for file in (home.joined, home.lock, home.settings, home.pki / "agent.key", home.kubeconfig):
        write_private(file, b"")
    real, gone = Path.unlink, []

    def unlink(path: Path, *words: Any, **named: Any) -> None:
        gone.append(path)
        real(path, *words, **named)

    monkeypatch.setattr(Path, "unlink", unlink)
    monkeypatch.setattr(preparing.shutil, "rmtree", gone.append)
    preparing.remove_home(home)
    assert set(gone[:2]) == {home.pki, home.kubeconfig}
    assert gone[2:] == [home.settings, home.joined, home.lock]


def test_a_home_with_mounts_in_it_or_that_is_a_link_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is mounted may be a directory of the machine's own: a hostPath."""
    home = Home(tmp_path / "my home")
    home.save(Settings())
    real = Path.read_text
    place = f"{tmp_path}/my\\040home/agent/pods/x"

    def read(path: Path, *words: Any, **named: Any) -> str:
        mounted = f"1 1 0:1 / {place} rw - tmpfs t rw\n"
        return mounted if path.name == "mountinfo" else real(path, *words, **named)

    monkeypatch.setattr(Path, "read_text", read)
    (tmp_path / "way").symlink_to(tmp_path)
    for one in (home, Home(tmp_path / "way" / "my home")):
        assert f"`umount {place}`" in preparing.wipe_home(one)
        assert home.settings.exists()
    monkeypatch.undo()
    link = Home(tmp_path / "link")
    link.path.symlink_to(home.path)
    assert "it is a link" in preparing.wipe_home(link)
    assert home.settings.exists()


def test_a_home_in_which_something_resists_stays_and_says_what(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home")
    home.save(Settings())
    held = OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(home.settings))

    def unlink(*_: Any, **__: Any) -> None:
        raise held

    monkeypatch.setattr(Path, "unlink", unlink)
    said = preparing.wipe_home(home)
    assert f"{home.settings} cannot be removed: Device or resource busy." in said


def test_what_cannot_be_looked_at_is_said_and_the_rest_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another cluster's are left alone where one is named."""
    home = Home(tmp_path / "home")
    home.save(Settings(name="mine"))
    write_private(home.agent / "agent.json", b'{"cluster": "mine"}')
    daemon = Stray(7, "agent", home.agent / "agent.json", home.path)
    seen = Examination(clusters=["mine", "other"])
    monkeypatch.setattr(resetting.examining, "examine", lambda: seen)
    monkeypatch.setattr(strays, "daemons", lambda: [daemon])
    there = resetting.find(home, "unix:///nowhere", "mine")
    assert [one.path for one in there.homes] == [home.path]
    assert there.daemons == (daemon,)
    assert there.nodes == (resetting.Node("mine"),)
    (unseen,) = there.unseen
    assert "unix:///nowhere does not answer" in unseen
    assert "links and rules of cluster mine" in there.told()
    other = resetting.find(home, "unix:///nowhere", "other")
    assert (other.homes, other.daemons) == ((), ())
    assert len(resetting.find(home, "unix:///nowhere").nodes) == 2


def test_a_directory_that_is_no_home_is_nothing_to_remove(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resetting.examining, "examine", Examination)
    monkeypatch.setattr(strays, "daemons", list)
    (tmp_path / "logs").mkdir()
    (tmp_path / "pki").mkdir()
    assert not resetting.find(Home(tmp_path), "unix:///nowhere")

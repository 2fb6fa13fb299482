"""What `mk8s reset` takes for mk8s' own, and what it leaves alone."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from mk8s_agent.network import traces
from mk8s_agent.pods import identity
from mk8s_agent.proxy.nftables import cluster_of_table, table_name

from minikube8s.cluster import preparing, resetting
from minikube8s.cluster.checkup.findings import Examination
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.supervising import strays, systemd, units
from minikube8s.cluster.supervising.strays import Stray
from minikube8s.kit.privatefiles import write_private

NOWHERE = "unix:///nowhere"


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
    write_private(home.joined, b'{"name": "joined"}')
    assert resetting.cluster_of(home) == "joined"


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


def test_a_directory_with_files_of_somebody_else_is_removed_by_nobody(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.save(Settings())
    (home.path / "thesis").mkdir()
    link = Home(tmp_path / "link")
    link.path.symlink_to(home.path)
    with pytest.raises(ClusterError, match="holds files that are not a cluster's, so it was not"):
        preparing.remove_home(home)
    (home.path / "thesis").rmdir()
    with pytest.raises(ClusterError, match="link holds files"):
        preparing.remove_home(link)
    assert home.settings.exists()


def test_a_home_goes_whole_and_nothing_that_it_only_names(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.save(Settings())
    write_private(home.agent / "volumes" / "x", b"")
    elsewhere = tmp_path / "large disk"
    write_private(elsewhere / "agent.log", b"")
    home.logs.symlink_to(elsewhere)
    preparing.remove_home(home)
    assert not home.path.exists()
    assert (elsewhere / "agent.log").exists()


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
    there = resetting.find(home, NOWHERE, "mine")
    assert [one.path for one in there.homes] == [home.path]
    assert there.daemons == (daemon,)
    assert there.nodes == (resetting.Node("mine"),)
    (unseen,) = there.unseen
    assert "unix:///nowhere does not answer" in unseen
    assert "links and rules of cluster mine" in there.told()
    other = resetting.find(home, NOWHERE, "other")
    assert (other.homes, other.daemons) == ((), ())
    assert len(resetting.find(home, NOWHERE).nodes) == 2


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which nothing runs, and no engine."""
    monkeypatch.setattr(resetting.examining, "examine", Examination)
    monkeypatch.setattr(strays, "daemons", list)
    monkeypatch.setattr(systemd, "ours", list)


def test_a_directory_that_is_no_home_is_nothing_to_remove(tmp_path: Path, nothing: None) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "pki").mkdir()
    assert not resetting.find(Home(tmp_path), NOWHERE)


@pytest.mark.parametrize(
    ("place", "is_one"),
    [
        ("settings.json", True),
        ("joined.json", True),
        ("simulation.json", True),
        ("lab.json", True),
        ("agent/agent.json", True),
        ("master/master.json", True),
        ("pki/ca.crt", True),
        ("agent/memory", True),
        ("agent/pods", True),
        ("agent/volumes", True),
        ("nodes/node2", True),
        ("logs/agent.log", False),
        ("notes.txt", False),
    ],
)
def test_a_home_is_known_by_anything_that_a_cluster_leaves_in_it(
    place: str, is_one: bool, tmp_path: Path, nothing: None
) -> None:
    home = Home(tmp_path / "home")
    write_private(home.path / place, b"")
    found = resetting.find(home, NOWHERE).homes
    assert [one.path for one in found] == ([home.path] if is_one else [])


def test_what_agents_wrote_beside_files_of_somebody_else_makes_no_home(
    tmp_path: Path, nothing: None
) -> None:
    write_private(tmp_path / "agent" / "volumes", b"")
    write_private(tmp_path / "notes.txt", b"")
    assert not resetting.find(Home(tmp_path), NOWHERE)


def test_a_home_that_nobody_names_is_found_by_its_daemons_and_units(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing: None
) -> None:
    running, installed, named = (Home(tmp_path / one) for one in ("running", "installed", "named"))
    for home in (running, installed, named):
        home.save(Settings(name=home.path.name))
    # whose configuration is lost, so that the home tells whose it is
    daemon = Stray(7, "master", running.master / "master.json", running.path)
    unit = units.Mark(installed.path, installed.agent / "agent.pid")
    monkeypatch.setattr(strays, "daemons", lambda: [daemon])
    monkeypatch.setattr(systemd, "ours", lambda: [("mk8s-installed-agent.service", unit)])
    there = resetting.find(named, NOWHERE)
    assert [home.path for home in there.homes] == [named.path, running.path, installed.path]
    told = there.told()
    assert f"master, process 7, of {running.path}" in told
    assert f"{systemd.UNITS}/mk8s-installed-agent.service" in told
    one = resetting.find(named, NOWHERE, "running")
    assert (one.daemons, one.units) == ((daemon,), ())
    assert [home.path for home in one.homes] == [running.path]
    write_private(daemon.config, b'{"settings": {"name": "renamed"}}')
    assert resetting.find(named, NOWHERE, "running").daemons == ()


def test_links_that_cannot_be_looked_for_are_said_to_be_unseen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing: None
) -> None:
    monkeypatch.setattr(resetting.examining, "examine", lambda: Examination("no netlink"))
    there = resetting.find(Home(tmp_path), NOWHERE)
    assert "Links and rules of mk8s cannot be looked for: no netlink." in there.unseen


def test_containers_are_found_by_the_labels_that_agents_give_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing: None
) -> None:
    def answer(_: object, path: str) -> list[dict[str, Any]]:
        assert path.startswith("/containers/json?all=1&filters=")
        return [{"Labels": {identity.CLUSTER: name, identity.NODE: "n1"}} for name in ("a", "b")]

    monkeypatch.setattr(resetting.Engine, "json", answer)
    there = resetting.find(Home(tmp_path), NOWHERE, "a")
    assert there.nodes == (resetting.Node("a", "n1"),)
    assert there.told() == ["containers of node n1 of cluster a"]

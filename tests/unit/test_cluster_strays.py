"""Which processes are daemons of mk8s on this machine, and whose."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from minikube8s.cluster.supervising import strays


@pytest.mark.parametrize(
    ("line", "what", "home"),
    [
        ("py -m minikube8s.cluster.master --config /h/master/master.json", "master", "/h"),
        ("py -m mk8s_agent --config /h/agent/agent.json", "agent", "/h"),
        ("py -m mk8s_agent --config /h/nodes/node2/agent.json", "agent", "/h"),
        ("py -m mk8s_agent --config /srv/nodes/agent/agent.json", "agent", "/srv/nodes"),
        (
            "py -m minikube8s.cluster.master --config /srv/nodes/master/m.json",
            "master",
            "/srv/nodes",
        ),
        ("py -m http.server --config /h/agent/agent.json", "", ""),
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


def test_only_daemons_of_this_machines_networks_are_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own network, and those that a lab has named: others are other machines'."""
    process = tmp_path / "proc" / "7"
    process.mkdir(parents=True)
    (process / "cmdline").write_text("py\0-m\0mk8s_agent\0--config\0/h/agent/agent.json\0")
    (process / "status").write_text(f"Uid:\t{os.getuid()}\t0\t0\t0\n")
    (process / "ns").symlink_to("/proc/self/ns")
    (tmp_path / "proc" / "self").symlink_to(process)
    named = tmp_path / "named"
    monkeypatch.setattr(strays, "_PROC", tmp_path / "proc")
    monkeypatch.setattr(strays.labnames, "NAMESPACES", named)
    assert [one.pid for one in strays.daemons()] == [7]
    # in the place of another network
    monkeypatch.setattr(strays, "_OWN", Path("/proc/self/ns/uts"))
    assert strays.daemons() == []
    named.mkdir()
    (named / "gone").symlink_to("/nowhere")
    (named / "node2").symlink_to("/proc/self/ns/net")
    assert [one.pid for one in strays.daemons()] == [7]

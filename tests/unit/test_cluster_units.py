"""What systemd is told of the daemons, as text; and whose a unit is, read back from it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from minikube8s.cluster import evidence, installing
from minikube8s.cluster.config import Home, LabNode, Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.supervising import systemd, unitplan, units
from minikube8s.cluster.supervising.daemons import Daemon, LogEnd, outcome
from minikube8s.cluster.supervising.units import Supervised
from minikube8s.kit.pidfile import Holder

AGENT = Supervised(
    cluster="mk8s",
    daemon="agent",
    home=Path("/var/lib/mk8s"),
    command=("/opt/mk8s/bin/python", "-m", "mk8s_agent", "--config", "/var/lib/mk8s/a.json"),
    pid_file=Path("/var/lib/mk8s/agent/agent.pid"),
    log=Path("/var/lib/mk8s/logs/agent.log"),
    remembered=Path("/var/lib/mk8s/joined.json"),
    environment={"MALLOC_ARENA_MAX": "1"},
    stop_seconds=45,
    at_stop=("/opt/mk8s/bin/python", "-m", "steps", "end"),
    after=("master",),
    local_engine=True,
)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of units, on a machine where nobody asks systemd itself."""
    monkeypatch.setattr(systemd, "UNITS", tmp_path / "units")
    monkeypatch.setattr(systemd, "_call", lambda *_, **__: "")
    monkeypatch.setattr(systemd, "runs", lambda: False)
    (tmp_path / "units").mkdir()
    return tmp_path / "units"


@pytest.mark.parametrize(
    ("cluster", "daemon", "name"),
    [
        ("mk8s", "master", "mk8s-master.service"),
        ("mk8s", "agent-node2", "mk8s-agent-node2.service"),
        ("other", "agent", "mk8s-other-agent.service"),
    ],
)
def test_a_unit_is_called_by_cluster_and_daemon(cluster: str, daemon: str, name: str) -> None:
    assert units.name(cluster, daemon) == name


@pytest.mark.parametrize(
    "line",
    [
        "Type=notify",
        "Wants=network-online.target docker.service",
        "After=network-online.target docker.service mk8s-master.service",
        'RequiresMountsFor="/var/lib/mk8s"',
        "ConditionPathExists=/var/lib/mk8s/joined.json",
        "StartLimitIntervalSec=0",
        "Restart=always",
        'Environment="MALLOC_ARENA_MAX=1"',
        'ExecStart="/opt/mk8s/bin/python" "-m" "mk8s_agent" "--config" "/var/lib/mk8s/a.json"',
        'ExecStop="/opt/mk8s/bin/python" "-m" "steps" "end"',
        "TimeoutStopSec=45",
        "KillMode=control-group",
        "OOMPolicy=continue",
        "WorkingDirectory=/",
        "LimitNOFILE=1048576",
        "TasksMax=infinity",
        "StandardOutput=append:/var/lib/mk8s/logs/agent.log",
        "StandardError=append:/var/lib/mk8s/logs/agent.log",
        "WantedBy=multi-user.target",
    ],
)
def test_a_unit_says(line: str) -> None:
    assert line in units.text(AGENT).splitlines()


def test_each_line_of_a_unit_stands_where_systemd_looks_for_it() -> None:
    before = ("/opt/mk8s/bin/python", "prepare")
    sections: dict[str, dict[str, str]] = {}
    for line in units.text(replace(AGENT, before=before)).splitlines():
        if line.startswith("["):
            sections[line] = section = {}
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            section[key] = value
    assert list(sections) == ["[Unit]", "[Service]", "[Install]", "[X-mk8s]"]
    places = {key: name for name, keys in sections.items() for key in keys}
    for key in ("Description", "Wants", "After", "ConditionPathExists", "StartLimitIntervalSec"):
        assert places[key] == "[Unit]"
    for key in ("ExecStart", "ExecStop", "Restart", "RestartSec", "TimeoutStartSec"):
        assert places[key] == "[Service]"
    assert sections["[Service]"]["ExecStartPre"] == '"/opt/mk8s/bin/python" "prepare"'
    assert sections["[Install]"] == {"WantedBy": "multi-user.target"}
    assert "ExecStartPre" not in units.text(AGENT)


def test_where_a_start_is_heard_is_short_and_each_daemons_own() -> None:
    """The place of a socket may have some hundred letters."""
    long = Path("/srv") / ("x" * 200) / "agent.pid"
    assert units.ready_socket(long) != units.ready_socket(AGENT.pid_file)
    assert len(units.ready_socket(long)) < 100
    text = units.text(replace(AGENT, pid_file=long))
    assert f'Environment="MK8S_READY_SOCKET={units.ready_socket(long)}"' in text.splitlines()


@pytest.mark.parametrize(("version", "grows"), [(0, False), (252, False), (254, True)])
def test_a_daemon_that_cannot_start_is_tried_for_ever_with_growing_pauses_where_systemd_can(
    version: int, grows: bool
) -> None:
    lines = units.text(AGENT, version).splitlines()
    assert {"Restart=always", "StartLimitIntervalSec=0", "RestartSec=2"} <= set(lines)
    assert ("RestartSteps=5" in lines, "RestartMaxDelaySec=30" in lines) == (grows, grows)


def test_the_units_are_for_the_systemd_that_runs(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "257.8-1~deb13u2\n"
    monkeypatch.setattr(systemd, "_call", lambda *words, **_: told if words[0] == "show" else "")
    systemd.write([AGENT])
    assert "RestartSteps=5\n" in (files / AGENT.unit).read_text()


def test_a_unit_of_another_engine_waits_for_no_docker() -> None:
    text = units.text(replace(AGENT, local_engine=False, at_stop=(), after=()))
    assert "docker.service" not in text
    assert "ExecStop" not in text
    assert "After=network-online.target\n" in text


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("plain", '"plain"'),
        ("two words", '"two words"'),
        ('a"b', '"a\\"b"'),
        ("a\\b", '"a\\\\b"'),
        ("50%", '"50%%"'),
    ],
)
def test_words_are_quoted_for_systemd(word: str, written: str) -> None:
    assert units.quoted(word) == written


def test_no_word_of_a_command_is_a_variable() -> None:
    text = units.text(replace(AGENT, command=("/usr/bin/python", "$HOME")))
    assert 'ExecStart="/usr/bin/python" "$$HOME"\n' in text


def test_whose_a_unit_is_stands_in_it() -> None:
    assert units.mark(units.text(AGENT)) == units.Mark(AGENT.home, AGENT.pid_file)
    assert units.mark("[Service]\nExecStart=/bin/true\n") is None
    for half in ("Home=/", "PidFile=/p", "Home=\nPidFile=/p"):
        assert units.mark(f"[Unit]\n\n[X-mk8s]\n{half}\n") is None
    odd = replace(AGENT, home=Path("/a=b"), pid_file=Path("/a=b/c"))
    assert units.mark(units.text(odd)) == units.Mark(odd.home, odd.pid_file)
    # somebody else's, who tells of a home in words of his own
    assert units.mark("[Unit]\nHome=/\nPidFile=/p\n") is None


def test_units_are_written_once_and_found_by_home_and_daemon(files: Path) -> None:
    assert systemd.write([AGENT]) == ["mk8s-agent.service"]
    assert systemd.write([AGENT]) == []
    assert systemd.units_of(AGENT.home) == ["mk8s-agent.service"]
    assert systemd.units_of(Path("/elsewhere")) == []
    assert systemd.unit_of(AGENT.pid_file) == "mk8s-agent.service"
    assert systemd.remove([AGENT.unit])
    assert not systemd.remove([AGENT.unit])
    assert list(files.iterdir()) == []


def test_the_bundle_has_the_units(files: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    systemd.write([replace(AGENT, home=home.path)])
    assert "config/mk8s-agent.service" in dict(evidence.configuration(home))


def test_a_file_of_somebody_else_is_left_alone(files: Path) -> None:
    theirs = files / "mk8s-agent.service"
    theirs.write_text("[Service]\nExecStart=/bin/true\n")
    with pytest.raises(ClusterError, match="is of somebody else"):
        systemd.write([AGENT])
    theirs.write_text(units.text(replace(AGENT, pid_file=Path("/b.pid"), home=Path("/b"))))
    with pytest.raises(ClusterError, match=r"is of the cluster in /b: remove it"):
        systemd.write([AGENT])


def test_what_starts_at_a_boot_is_taken_back_by_disabling(files: Path) -> None:
    systemd.write([AGENT])
    wanted = files / "multi-user.target.wants"
    wanted.mkdir()
    (wanted / AGENT.unit).symlink_to(files / AGENT.unit)
    assert systemd.is_enabled(AGENT.unit)
    systemd.disable([AGENT.unit])
    assert not systemd.is_enabled(AGENT.unit)


def test_a_lab_has_a_unit_for_each_agent_and_the_master_prepares_for_all(tmp_path: Path) -> None:
    settings = Settings(name="lab", node_name="node1", lab=True, lab_nodes=(LabNode("n2", "x"),))
    found = {one.daemon: one for one in unitplan.wanted(Home(tmp_path), settings, {})}
    assert [one.unit for one in found.values()] == [
        "mk8s-lab-master.service", "mk8s-lab-agent.service", "mk8s-lab-agent-n2.service",
    ]  # fmt: skip
    assert [name for name, one in found.items() if one.before] == ["master"]
    assert [one.after for one in found.values()] == [(), ("master",), ("master",)]
    assert [name for name, one in found.items() if one.at_stop] == ["agent", "agent-n2"]
    steps = (sys.executable, "-m", "minikube8s.cluster.unitsteps")
    assert found["master"].before == (*steps, "prepare", str(tmp_path))
    assert found["agent"].at_stop == (*steps, "end")
    assert {one.remembered for one in found.values()} == {Home(tmp_path).settings}
    assert {one.environment["HOME"] for one in found.values()} == {"/root"}


@pytest.mark.parametrize(
    ("docker_host", "waits"),
    [
        ("unix:///var/run/docker.sock", True),
        ("unix:///run/docker.sock", True),
        ("unix:///srv/other.sock", False),
        ("tcp://192.0.2.1:2376", False),
    ],
)
def test_an_agent_waits_at_a_boot_for_the_engine_that_systemd_runs(
    tmp_path: Path, docker_host: str, waits: bool
) -> None:
    settings = Settings(node_name="n", docker_host=docker_host)
    master, agent = unitplan.wanted(Home(tmp_path), settings, {})
    assert (master.local_engine, agent.local_engine) == (False, waits)


def test_a_joined_machine_has_one_unit_that_prepares_itself(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.joined.write_text("{}")
    told = {"DOCKER_CERT_PATH": "/c", "DOCKER_TLS_VERIFY": "1", "X": "y"}
    (one,) = unitplan.wanted(home, Settings(node_name="n"), told)
    assert (one.daemon, one.after) == ("agent", ())
    assert one.before[-2:] == ("prepare", str(tmp_path))
    assert one.environment["DOCKER_CERT_PATH"] == "/c"
    assert one.environment["DOCKER_TLS_VERIFY"] == "1"
    assert one.remembered == home.joined
    assert "X" not in one.environment


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("", 45), ("shutdownGracePeriod: 0s", 45), ("shutdownGracePeriod: 2m", 135)],
)
def test_an_agent_may_take_as_long_to_stop_as_pods_have(
    tmp_path: Path, told: str, seconds: int
) -> None:
    file = tmp_path / "kubelet.yaml"
    file.write_text(f"kind: KubeletConfiguration\n{told}\n")
    settings = Settings(node_name="n", kubelet_config=str(file))
    _, agent = unitplan.wanted(Home(tmp_path), settings, {})
    assert agent.stop_seconds == seconds


def test_a_shutdown_period_that_is_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "kubelet.yaml"
    file.write_text("kind: KubeletConfiguration\nshutdownGracePeriod: soon\n")
    with pytest.raises(ClusterError, match="shutdownGracePeriod: 'soon' is no duration"):
        unitplan.wanted(Home(tmp_path), Settings(node_name="n", kubelet_config=str(file)), {})


def test_a_daemon_that_left_no_log_has_ended_in_a_sentence(tmp_path: Path) -> None:
    log = tmp_path / "agent.log"
    agent = Daemon("agent", (), tmp_path / "agent.pid", log)
    with pytest.raises(ClusterError, match="The agent ended at once: it printed nothing"):
        outcome(agent, "", LogEnd(log))


def test_without_systemd_nothing_is_installed(
    tmp_path: Path, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installing.preflight, "require_root", lambda _: None)
    Home(tmp_path).save(Settings(node_name="n"))
    with pytest.raises(ClusterError, match="systemd is not this machine's first process"):
        installing.install(Home(tmp_path), lambda _: None)
    assert not installing.uninstall(Home(tmp_path), lambda _: None)


def test_a_simulated_cluster_is_not_installed(
    tmp_path: Path, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installing.preflight, "require_root", lambda _: None)
    monkeypatch.setattr(systemd, "runs", lambda: True)
    home = Home(tmp_path)
    home.save(Settings(node_name="n"))
    home.simulation.write_text("{}")
    with pytest.raises(ClusterError, match="is simulated: it is started with `mk8s simulate`"):
        installing.install(home, lambda _: None)


@pytest.mark.parametrize("verb", ["install", "uninstall"])
def test_daemons_are_started_again_where_ctrl_c_came_between(
    tmp_path: Path, files: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    home = Home(tmp_path)
    home.save(Settings(node_name="n"))
    # as one that was killed has left them
    systemd.write(unitplan.wanted(home, home.load()))
    done: list[str] = []
    monkeypatch.setattr(systemd, "enable", lambda names: done.append(f"enable {len(names)}"))

    def start(daemons: Sequence[Daemon], *_: object) -> None:
        done.extend(f"start {daemon.name}" for daemon in daemons)
        if done.count("start agent") == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(installing.preflight, "require_root", lambda _: None)
    monkeypatch.setattr(systemd, "runs", lambda: True)
    monkeypatch.setattr(Daemon, "holder", lambda _: Holder(7, 0.0))
    monkeypatch.setattr(installing, "stop", lambda daemon, _: done.append(f"stop {daemon.name}"))
    monkeypatch.setattr(installing.supervision, "remove", lambda _: done.append("remove"))
    monkeypatch.setattr(installing.lifecycle, "start", start)
    with pytest.raises(KeyboardInterrupt):
        getattr(installing, verb)(home, lambda _: None)
    moved = ["stop agent", "stop master", "start master", "start agent"]
    # a machine whose power goes in the middle of it has what it had, or all
    first = {"install": ["enable 2"], "uninstall": []}[verb]
    assert [one for one in done if one != "remove"] == first + moved * 2
    assert done.index("remove") == {"install": 5, "uninstall": 2}[verb]

"""What `vagrant up` does in the VMs, on machines with systemd that its scripts set up."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import re
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.support.systemdmachine import CHECKOUT, SystemdMachine
from tests.support.wait import until
from tests.vagrant.conftest import NAMES, Lab, bare_machine

TOKEN = re.compile(rb"\b[a-z0-9]{6}\.[a-z0-9]{16}\b")
LIVELY = (
    "var/lib/docker",
    "var/lib/containerd",
    "var/lib/mk8s/master",
    "var/log",
    "tmp",
    "var/tmp",
)
"""What changes on a machine while nobody does anything."""


def test_machines_are_known_by_their_addresses_of_the_lab(lab: Lab) -> None:
    for machine, address in ((lab.master, "192.168.56.10"), (lab.worker, "192.168.56.11")):
        assert machine.run("getent", "ahostsv4", machine.name).ok().split()[0] == address
        assert machine.run("getent", "hosts", "worker2").ok().split()[0] == "192.168.56.12"
        assert machine.run("getent", "ahostsv4", "localhost").ok().split()[0] == "127.0.0.1"
    rows = lab.master.run("mk8s", "get", "nodes", "-o", "wide", "--no-headers").ok().splitlines()
    found = {row.split()[0]: (row.split()[1], row.split()[5]) for row in rows}
    assert found == {"master": ("Ready", "192.168.56.10"), "worker1": ("Ready", "192.168.56.11")}


def test_the_hosts_kubectl_finds_the_cluster_by_a_file_of_the_project(lab: Lab) -> None:
    (kubeconfig,) = lab.project.iterdir()
    assert kubeconfig.name == "kubeconfig"
    assert stat.S_IMODE(kubeconfig.stat().st_mode) == 0o600
    told = subprocess.run(
        ["kubectl", f"--kubeconfig={kubeconfig}", "get", "nodes", "-o", "name"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert told.stdout.split() == ["node/master", "node/worker1"], told.stderr


def test_who_logs_in_to_the_master_needs_no_sudo(lab: Lab) -> None:
    for command in ("mk8s get nodes -o name", "kubectl get nodes -o name"):
        asked = lab.master.run("su", "-", "teacher", "-c", command)
        assert asked.ok().split() == ["node/master", "node/worker1"]
    config = lab.master.root / "home/teacher/.kube/config"
    assert stat.S_IMODE(config.stat().st_mode) == 0o600


def test_a_second_run_changes_nothing(lab: Lab) -> None:
    before = _state(lab)
    said = [
        lab.script(lab.master, "names", *NAMES).ok(),
        lab.script(lab.master, "install").ok(),
        lab.script(lab.master, "master", "192.168.56.10", "--node-grace", "20").ok(),
        lab.provision("Kubeconfig", "master").ok(),
        lab.script(lab.worker, "names", *NAMES).ok(),
        lab.script(lab.worker, "install").ok(),
        lab.provision("Join", "worker1").ok(),
    ]
    assert _state(lab) == before
    assert not any("Installing" in each for each in said)


def test_everything_is_back_after_all_machines_were_off(lab: Lab) -> None:
    lab.master.run("mk8s", "create", "configmap", "kept").ok()
    lab.worker.power_off()
    lab.master.power_off()
    lab.master.start()
    lab.worker.start()
    agent = ("mk8s", "get", "--raw", "/api/v1/nodes/worker1/proxy/healthz")
    until("the worker's agent is asked", lambda: lab.master.run(*agent).out.strip() == "ok", 60)
    until("both nodes are Ready", lambda: _ready(lab) == ["master", "worker1"], 60)
    lab.master.run("mk8s", "get", "configmap", "kept").ok()


def test_workers_follow_to_a_master_that_was_made_anew(lab: Lab) -> None:
    before = (lab.project / "kubeconfig").read_text()
    lab.master.run("mk8s", "down", "--purge").ok()
    lab.set_up_master()
    assert (lab.project / "kubeconfig").read_text() != before
    lab.provision("Join", "worker1").ok()
    assert _ready(lab) == ["master", "worker1"]


def test_a_machine_made_anew_takes_its_place_and_its_token_is_nowhere(
    lab: Lab, tmp_path: Path
) -> None:
    """The worker is destroyed; the new one gets mk8s from a wheel."""
    uid = ("mk8s", "get", "node", "worker1", "-o", "jsonpath={.metadata.uid}")
    before = lab.master.run(*uid).ok()
    lab.worker.cut_power()
    lab.transcript.unlink()
    with bare_machine("worker1", "192.168.56.11/24") as anew:
        wheel = _wheel(tmp_path)
        anew.copy(wheel, f"/tmp/{wheel.name}")
        lab.script(anew, "names", *NAMES).ok()
        lab.script(anew, "install", f"/tmp/{wheel.name}").ok()
        assert "requirements.lock" not in lab.script(anew, "install", f"/tmp/{wheel.name}").ok()
        renewed = dataclasses.replace(lab, worker=anew)
        off = renewed.provision("Join", "worker1", off=("master",))
        assert off.code != 0 and "`vagrant up master`" in off.err and "\n" not in off.err.strip()
        with _command_lines() as seen:
            renewed.provision("Join", "worker1").ok()
        assert lab.master.run(*uid).ok() != before
        assert _ready(lab) == ["master", "worker1"]

        (token,) = set(TOKEN.findall(lab.transcript.read_bytes()))
        assert any(b"join" in line for line in seen)
        assert not [line for line in seen if token in line or token[7:] in line]
        assert token.decode()[:6] not in lab.master.run("mk8s", "token", "list").ok()
        for folder in (anew.folder / "upper", lab.project):
            assert not [path for path in _files(folder) if token[7:] in _content(path)]
        database = lab.master.folder / "upper/var/lib/mk8s/master"
        elsewhere = (p for p in _files(lab.master.folder / "upper") if database not in p.parents)
        assert not [path for path in elsewhere if token[7:] in _content(path)]

        # another version: its daemons start anew with it
        main = ("systemctl", "show", "--property=MainPID", "mk8s-agent.service")
        ran = anew.run(*main).ok()
        assert "is installed" in lab.script(anew, "install").ok()
        assert anew.run(*main).ok() != ran
        until("its node is Ready", lambda: _ready(lab) == ["master", "worker1"], 60)


def _ready(lab: Lab) -> list[str]:
    rows = lab.master.run("mk8s", "get", "nodes", "--no-headers").out.splitlines()
    return [row.split()[0] for row in rows if row.split()[1:2] == ["Ready"]]


def _wheel(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check"]
    subprocess.run(
        [*command, "--no-deps", "--no-build-isolation", "-w", str(folder), str(CHECKOUT)],
        check=True, timeout=200,
    )  # fmt: skip
    (wheel,) = folder.glob("minikube8s-*.whl")
    return wheel


def _state(lab: Lab) -> dict[str, object]:
    """All files but the lively ones, the daemons' processes, and which objects there are."""
    state: dict[str, object] = {}
    for machine in (lab.master, lab.worker):
        state[machine.name] = _digests(machine)
        daemons = machine.run("pgrep", "-a", "-f", "minikube8s|mk8s_agent", seconds=30).out
        state[f"{machine.name}'s daemons"] = daemons
        assert len(daemons.splitlines()) >= 1
    kinds = "nodes,secrets,serviceaccounts,clusterroles,clusterrolebindings,services"
    listed = "jsonpath={range .items[*]}{.kind}/{.metadata.name}/{.metadata.uid} {end}"
    state["objects"] = lab.master.run("mk8s", "get", kinds, "-A", "-o", listed).ok().split()
    state["project"] = {path.name: path.stat().st_mtime_ns for path in lab.project.iterdir()}
    return state


def _digests(machine: SystemdMachine) -> dict[str, str]:
    upper = machine.folder / "upper"
    lively = [upper / each for each in LIVELY]
    return {
        str(path.relative_to(upper)): hashlib.sha256(_content(path)).hexdigest()
        for path in _files(upper)
        if not any(each in path.parents for each in lively) and path.suffix != ".pyc"
    }


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            if path.is_file() and not path.is_symlink():
                yield path


def _content(path: Path) -> bytes:
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes()
    return b""


@contextlib.contextmanager
def _command_lines() -> Iterator[set[bytes]]:
    """Every command line that is met meanwhile, in the machines as well."""
    seen: set[bytes] = set()
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.05):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    seen.add(path.read_bytes().replace(b"\0", b" "))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()

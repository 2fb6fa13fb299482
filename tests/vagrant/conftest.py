"""What the tests of the lab of VMs share: two machines that its scripts set up."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.cluster import Result
from tests.support.lockedwheels import provide
from tests.support.systemdmachine import (
    CHECKOUT,
    SystemdMachine,
    machine_bridge,
    systemd_machine,
)

PLAYED_VAGRANT = Path(__file__).with_name("provision.rb")
SCRIPTS = CHECKOUT / "vagrant"
WHEELS = "/srv/wheels"
BRIDGE = "lab56"
NAMES = ("192.168.56.10=master", "192.168.56.11=worker1", "192.168.56.12=worker2")


@dataclass
class Lab:
    """A master and a worker that nothing is installed on, and the host's folder of the project."""

    master: SystemdMachine
    worker: SystemdMachine
    project: Path

    def script(self, machine: SystemdMachine, name: str, *arguments: str) -> Result:
        """Run one of the provisioning scripts as Vagrant does."""
        return machine.run(
            f"/vagrant/vagrant/{name}.sh", *arguments, seconds=400, SUDO_USER="teacher"
        )

    @property
    def transcript(self) -> Path:
        """What passed between Vagrant, which is played, and the machines."""
        return self.project.with_name("transcript")

    def provision(self, provisioner: str, name: str, *, off: tuple[str, ...] = ()) -> Result:
        """Let the Vagrantfile's own provisioner do its part for a machine; some seem to be off."""
        both = (self.master, self.worker)
        machines = {one.name: None if one.name in off else one.pid for one in both}
        done = subprocess.run(
            [
                "ruby", str(PLAYED_VAGRANT), str(SCRIPTS / "plugin.rb"), provisioner, name,
                str(self.project), str(self.transcript),
            ],
            input=json.dumps(machines), capture_output=True, text=True, check=False, timeout=400,
        )  # fmt: skip
        return Result(done.returncode, done.stdout, done.stderr, 0.0)

    def set_up(self) -> None:
        """All that `vagrant up` does in the machines."""
        self.set_up_master()
        self.script(self.worker, "names", *NAMES).ok()
        self.script(self.worker, "install").ok()
        self.provision("Join", "worker1").ok()

    def set_up_master(self) -> None:
        """… in the master."""
        self.script(self.master, "names", *NAMES).ok()
        self.script(self.master, "install").ok()
        self.script(self.master, "master", "192.168.56.10", "--node-grace", "20").ok()
        self.provision("Kubeconfig", "master").ok()


@contextlib.contextmanager
def bare_machine(name: str, address: str) -> Iterator[SystemdMachine]:
    """A machine that nothing is installed on; pip finds its packages in a folder."""
    bound = {provide(): WHEELS, CHECKOUT: "/vagrant"}
    with systemd_machine(name, BRIDGE, address, bound) as machine:
        settings = machine.root / "etc/pip.conf"
        settings.write_text(f"[global]\nno-index = true\nfind-links = {WHEELS}\n")
        machine.run("useradd", "--create-home", "teacher").ok()
        yield machine


@pytest.fixture(scope="package")
def lab(private_namespaces: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with (
        machine_bridge(BRIDGE, "192.168.56.1/24"),
        bare_machine("master", "192.168.56.10/24") as master,
        bare_machine("worker1", "192.168.56.11/24") as worker,
    ):
        made = Lab(master, worker, tmp_path_factory.mktemp("lab") / "project")
        made.project.mkdir()
        made.set_up()
        yield made

"""What the tests of the lab of VMs share: two machines that its scripts set up."""

from __future__ import annotations

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

    def provision(self, provisioner: str, name: str) -> Result:
        """Let the Vagrantfile's own provisioner do its part for a machine."""
        machines = {one.name: one.pid for one in (self.master, self.worker)}
        done = subprocess.run(
            [
                "ruby", str(PLAYED_VAGRANT), str(SCRIPTS / "plugin.rb"), provisioner, name,
                str(self.project),
            ],
            input=json.dumps(machines), capture_output=True, text=True, check=False, timeout=400,
        )  # fmt: skip
        return Result(done.returncode, done.stdout, done.stderr, 0.0)

    def set_up(self) -> None:
        """All that `vagrant up` does in the machines."""
        for machine in (self.master, self.worker):
            self.script(machine, "names", *NAMES).ok()
            self.script(machine, "install").ok()
        self.script(self.master, "master", "192.168.56.10", "--node-grace", "20").ok()
        self.provision("Kubeconfig", "master").ok()
        self.provision("Join", "worker1").ok()


@pytest.fixture(scope="package")
def bare(private_namespaces: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    bound = {provide(): WHEELS, CHECKOUT: "/vagrant"}
    with (
        machine_bridge("lab56", "192.168.56.1/24") as bridge,
        systemd_machine("master", bridge, "192.168.56.10/24", bound) as master,
        systemd_machine("worker1", bridge, "192.168.56.11/24", bound) as worker,
    ):
        for machine in (master, worker):
            machine.shell(
                f"printf '[global]\\nno-index = true\\nfind-links = {WHEELS}\\n' >/etc/pip.conf"
            ).ok()
            machine.run("useradd", "--create-home", "teacher").ok()
        yield Lab(master, worker, tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="package")
def lab(bare: Lab) -> Lab:
    bare.set_up()
    return bare

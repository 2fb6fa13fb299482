"""The Vagrantfile as Vagrant reads it, for both providers, without a VM."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.systemdmachine import CHECKOUT

Vagrant = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def vagrant(tmp_path: Path) -> Vagrant:
    """Vagrant on this checkout, with a state of its own; VirtualBox is played."""
    programs = tmp_path / "programs"
    programs.mkdir()
    played = programs / "VBoxManage"
    played.write_text('#!/bin/sh\ncase "$*" in *-version*) echo 7.0.20r163906 ;; esac\n')
    played.chmod(0o755)

    def run(
        *arguments: str, virtualbox: bool = True, **settings: str
    ) -> subprocess.CompletedProcess[str]:
        path = f"{programs}:{os.environ['PATH']}" if virtualbox else os.environ["PATH"]
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MK8S_", "VAGRANT_"))}
        environment = {
            **kept,
            "PATH": path,
            "VAGRANT_HOME": str(tmp_path / "home"),
            "VAGRANT_DOTFILE_PATH": str(tmp_path / "state"),
            "VAGRANT_CHECKPOINT_DISABLE": "1",
            **settings,
        }
        return subprocess.run(
            ["vagrant", *arguments],
            cwd=CHECKOUT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    return run


@pytest.mark.parametrize("provider", ["virtualbox", "libvirt"])
def test_both_providers_blocks_are_valid_and_tell_of_all_machines(
    vagrant: Vagrant, provider: str
) -> None:
    settings = {"VAGRANT_DEFAULT_PROVIDER": provider, "MK8S_WORKERS": "3", "MK8S_DRIVER": "qemu"}
    validated = vagrant("validate", **settings)
    assert validated.returncode == 0, validated.stdout + validated.stderr
    status = vagrant("status", **settings)
    assert status.returncode == 0, status.stdout + status.stderr
    rows = [line.split() for line in status.stdout.splitlines() if f"({provider})" in line]
    assert [row[0] for row in rows] == ["master", "worker1", "worker2", "worker3"]


def test_what_the_lab_was_made_with_is_remembered_while_there_is_a_machine(
    vagrant: Vagrant, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    (state / "machines/master/virtualbox").mkdir(parents=True)
    (state / "machines/worker2/virtualbox").mkdir(parents=True)
    (state / "machines/worker2/virtualbox/id").write_text("1")
    (state / "mk8s-lab.json").write_text('{"MK8S_SUBNET": "10.5.0.0/16", "MK8S_WORKERS": "1"}')
    other = vagrant("validate", MK8S_SUBNET="10.6.0.0/16")
    assert other.returncode != 0 and "made with 10.5.0.0/16" in other.stderr
    status = vagrant("status", VAGRANT_DEFAULT_PROVIDER="virtualbox")
    assert "worker2" in status.stdout, status.stderr
    (state / "machines/worker2/virtualbox/id").unlink()
    assert vagrant("validate", MK8S_SUBNET="10.6.0.0/16").returncode == 0


def run_ruby(script: str, *arguments: str) -> Any:
    """What a script beside this file, with the lab's plugin, prints as JSON."""
    command = [Path(__file__).with_name(script), CHECKOUT / "vagrant/plugin.rb", *arguments]
    done = subprocess.run(
        ["ruby", *map(str, command)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_machine_that_was_set_up_in_half_is_set_up_by_the_next_up(tmp_path: Path) -> None:
    assert run_ruby("half_provisioned.rb", str(tmp_path)) == {"fails": False, "succeeds": True}


def test_a_worker_whose_master_does_not_come_up_says_so() -> None:
    told = run_ruby("waiting_worker.rb")
    assert "did not come up" in told["failed"] and told["failed"].endswith("`vagrant up`.")
    assert "30 minutes" in told["late"] and "`vagrant provision worker1`" in told["late"]


BAD = [
    (("status",), {"MK8S_WORKERS": "many"}, "MK8S_WORKERS"),
    (("validate",), {"MK8S_SUBNET": "10.96.0.0/24"}, "overlap"),
    (("up", "--provider=docker"), {}, "virtualbox and libvirt and not docker"),
    (("up",), {"VAGRANT_DEFAULT_PROVIDER": "virtualbox"}, "VBoxManage"),
    (("up",), {"LIBVIRT_DEFAULT_URI": "qemu+unix:///system?socket=/nowhere"}, "does not answer"),
]


LIBVIRT = {"LIBVIRT_DEFAULT_URI": "test:///default"}
"""The libvirt that libvirt's own library plays, without a daemon."""
OTHER = {"MK8S_SUBNET": "192.168.199.0/24"}

UNFIT = [
    ("virtualbox", {**OTHER, "MK8S_MEMORY": "1000000"}, "end other programs"),
    ("virtualbox", {"MK8S_SUBNET": "127.0.0.0/8"}, "lo has 127.0.0.1/8"),
    ("libvirt", {**OTHER, "MK8S_DRIVER": "qemu", "MK8S_MEMORY": "1000000"}, "end other programs"),
    ("libvirt", {"MK8S_DRIVER": "qemu", "MK8S_SUBNET": "127.0.0.0/8"}, "lo has 127.0.0.1/8"),
    ("libvirt", OTHER, "MK8S_DRIVER=qemu vagrant up"),
]


@pytest.mark.parametrize(("provider", "settings", "words"), UNFIT)
def test_a_host_that_cannot_bear_the_machines_is_told_before_the_first(
    vagrant: Vagrant, tmp_path: Path, provider: str, settings: dict[str, str], words: str
) -> None:
    """Also where all would start side by side: one sentence, and not one for each."""
    # KVM does not work, whether this machine has it or not
    qemu = tmp_path / "programs/qemu-system-x86_64"
    qemu.write_text("#!/bin/sh\nexit 1\n")
    qemu.chmod(0o755)
    done = vagrant(
        "up", f"--provider={provider}", **(LIBVIRT if provider == "libvirt" else {}), **settings
    )
    assert done.returncode != 0
    (sentence,) = (line for line in done.stderr.splitlines() if line)
    assert words in sentence
    assert not [*tmp_path.glob("state/machines/*/*/id"), *tmp_path.glob("state/*.json")]


@pytest.mark.parametrize(("arguments", "settings", "words"), BAD)
def test_what_is_wrong_is_told_before_anything_is_built(
    vagrant: Vagrant, arguments: tuple[str, ...], settings: dict[str, str], words: str
) -> None:
    done = vagrant(*arguments, virtualbox=False, **settings)
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if line and "early stage" not in line]
    assert len(said) == 1 and words in said[0], done.stderr

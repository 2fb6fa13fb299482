"""The Vagrantfile as Vagrant reads it, for both providers, without a VM."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

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


def test_a_machine_that_was_set_up_in_half_is_set_up_by_the_next_up(tmp_path: Path) -> None:
    script, plugin = Path(__file__).with_name("half_provisioned.rb"), CHECKOUT / "vagrant/plugin.rb"
    done = subprocess.run(
        ["ruby", str(script), str(plugin), str(tmp_path)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"fails": False, "succeeds": True}


BAD = [
    (("status",), {"MK8S_WORKERS": "many"}, "MK8S_WORKERS"),
    (("validate",), {"MK8S_SUBNET": "10.96.0.0/24"}, "overlap"),
    (("up", "--provider=docker"), {}, "virtualbox and libvirt and not docker"),
    (("up",), {"VAGRANT_DEFAULT_PROVIDER": "virtualbox"}, "VBoxManage"),
    (("up",), {"LIBVIRT_DEFAULT_URI": "qemu+unix:///system?socket=/nowhere"}, "does not answer"),
]


UNFIT = [
    ({"MK8S_MEMORY": "1000000", "MK8S_SUBNET": "192.168.199.0/24"}, "end other programs"),
    ({"MK8S_SUBNET": "127.0.0.0/8"}, "lo has 127.0.0.1/8"),
]


@pytest.mark.parametrize(("settings", "words"), UNFIT)
def test_a_host_that_cannot_bear_the_machines_is_told_before_the_first(
    vagrant: Vagrant, tmp_path: Path, settings: dict[str, str], words: str
) -> None:
    done = vagrant("up", "--provider=virtualbox", **settings)
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

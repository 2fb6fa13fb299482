"""What the Vagrantfile sends into the VMs: all of the project, and nothing that runs leave."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.support.systemdmachine import CHECKOUT

LEFT_OUT = (".git/HEAD", ".venv/pyvenv.cfg", ".vagrant/id", "dist/x.whl", "kubeconfig")


def test_every_file_of_the_project_arrives_and_what_runs_leave_does_not(tmp_path: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    ).stdout
    files = {name for name in listed.split("\0") if name and (CHECKOUT / name).exists()}
    source, target = tmp_path / "source", tmp_path / "target"
    for name in {*files, *LEFT_OUT}:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).touch()
    match = re.search(r"rsync__exclude: %w\[(.*?)\]", (CHECKOUT / "Vagrantfile").read_text(), re.S)
    assert match
    excluded = [f"--exclude={pattern}" for pattern in match[1].split()]
    subprocess.run(["rsync", "-a", *excluded, f"{source}/", f"{target}/"], check=True, timeout=60)
    arrived = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    assert arrived == files

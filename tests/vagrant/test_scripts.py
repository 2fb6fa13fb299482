"""The project's scripts pass shellcheck, and take up again what was cut off."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.systemdmachine import CHECKOUT

FOLDERS = (".ci", "images", "script", "tests", "vagrant")


def test_all_shell_scripts_pass_shellcheck() -> None:
    files = (path for folder in FOLDERS for path in (CHECKOUT / folder).rglob("*"))
    scripts = sorted(str(path.relative_to(CHECKOUT)) for path in files if _is_shell(path))
    assert {"script/lib.sh", "script/test", "vagrant/install.sh", ".ci/run"} <= set(scripts)
    done = subprocess.run(
        ["shellcheck", *scripts],
        cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


INSTALL = """
. script/lib.sh
packages "$1" a.lock identity project
echo "renewed: ${renewed:+yes}"
[ "$2" = cut-off ] || packages_done "$1"
"""


def test_packages_count_as_installed_when_what_follows_from_them_is_done(tmp_path: Path) -> None:
    python = tmp_path / "bin/python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    for how, renewed in (("cut-off", "yes"), ("done", "yes"), ("done", "")):
        done = subprocess.run(
            ["bash", "-c", INSTALL, "install", str(tmp_path), how],
            cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == f"renewed: {renewed}"


def _is_shell(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        first = file.readline()
    return path.suffix == ".sh" or (first.startswith(b"#!") and first.rstrip().endswith(b"sh"))

"""Every script of the project passes shellcheck."""

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


def _is_shell(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        first = file.readline()
    return path.suffix == ".sh" or (first.startswith(b"#!") and first.rstrip().endswith(b"sh"))

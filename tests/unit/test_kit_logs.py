"""A daemon's log keeps its newest lines and never grows beyond two files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CHATTER = """
import logging
from minikube8s.kit import logs
logs.configure("master", limit=2000)
for number in range(200):
    logging.getLogger("minikube8s.server").info("line %d", number)
print("standard output follows", flush=True)
"""


def test_a_log_file_is_put_aside_when_it_has_grown(tmp_path: Path) -> None:
    log = tmp_path / "master.log"
    with log.open("ab") as file:
        subprocess.run([sys.executable, "-c", CHATTER], stdout=file, stderr=file, check=True)
    files = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert set(files) == {"master.log", "master.log.1"}
    assert all(len(text) < 2200 for text in files.values())
    lines = (files["master.log.1"] + files["master.log"]).splitlines()
    assert lines[-1] == "standard output follows"
    assert lines[-2].endswith("INFO master server: line 199")


def test_a_log_that_goes_to_a_pipe_is_just_written() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHATTER], stderr=subprocess.PIPE, text=True, check=True
    )
    assert len(done.stderr.splitlines()) == 200

"""A pid file tells the truth about its process, however that process ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from minikube8s.kit.pidfile import AlreadyRunning, PidFile

HOLD = """
import sys
from pathlib import Path
from minikube8s.kit.pidfile import PidFile
PidFile(Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_held_file_names_its_holder_and_refuses_a_second(tmp_path: Path) -> None:
    path = tmp_path / "x.pid"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout and process.stdout.readline() == b"held\n"
        holder = PidFile(path).holder()
        assert holder is not None and holder.pid == process.pid
        with pytest.raises(AlreadyRunning, match=str(process.pid)):
            PidFile(path).acquire()
        os.kill(process.pid, signal.SIGKILL)
    assert PidFile(path).holder() is None
    again = PidFile(path)
    again.acquire()
    again.release()


def test_no_file_and_a_stale_file_mean_that_nothing_runs(tmp_path: Path) -> None:
    path = tmp_path / "x.pid"
    assert PidFile(path).holder() is None
    path.write_text(f"{os.getpid()}\n")
    assert PidFile(path).holder() is None

"""A pid file tells the truth about its process, however that process ended."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from minikube8s.kit import pidfile
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


def test_who_only_looks_keeps_no_daemon_from_starting(tmp_path: Path) -> None:
    file = PidFile(tmp_path / "x.pid")
    file.path.touch()
    look = os.open(file.path, os.O_RDONLY)
    fcntl.flock(look, fcntl.LOCK_SH)
    end = threading.Timer(0.05, os.close, [look])
    end.start()
    file.acquire()
    end.join()
    holder = PidFile(file.path).holder()
    assert holder is not None and holder.pid == os.getpid()
    file.release()


def test_no_file_and_a_stale_file_mean_that_nothing_runs(tmp_path: Path) -> None:
    path = tmp_path / "x.pid"
    assert PidFile(path).holder() is None
    path.write_text(f"{os.getpid()}\n")
    assert PidFile(path).holder() is None


def test_a_daemon_counts_as_running_from_the_moment_it_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = PidFile(tmp_path / "daemon.pid")
    lock = file.lock()
    file.record(os.getpid(), lock)
    holder = PidFile(file.path).holder()
    assert holder is not None and holder.pid == os.getpid()
    monkeypatch.setenv(pidfile.DESCRIPTOR, str(lock))
    file.acquire()
    assert pidfile.DESCRIPTOR not in os.environ and not os.get_inheritable(lock)
    file.release()
    assert PidFile(file.path).holder() is None


def test_a_descriptor_of_another_file_is_not_taken_for_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(pidfile.DESCRIPTOR, "0")
    file = PidFile(tmp_path / "daemon.pid")
    file.acquire()
    assert PidFile(file.path).holder() is not None
    file.release()

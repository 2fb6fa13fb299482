"""A daemon tells its starter once, and does not care whether the starter is still there."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from minikube8s.kit import readiness


def test_the_starter_reads_one_line_and_the_first_one_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read, write = os.pipe()
    monkeypatch.setenv(readiness.DESCRIPTOR, str(write))
    readiness.tell("it failed\nbadly")
    readiness.tell()
    with os.fdopen(read, "rb") as pipe:
        assert pipe.read() == b"it failed badly\n"


def test_a_starter_that_has_gone_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.close(read)
    monkeypatch.setenv(readiness.DESCRIPTOR, str(write))
    readiness.tell()


def test_a_daemon_started_by_hand_has_nobody_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(readiness.DESCRIPTOR, raising=False)
    readiness.tell()


def test_a_starter_by_systemd_hears_the_same_line_and_so_does_systemd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(readiness.SOCKET, str(tmp_path / "starter"))
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "systemd"))
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as starter,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd,
    ):
        starter.bind(str(tmp_path / "starter"))
        systemd.bind(str(tmp_path / "systemd"))
        readiness.began()
        assert systemd.recv(100).split() == [b"READY=1", b"RESTART_RESET=1"]
        readiness.tell()
        readiness.tell("too late")
        assert starter.recv(100) == b"ready\n"
        for channel in (starter, systemd):
            channel.setblocking(False)
            with pytest.raises(BlockingIOError):
                channel.recv(100)


def test_systemd_is_not_told_that_a_daemon_serves_which_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "systemd"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "systemd"))
        systemd.setblocking(False)
        readiness.tell("the port is taken")
        with pytest.raises(BlockingIOError):
            systemd.recv(100)

"""A daemon tells its starter once, and does not care whether the starter is still there."""

from __future__ import annotations

import os

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

"""Who listens on a port, as /proc tells it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from minikube8s.kit.portholders import holder


def test_the_program_that_listens_on_a_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        told = holder(listening.getsockname()[1])
    assert told.endswith(f"(process {os.getpid()})")


def test_nobody_is_named_where_nobody_listens_or_nothing_can_be_seen(tmp_path: Path) -> None:
    with socket.socket() as quiet:
        quiet.bind(("127.0.0.1", 0))
        assert holder(quiet.getsockname()[1]) == ""
    assert holder(80, tmp_path) == ""

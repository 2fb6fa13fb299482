"""Ports for tests."""

import socket


def free_port() -> int:
    """A port that nobody has, on any address of the machine."""
    with socket.socket() as probe:
        probe.bind(("0.0.0.0", 0))
        port: int = probe.getsockname()[1]
        return port

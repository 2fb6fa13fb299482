"""What the tests with systemd share: they boot machines, in namespaces below the tests' own."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session", autouse=True)
def always_private(private_namespaces: None) -> None:
    """Every machine's cable ends in the namespace that the tests run in."""

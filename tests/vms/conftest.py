"""The lab of emulated machines that the tests in here share, as one story from up to destroy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.vmlab import VmLab, vm_lab

_SECONDS = 3600
_figures: list[tuple[str, str]] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Nothing in an emulated processor is done within the usual deadline."""
    for item in items:
        item.add_marker(pytest.mark.timeout(_SECONDS))


@pytest.fixture(scope="session")
def lab(private_namespaces: None) -> Iterator[VmLab]:
    with vm_lab(Path(os.environ["MK8S_LAB_DISKS"]), _figures) as made:
        yield made


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures, also when a test failed in between."""
    if _figures:
        terminalreporter.section("figures")
        width = max(len(what) for what, _ in _figures)
        for what, figure in _figures:
            terminalreporter.write_line(f"{what:{width}}  {figure}")

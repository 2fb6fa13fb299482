"""What all tests share: the engine that some need, and how examples are generated."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.support.engine import PrivateEngine, private_engine

# How long an example takes tells of the machine's load, not of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


# Whoever starts the tests in the background has Ctrl-C ignored, also in the programs under test.
signal.signal(signal.SIGINT, signal.default_int_handler)


# Only script/lab-test has machines for these.
collect_ignore = [] if "MK8S_LAB_DISKS" in os.environ else ["vms"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record",
        action="store_true",
        help="write down what tests/scenarios and the tutorial's pages show",
    )


@pytest.fixture(scope="session")
def private_namespaces() -> None:
    """Tests that change the network of the namespace they run in: never the machine's own."""
    if os.environ.get("MK8S_TEST_NAMESPACE") != "private":
        pytest.fail("run these tests with script/test: they need namespaces of their own")


@pytest.fixture(scope="session")
def engine(private_namespaces: None) -> Iterator[PrivateEngine]:
    with private_engine() as running:
        yield running

"""The engine and the cluster that the end-to-end tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cluster import Cluster
from tests.support.engine import PrivateEngine, private_engine


@pytest.fixture(scope="session", autouse=True)
def private_namespaces() -> None:
    """End-to-end tests change the network of the namespace they run in: never the machine's own."""
    if os.environ.get("MK8S_TEST_NAMESPACE") != "private":
        pytest.fail("run the end-to-end tests with script/test: they need namespaces of their own")


@pytest.fixture(scope="session")
def engine(private_namespaces: None) -> Iterator[PrivateEngine]:
    with private_engine() as running:
        yield running


@pytest.fixture(scope="session")
def cluster(engine: PrivateEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster that is up; tests that stop daemons or the engine make one of their own."""
    home: Path = tmp_path_factory.mktemp("cluster") / "mk8s"
    shared = Cluster(home, engine)
    shared.mk8s("up").ok()
    try:
        yield shared
    finally:
        shared.mk8s("down", "--purge")

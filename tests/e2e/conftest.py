"""The cluster that the end-to-end tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cluster import Cluster
from tests.support.engine import PrivateEngine


@pytest.fixture(scope="session", autouse=True)
def always_private(private_namespaces: None) -> None:
    """Every end-to-end test changes the network of the namespace it runs in."""


@pytest.fixture(scope="session")
def started() -> list[Cluster]:
    """The shared cluster, once a test has asked for it."""
    return []


@pytest.fixture(scope="session")
def cluster(
    started: list[Cluster], engine: PrivateEngine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """A cluster that is up; tests that stop the master or the engine make one of their own."""
    home: Path = tmp_path_factory.mktemp("cluster") / "mk8s"
    shared = Cluster(home, engine)
    shared.mk8s("up").ok()
    started.append(shared)
    try:
        yield shared
    finally:
        shared.mk8s("down", "--purge")


@pytest.fixture(scope="module", autouse=True)
def nothing_left(always_private: None, started: list[Cluster]) -> Iterator[None]:
    """No file's tests leave anything in the shared cluster that those of the next would meet."""
    yield
    for shared in started:
        shared.nothing_left()

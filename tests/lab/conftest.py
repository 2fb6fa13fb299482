"""The lab that the tests in here share: three nodes, pods and Services of every test beside others.

Names of objects are a test file's own, and they go with it. Who stops daemons or cuts nodes of the
shared lab puts them back; who changes which nodes there are makes a lab of their own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.cluster import Cluster
from tests.support.engine import PrivateEngine
from tests.support.lab import Lab, running_lab


@pytest.fixture(scope="session", autouse=True)
def always_private(private_namespaces: None) -> None:
    """Every test in here changes the network of the namespace it runs in."""


@pytest.fixture(scope="session")
def started() -> list[Lab]:
    """The shared lab, once a test has asked for it."""
    return []


@pytest.fixture(scope="session")
def lab(
    started: list[Lab], engine: PrivateEngine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    """Three nodes and a client outside, see `tests.support.lab`."""
    with running_lab(tmp_path_factory.mktemp("lab") / "mk8s", engine) as made:
        started.append(made)
        yield made


@pytest.fixture(scope="module", autouse=True)
def nothing_left(always_private: None, started: list[Lab]) -> Iterator[None]:
    """No file's tests leave anything in the shared lab that those of the next would meet."""
    yield
    for shared in started:
        shared.cluster.nothing_left()


@pytest.fixture
def cluster(lab: Lab) -> Cluster:
    """The shared lab as a cluster: its `mk8s` and its kubectl."""
    return lab.cluster

"""Fixtures: one API server a test file, and a namespace of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from tests.api.apiserver import ApiServer
from tests.api.kubectl import Kubectl, binaries
from tests.support.registries import a_namespace

_numbers = count(1)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    server = ApiServer(tmp_path_factory.mktemp("pki"))
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def namespace(api: ApiServer) -> str:
    """The name of a fresh namespace."""
    name = f"test-{next(_numbers)}"
    api.run(a_namespace(api.registry, name))
    return name


@pytest.fixture(params=binaries(), ids=lambda binary: binary.name)
def kubectl(
    request: pytest.FixtureRequest, api: ApiServer, namespace: str, tmp_path: object
) -> Kubectl:
    """kubectl, each version that is installed, in a fresh namespace."""
    return Kubectl.of(request.param, api, namespace, tmp_path)

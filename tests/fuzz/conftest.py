"""Fixtures: one server in a process of its own for all of the fuzzing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fuzz.target import Target


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    made = Target(tmp_path_factory.mktemp("pki"))
    try:
        yield made
    finally:
        made.close()

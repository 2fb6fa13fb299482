"""The fake runtime keeps the contract that tests/e2e/test_runtime_docker.py holds Docker to."""

from __future__ import annotations

import pytest
from mk8s_agent.runtime.fake import FakeRuntime
from mk8s_agent.runtime.vocabulary import LogChunk

from tests.support.runtimesuite import *  # noqa: F403 - the tests themselves
from tests.support.runtimesuite import Bench


@pytest.fixture
def bench() -> Bench:
    runtime = FakeRuntime()
    runtime.add_image("suite:1")

    async def wrote(container_id: str) -> None:
        runtime.write(container_id, LogChunk("stdout", b"one\n"))
        runtime.write(container_id, LogChunk("stderr", b"two\n"))

    async def another_image() -> str:
        return runtime.add_image("mk8s-suite/other:1").tags[0]

    return Bench(runtime, "suite:1", {"mk8s-suite": "fake"}, wrote, another_image)

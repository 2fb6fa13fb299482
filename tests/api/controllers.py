"""The controllers beside the server under test, which sign as its authority."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from minikube8s.cluster.authority import signing
from minikube8s.controllers import Controllers, Trust
from minikube8s.kit.clock import SystemClock
from minikube8s.kit.tasks import Supervisor
from minikube8s.server.tokens import token_for_secret
from tests.api.apiserver import ApiServer
from tests.api.playedcluster import PlayedCluster


@contextmanager
def played_cluster(directory: Path) -> Iterator[PlayedCluster]:
    """Run a played cluster with all controllers; its certificates lie in ``directory``."""
    played = PlayedCluster(directory)
    played.start()
    try:
        with controlled(played):
            yield played
    finally:
        played.stop()


@contextmanager
def controlled(api: ApiServer) -> Iterator[None]:
    """Run all controllers in the server's event loop."""
    trust = Trust(
        root_ca=(api.directory / "ca.crt").read_text(),
        sign=signing.signer(api.directory),
        read_subject=signing.subject,
        may_ask=signing.asker(api.server.authorizer),
        make_token=partial(token_for_secret, api.directory / "sa.key"),
    )

    async def start() -> tuple[Supervisor, Controllers]:
        controllers = Controllers(api.registry, SystemClock(), trust)
        tasks = Supervisor("controllers of a test")
        tasks.spawn("controllers", controllers.run)
        return tasks, controllers

    async def stop(tasks: Supervisor, controllers: Controllers) -> None:
        await tasks.close()
        await controllers.close()

    running = api.run(start())
    try:
        yield
    finally:
        api.run(stop(*running))

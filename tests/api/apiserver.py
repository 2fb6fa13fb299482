"""A real API server in a thread: memory store, throw-away certificates, a free port."""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from minikube8s.api import errors
from minikube8s.cluster.authority import signing
from minikube8s.cluster.authority.certificates import Authority
from minikube8s.cluster.authority.keys import ensure_signing_key
from minikube8s.controllers.protection import (
    ClaimProtectionController,
    VolumeProtectionController,
)
from minikube8s.controllers.runner import Runner
from minikube8s.kit.clock import SystemClock
from minikube8s.kit.tasks import Supervisor
from minikube8s.registry import Registry, policy
from minikube8s.registry.events import EventRecorder
from minikube8s.server import Server, ServerConfig
from minikube8s.store.cache import Cache
from minikube8s.store.memory import MemoryStore
from tests.support.registries import a_namespace

T = TypeVar("T")
DEADLINE = 20.0


class FakePodStreams:
    """Pods that say what the test told them to; a followed log stays open until `release`."""

    def __init__(self) -> None:
        self.lines: list[bytes] = [b"hello\n", b"world\n"]
        self.asked: list[tuple[str, str, str, str, dict[str, Any]]] = []
        self.closed = threading.Event()
        self.measured: dict[str, dict[str, Any]] = {}

    async def open_logs(
        self, node: str, namespace: str, pod: str, container: str, options: dict[str, Any]
    ) -> AsyncIterator[bytes]:
        self.asked.append((node, namespace, pod, container, options))
        self.closed.clear()
        return self._say(options)

    async def configz(self, node: str) -> dict[str, Any]:
        return {"kubeletconfig": {"maxPods": len(node)}}

    async def pulls(self, node: str) -> dict[str, Any]:
        return {"pulls": [{"image": f"image-of-{node}", "downloadedBytes": 3, "totalBytes": 8}]}

    async def stats(self, node: str) -> dict[str, Any]:
        if node not in self.measured:
            raise errors.unavailable(f"node {node} is away")
        return self.measured[node]

    async def _say(self, options: dict[str, Any]) -> AsyncIterator[bytes]:
        try:
            for line in self.lines:
                yield line
            if options.get("follow"):
                await asyncio.Event().wait()
        finally:
            self.closed.set()


class Reply(NamedTuple):
    code: int
    headers: http.client.HTTPMessage
    data: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.data)


class ApiServer:
    """The server under test and a raw client for it."""

    def __init__(self, directory: Path, **config: Any) -> None:
        self.directory = directory
        self.pod_streams = FakePodStreams()
        authority = Authority(directory)
        authority.server("server", ["127.0.0.1", "localhost"])
        authority.client("admin", "admin", ["system:masters"])
        authority.client("guest", "guest", ["visitors"])
        authority.client("node", "system:node:n1", ["system:nodes"])
        ensure_signing_key(directory / "sa.key")
        self.config = ServerConfig(
            cert=directory / "server.crt",
            key=directory / "server.key",
            client_ca=directory / "ca.crt",
            request_reader=signing.organizations,
            token_key=directory / "sa.key",
            port=0,
            **config,
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()
        self.run(self._start())

    def stop(self) -> None:
        self.run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE)
        self._loop.close()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something in the server's event loop."""
        future: Future[T] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        return future.result(DEADLINE)

    async def _start(self) -> None:
        clock = SystemClock()
        self._store = MemoryStore()
        await self._store.open()
        self._cache = Cache(self._store)
        await self._cache.start()
        self.registry = Registry(self._cache, clock)
        self.server = Server(self.registry, self.config, self.pod_streams)
        await self.server.start()
        for name in ("default", "kube-system", "kube-public"):
            await a_namespace(self.registry, name)
        await policy.ensure(self.registry)
        # Claims and volumes would stay for ever without these.
        guards = (ClaimProtectionController(), VolumeProtectionController())
        self._recorder = EventRecorder(self.registry, "test")
        self._controllers = Supervisor("controllers")
        self._runner = Runner(self.registry, clock, [(one, self._recorder) for one in guards])
        self._runner.start(self._controllers)

    async def _stop(self) -> None:
        await self._controllers.close()
        self._runner.close()
        await self._recorder.close()
        await self.server.close()
        await self.registry.close()
        await self._cache.close()
        await self._store.close()

    def tls(self, user: str = "admin") -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.directory / "ca.crt"))
        if user:
            context.load_cert_chain(self.directory / f"{user}.crt", self.directory / f"{user}.key")
        return context

    def connect(self, user: str = "admin") -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(
            "127.0.0.1", self.server.port, context=self.tls(user), timeout=DEADLINE
        )

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        user: str = "admin",
        **headers: str,
    ) -> Reply:
        """Send one request; `content_type="…"` and the like become headers."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        if data is not None and "content-type" not in named:
            named["content-type"] = "application/json"
        connection = self.connect(user)
        try:
            connection.request(method, path, data, named)
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Reply:
        return self.request("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> Reply:
        return self.request("POST", path, body, **headers)

    def create(self, path: str, body: Any) -> dict[str, Any]:
        """Create an object that must be accepted."""
        reply = self.post(path, body)
        assert reply.code == 201, reply.data
        created: dict[str, Any] = reply.json
        return created

    def watch(self, path: str, user: str = "admin", **headers: str) -> WatchReply:
        """Open a watch; the path carries its parameters."""
        connection = self.connect(user)
        connection.request(
            "GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        return WatchReply(connection, connection.getresponse())


class WatchReply:
    """The events of a watch, read one by one."""

    def __init__(
        self, connection: http.client.HTTPSConnection, response: http.client.HTTPResponse
    ) -> None:
        self._connection = connection
        self.response = response

    def __enter__(self) -> WatchReply:
        return self

    def __exit__(self, *_: object) -> None:
        self.response.close()
        self._connection.close()

    def next(self) -> dict[str, Any]:
        line = self.response.readline()
        assert line, "the watch ended"
        event: dict[str, Any] = json.loads(line)
        return event

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while line := self.response.readline():
            yield json.loads(line)


def pod(name: str, **labels: str) -> dict[str, Any]:
    """Return a small valid Pod."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {"containers": [{"name": "main", "image": "nginx:latest"}]},
    }


def configmap(name: str, data: dict[str, str] | None = None, **labels: str) -> dict[str, Any]:
    """Return a small valid ConfigMap."""
    metadata = {"name": name, "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data or {}}

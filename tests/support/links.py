"""A master's end of the link and agents on it: real gRPC over loopback, throw-away certificates."""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from mk8s_agent.assignments import Assignments
from mk8s_agent.link import dialogue
from mk8s_agent.link.asking import Asking
from mk8s_agent.link.channel import dial
from mk8s_agent.link.client import Link, NodeHello
from mk8s_agent.link.reporter import Reporter
from mk8s_agent.link.tunnels import Handler

from minikube8s.api.resources import NODES, PODS
from minikube8s.cluster.authority.certificates import Authority
from minikube8s.kit.clock import SystemClock
from minikube8s.nodes.config import TLS, NodesConfig
from minikube8s.nodes.links import NodeLinks
from minikube8s.nodes.podtokens import MakeToken
from minikube8s.registry import Registry
from minikube8s.registry.bootstrap import ensure
from minikube8s.store.cache import Cache
from minikube8s.store.memory import MemoryStore

T = TypeVar("T")
Object = dict[str, Any]


async def until(what: str, condition: Callable[[], T], seconds: float = 30.0) -> T:
    """The first truthy answer; fails after `seconds` naming `what`."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}; last seen: {answer!r}")
        await asyncio.sleep(0.005)
    return answer


def linked(config: "Config", refused: Callable[[str], None] = lambda _: None) -> Link:
    """The link of an agent that is configured so."""
    return Link(config.node, config.master, partial(dial, config), refused=refused)


class Certificates:
    """Files of one authority, made when asked for."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.authority = Authority(directory)
        self.authority.server("master", ["127.0.0.1", "127.0.0.2"])

    def rename(self, *hosts: str) -> TLS:
        """Another certificate of the master, for these."""
        self.authority.server("master", ["127.0.0.1", *hosts])
        return self.tls()

    def shown(self, port: int) -> set[str]:
        """The addresses in the certificate that a node is shown that dials now."""
        certificate, key = self.client("system:node:one", ["system:nodes"])
        context = ssl.create_default_context(cafile=self.directory / "ca.crt")
        context.load_cert_chain(certificate, key)
        context.set_alpn_protocols(["h2"])
        with (
            socket.create_connection(("127.0.0.1", port), 10) as connection,
            context.wrap_socket(connection, server_hostname="127.0.0.1") as wrapped,
        ):
            names = (wrapped.getpeercert() or {})["subjectAltName"]
        return {str(value) for _, value in names}

    def tls(self) -> TLS:
        read = {name: (self.directory / name).read_bytes() for name in ("ca.crt",)}
        return TLS(
            read["ca.crt"],
            (self.directory / "master.crt").read_bytes(),
            (self.directory / "master.key").read_bytes(),
        )

    def client(self, user: str, groups: list[str]) -> tuple[str, str]:
        name = user.replace(":", "-") + "-" + "-".join(groups).replace(":", "-")
        self.authority.client(name, user, groups)
        return str(self.directory / f"{name}.crt"), str(self.directory / f"{name}.key")


@dataclass
class Config:
    node: str
    master: str
    ca: str
    cert: str
    key: str


def node_status(ready: str = "True", address: str = "192.0.2.1") -> Object:
    return {
        "capacity": {"cpu": "2", "memory": "4Gi", "pods": "110"},
        "allocatable": {"cpu": "2", "memory": "4Gi", "pods": "110"},
        "addresses": [
            {"type": "InternalIP", "address": address},
            {"type": "Hostname", "address": "host-of-node"},
        ],
        "conditions": [
            {
                "type": "Ready",
                "status": ready,
                "reason": "KubeletReady",
                "message": "kubelet is posting ready status",
            }
        ],
        "nodeInfo": {
            "architecture": "amd64",
            "operatingSystem": "linux",
            "kubeletVersion": "v1.36.0",
            "containerRuntimeVersion": "docker://20.10",
            "kernelVersion": "6",
            "osImage": "Debian",
            "machineID": "m",
            "systemUUID": "s",
            "bootID": "b",
            "kubeProxyVersion": "",
        },
    }


@dataclass
class FakeAgent:
    """Everything of an agent but pods."""

    config: Config
    assignments: Assignments = field(default_factory=Assignments)
    reporter: Reporter = field(default_factory=Reporter)
    handlers: dict[str, Handler] = field(default_factory=dict)
    dialogues: dict[str, dialogue.Handler] = field(default_factory=dict)
    asking: Asking = field(default_factory=Asking)
    status: Object = field(default_factory=node_status)
    roles: tuple[str, ...] = ("control-plane",)
    task: asyncio.Task[None] | None = None
    refusals: list[str] = field(default_factory=list)
    link: Link | None = None

    def hello(self) -> NodeHello:
        return NodeHello(
            status=self.status,
            labels={"disk": "ssd"},
            roles=self.roles,
            volumes_dir="/srv/volumes",
        )

    def connect(self) -> None:
        self.link = linked(self.config, self.refusals.append)
        self.task = asyncio.create_task(self.link.run(self))

    def again(self) -> None:
        """Begin a new session."""
        assert self.link is not None
        self.link.again()

    async def disconnect(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait([self.task])
            self.task = None


class Cluster:
    """A registry on a memory store, and the master's end of the link, which may be restarted."""

    def __init__(
        self,
        directory: Path,
        config: NodesConfig | None = None,
        make_token: MakeToken | None = None,
        hosts: Sequence[str] = ("127.0.0.1",),
    ) -> None:
        self.hosts = hosts
        self.make_token = make_token
        self.certificates = Certificates(directory / "pki")
        self.config = config or NodesConfig()
        self.store = MemoryStore()
        self.port = 0
        self.agents: list[FakeAgent] = []

    async def __aenter__(self) -> "Cluster":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for agent in self.agents:
            await agent.disconnect()
        await self.stop()

    async def start(self) -> None:
        await self.store.open()
        self.cache = Cache(self.store)
        self.registry = Registry(self.cache, SystemClock())
        await self.cache.start()
        await ensure(self.registry)
        self.links = NodeLinks(self.registry, SystemClock(), self.config)
        tls = self.certificates.tls()
        await self.links.start(self.hosts, self.port, tls, self.make_token)
        self.port = self.links.port

    async def stop(self) -> None:
        await self.links.close()
        await self.registry.close()
        await self.cache.close()
        await self.store.close()

    def agent(
        self,
        node: str = "one",
        user: str = "",
        groups: list[str] | None = None,
        certificates: Certificates | None = None,
        host: str = "127.0.0.1",
    ) -> FakeAgent:
        """An agent that is not connected yet."""
        pki = certificates or self.certificates
        cert, key = pki.client(
            user or f"system:node:{node}", ["system:nodes"] if groups is None else groups
        )
        ca = str(self.certificates.directory / "ca.crt")
        made = FakeAgent(Config(node, f"{host}:{self.port}", ca, cert, key))
        # each node is a machine of its own, with an address of its own
        names = list(dict.fromkeys([*(one.config.node for one in self.agents), node]))
        made.status = node_status(address=f"192.0.2.{names.index(node) + 1}")
        self.agents.append(made)
        return made

    async def connected(self, node: str = "one", host: str = "127.0.0.1") -> FakeAgent:
        made = self.agent(node, host=host)
        made.connect()
        async with asyncio.timeout(10):
            await made.assignments.synced.wait()
        return made

    async def pod(self, name: str = "web", node: str = "one", **spec: Any) -> Object:
        """Create a pod that is bound to `node`."""
        pod = {
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"nodeName": node, "containers": [{"name": "c", "image": "i"}], **spec},
        }
        if not node:
            del pod["spec"]["nodeName"]
        return (await self.registry.create(PODS, "default", pod)).object

    def stored(self, name: str = "web") -> Object:
        return self.registry.get(PODS, "default", name).object

    def has_pod(self, name: str = "web") -> bool:
        return any(entry.name == name for entry in self.registry.list(PODS, "default"))

    def node(self, name: str = "one") -> Object | None:
        found = [entry for entry in self.registry.list(NODES, None) if entry.name == name]
        return found[0].object if found else None


def condition(obj: Object | None, type: str) -> str:
    conditions = ((obj or {}).get("status") or {}).get("conditions") or []
    return next((one["status"] for one in conditions if one["type"] == type), "")

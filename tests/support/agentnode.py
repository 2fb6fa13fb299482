"""A node without a machine.

The agent's pods on the fake engine, a network that only notes things.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from mk8s_agent.assignments import Assigned, Assignments, ClusterInfo
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.pods.files import PodFiles, SeccompProfiles
from mk8s_agent.pods.hooks import HookFailed
from mk8s_agent.pods.identity import owner_labels
from mk8s_agent.pods.images import Images
from mk8s_agent.pods.manager import Pods
from mk8s_agent.pods.messages import LastWords
from mk8s_agent.pods.node_context import Addresses, NodeContext, NodeFacts
from mk8s_agent.pods.residents import Gate, Resident
from mk8s_agent.pods.sandbox import Sandboxes
from mk8s_agent.probes.prober import Ask, Prober
from mk8s_agent.probes.values import Finding, Subject
from mk8s_agent.runtime.fake import FakeRuntime
from mk8s_agent.runtime.pause import IMAGE
from mk8s_agent.runtime.vocabulary import Container
from mk8s_agent.volumes import Volumes

from minikube8s.api import views
from minikube8s.api.times import now_rfc3339
from minikube8s.kit.clock import Clock
from tests.support.virtualtime import VirtualClock, run

OWNER = owner_labels("test", "node1")
NODE_IP = "192.0.2.10"
ALLOCATABLE = {"cpu": "2", "memory": "1Gi", "ephemeral-storage": "10Gi"}
IMAGE_PRESENT = "app:1"


def pod_json(
    *containers: dict[str, Any], name: str = "web", uid: str = "uid-1", **spec: Any
) -> dict[str, Any]:
    """A pod as the master sends it; one container `app` when none is given."""
    metadata = {"name": name, "namespace": "default", "uid": uid, "generation": 1}
    metadata.update(spec.pop("metadata", {}))
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"nodeName": "node1", "containers": list(containers) or [container()], **spec},
    }
    if status := pod["spec"].pop("status", None):
        pod["status"] = status
    return pod


def container(name: str = "app", image: str = IMAGE_PRESENT, **fields: Any) -> dict[str, Any]:
    """A container of a pod."""
    return {"name": name, "image": image, "imagePullPolicy": "IfNotPresent", **fields}


def view(pod: dict[str, Any]) -> views.Pod:
    """The typed view of a pod."""
    return views.decode(views.Pod, json.dumps(pod).encode())


@dataclass
class NotedNetwork:
    """Plugs and unplugs on paper.

    As in the kernel, a link dies with the process that it was for.
    """

    alive: Callable[[int], bool]
    failure: Exception | None = None
    _links: dict[str, tuple[int, str]] = field(default_factory=dict)

    @property
    def links(self) -> dict[str, str]:
        """The pods by address."""
        return {address: name for address, (pid, name) in self._links.items() if self.alive(pid)}

    async def plug(self, pid: int, address: str, name: str, settings: Mapping[str, str]) -> None:
        if self.failure:
            raise self.failure
        self._links[address] = (pid, name)

    async def unplug(self, address: str) -> None:
        self._links.pop(address, None)


class NotedMounts:
    """Mounts on paper: what would be in memory is on disk."""

    def tmpfs(self, place: Path, options: str) -> None:
        pass

    def bind(self, source: str, place: Path) -> None:
        pass

    def below(self, place: Path) -> list[Path]:
        return []

    def unmount(self, place: Path) -> None:
        pass


@dataclass
class NotedTokens:
    """Tokens that say when they are valid and are good for nothing else."""

    clock: Clock
    failure: Exception | None = None
    asked: list[tuple[str, str, int]] = field(default_factory=list)

    async def create(self, namespace: str, pod: str, uid: str, audience: str, seconds: int) -> str:
        if self.failure:
            raise self.failure
        self.asked.append((f"{namespace}/{pod}", audience, seconds))
        now = int(self.clock.now().timestamp())
        claims = json.dumps({"iat": now, "exp": now + seconds, "n": len(self.asked)}).encode()
        return f"e30.{urlsafe_b64encode(claims).decode().rstrip('=')}.signature"


async def at_once(work: Callable[..., Any], *arguments: Any) -> Any:
    """Virtual time does not wait for threads."""
    return work(*arguments)


@dataclass
class NotedHostPorts:
    """Which pods' ports of the node lead where."""

    opened: dict[str, str] = field(default_factory=dict)
    taken: str = ""

    def check(self, pod: views.Pod) -> None:
        if self.taken:
            raise NetworkError(self.taken)

    def open(self, pod: views.Pod, address: str) -> None:
        self.opened[pod.metadata.uid] = address

    def shut(self, uid: str) -> None:
        self.opened.pop(uid, None)


@dataclass
class NotedPolicies:
    """Which addresses policies hold for; nobody gets one before `open` is set."""

    addresses: set[str] = field(default_factory=set)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def admit(self, pod: views.Pod, *addresses: str) -> None:
        await self.open.wait()
        self.addresses.update(addresses)

    def release(self, address: str) -> None:
        self.addresses.discard(address)


@dataclass
class NotedReports:
    """What the master would hear."""

    statuses: dict[str, dict[str, Any]] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    node_statuses: list[dict[str, Any]] = field(default_factory=list)
    events: list[tuple[str, str, str]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def pod_status(self, namespace: str, name: str, uid: str, status: dict[str, Any]) -> None:
        self.statuses[uid] = status
        self.history.append(status)
        self.news.set()

    def pod_gone(self, namespace: str, name: str, uid: str) -> None:
        self.gone.append(uid)
        self.news.set()

    def node_status(self, status: dict[str, Any]) -> None:
        self.node_statuses.append(status)
        self.news.set()

    def event(self, involved: dict[str, Any], type: str, reason: str, message: str) -> None:
        self.events.append((type, reason, message))
        self.news.set()

    def reasons(self) -> list[str]:
        return [reason for _, reason, _ in self.events]

    def message(self, reason: str) -> str:
        """The message of the first event with that reason."""
        return next(message for _, found, message in self.events if found == reason)


@dataclass
class NotedHooks:
    """Hooks whose commands name their end: `sleep N`, `fail`; anything else succeeds at once."""

    clock: Clock
    ran: list[str] = field(default_factory=list)

    async def run(
        self,
        handler: views.LifecycleHandler,
        container: views.Container,
        container_id: str,
        address: str,
    ) -> None:
        assert handler.exec is not None
        command = handler.exec.command
        self.ran.append(f"{container.name}: {' '.join(command)}")
        if command[0] == "sleep":
            await self.clock.sleep(float(command[1]))
        if command[0] == "fail":
            raise HookFailed("a test made it fail")


Answer = bool | float | Finding | Exception
"""What a probe comes to: how it ends, or after how many seconds it fails."""


class PlayedProber(Prober):
    """Probes that are commands, whose answers a test gives."""

    def __init__(self, clock: Clock, answers: dict[str, Answer], hosts: list[str]) -> None:
        no_processes: Any = None
        super().__init__(no_processes, clock, lambda _, command: command, lambda: 0.5)
        self._answers = answers
        self._hosts = hosts

    def ask(self, subject: Subject, probe: views.Probe) -> Ask:
        assert probe.exec is not None
        command = " ".join(probe.exec.command)
        self._hosts.append(subject.host)

        async def answer() -> Finding:
            given = self._answers.get(command, True)
            if isinstance(given, Exception):
                raise given
            if isinstance(given, float):
                await asyncio.sleep(given)
                return Finding(False, "too late")
            return Finding(given, f"{command} says {given}") if isinstance(given, bool) else given

        return answer


class OpenGate:
    """Lets everything in."""

    def refusal(self, pod: Resident, others: Iterable[Resident]) -> None:
        return None


class Node:
    """The agent's pods on one node; `restart` is what a new agent process would find."""

    def __init__(self, runtime: FakeRuntime, clock: Clock, directory: Path) -> None:
        self.runtime = runtime
        self.clock = clock
        self.network = NotedNetwork(runtime.is_alive)
        self.host_ports = NotedHostPorts()
        self.policies = NotedPolicies()
        self.policies.open.set()
        self.reports = NotedReports()
        self.hooks = NotedHooks(clock)
        self.answers: dict[str, Answer] = {}
        """What probes come to, by their command; what is not here passes."""
        self.asked_hosts: list[str] = []
        """The addresses at which probes ask."""
        self.gate: Gate = OpenGate()
        self.assignments = Assignments()
        self.assignments.set_cluster(
            ClusterInfo(
                "test", "10.244.0.0/24", "10.244.0.0/16", "10.96.0.0/12", "cluster.local", "", 10
            )
        )
        self.directory = directory
        self.memory = directory.with_name(f"{directory.name}-memory")
        self.tokens = NotedTokens(clock)
        self.engine_states: list[bool] = []
        self._revisions = itertools.count(1)
        self._task: asyncio.Task[None] | None = None
        self.context = self._context()

    def _context(self) -> NodeContext:
        context = NodeContext(
            runtime=self.runtime,
            network=self.network,
            host_ports=self.host_ports,
            policies=self.policies,
            reporter=self.reports,
            assignments=self.assignments,
            clock=self.clock,
            facts=NodeFacts("node1", NODE_IP, ALLOCATABLE, 1 << 30, may_protect=False),
            owner=OWNER,
            images=Images(self.runtime, self.clock),
            sandboxes=Sandboxes(self.runtime, IMAGE, OWNER, may_protect=False),
            addresses=Addresses(),
            files=PodFiles(self.directory),
            hooks=self.hooks,
            tokens=self.tokens,
            volumes=Volumes(self.directory, self.memory, NotedMounts(), at_once),
            prober=PlayedProber(self.clock, self.answers, self.asked_hosts),
            seccomp=SeccompProfiles(self.directory / "seccomp"),
            last_words=LastWords(self.directory, self.runtime),
        )
        context.addresses.set_ranges("10.244.0.0/24")
        return context

    def start(self, *, files_read: bool = True) -> None:
        """An agent begins; there are no static pods, if their files could be read."""
        self.pods = Pods(self.context, self.engine_states.append, self.gate)
        if files_read:
            self.pods.set_static({})
        self._task = asyncio.create_task(self.pods.run())

    async def ended(self) -> None:
        """Wait for the end of the pods' manager; raises what ended it."""
        await self._task

    def run_again(self) -> None:
        """Run the same manager once more, as its supervisor does."""
        self._task = asyncio.create_task(self.pods.run())

    async def stop(self) -> None:
        """The agent ends, at whatever point it is; pods stay."""
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def restart(self, *, files_read: bool = True) -> None:
        await self.stop()
        self.context = self._context()
        self.start(files_read=files_read)

    def sync(self, *pods: dict[str, Any]) -> None:
        """A complete sync: these pods and no others."""
        self.assignments.replace([self._assigned("pods", pod) for pod in pods], 1)

    def put(self, resource: str, obj: dict[str, Any]) -> None:
        """The master sends one object."""
        self.assignments.update([self._assigned(resource, obj)], [], 1)

    def delete(self, pod: dict[str, Any], grace: int = 30) -> dict[str, Any]:
        """The master wants the pod to end within `grace` seconds; the pod as it is then."""
        end = now_rfc3339(self.clock.now() + timedelta(seconds=grace))
        metadata = {"deletionTimestamp": end, "deletionGracePeriodSeconds": grace}
        deleted = {**pod, "metadata": {**pod["metadata"], **metadata}}
        self.put("pods", deleted)
        return deleted

    def _assigned(self, resource: str, obj: dict[str, Any]) -> Assigned[Any]:
        key = (obj["metadata"]["namespace"], obj["metadata"]["name"])
        return Assigned(resource, key, next(self._revisions), json.dumps(obj).encode())

    async def until(self, what: Callable[[], object], seconds: float = 60.0) -> None:
        """Wait until `what()` is true; news wake it."""
        try:
            async with asyncio.timeout(seconds):
                while not what():
                    self.reports.news.clear()
                    await self.reports.news.wait()
        except TimeoutError:
            raise AssertionError(
                f"not within {seconds} s; last: {self.reports.statuses}, {self.reports.events}"
            ) from None

    async def running(self, uid: str = "uid-1") -> dict[str, Any]:
        """Wait until the pod is ready; its status."""
        await self.until(lambda: self.condition("Ready", uid) == "True")
        return self.reports.statuses[uid]

    def condition(self, type: str, uid: str = "uid-1") -> str:
        conditions = self.reports.statuses.get(uid, {}).get("conditions", [])
        return next((one["status"] for one in conditions if one["type"] == type), "")

    def state(self, name: str = "app", uid: str = "uid-1") -> dict[str, Any]:
        """The container's state, as last reported."""
        return self.container_status(name, uid).get("state", {})

    def container_status(self, name: str = "app", uid: str = "uid-1") -> dict[str, Any]:
        status = self.reports.statuses.get(uid, {})
        found = status.get("containerStatuses", []) + status.get("initContainerStatuses", [])
        return next((one for one in found if one["name"] == name), {})

    async def waits(self, reason: str, name: str = "app", uid: str = "uid-1") -> dict[str, Any]:
        """Wait until the container waits for that reason; its state."""
        await self.until(lambda: self.state(name, uid).get("waiting", {}).get("reason") == reason)
        waiting: dict[str, Any] = self.state(name, uid)["waiting"]
        return waiting

    def containers(self) -> list[Container]:
        """All containers on this node."""
        return self.runtime.present()

    def newest(self, name: str = "app") -> Container:
        """The newest attempt of a container."""
        found = [
            one for one in self.containers() if one.labels["io.kubernetes.container.name"] == name
        ]
        return max(found, key=lambda one: int(one.labels["io.mk8s.attempt"]))


def fake_engine(clock: Clock) -> FakeRuntime:
    """A fake engine that has the pause image and `app:1`."""
    runtime = FakeRuntime(clock.now)
    runtime.add_image(IMAGE)
    runtime.add_image(IMAGE_PRESENT)
    return runtime


Scenario = Callable[[Node], Awaitable[None]]


def on_a_node(scenario: Scenario) -> Callable[[Path], None]:
    """Run the scenario on virtual time, with an agent at work."""

    def test(tmp_path: Path) -> None:
        async def play() -> None:
            clock = VirtualClock()
            node = Node(fake_engine(clock), clock, tmp_path)
            node.start()
            await scenario(node)
            await node.stop()

        run(play())

    test.__name__ = scenario.__name__
    return test


def elapsed(node: Node) -> float:
    """Virtual seconds since the beginning."""
    return node.clock.monotonic()

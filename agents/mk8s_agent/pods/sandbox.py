"""A pod's sandbox: the pause container, in a network namespace of its own.

Owns the two ways to one: pause leaves the host's network by itself, which is twice as fast; or the
engine makes the namespace, where the kernel or a security module refuses the first. On a node that
is a network namespace itself, pause joins that one for pods in their node's network.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from minikube8s.api.views import Pod
from mk8s_agent.pods import sysctls
from mk8s_agent.pods.files import host_name
from mk8s_agent.pods.identity import (
    ADDRESS,
    SANDBOX_NAME,
    PodRef,
    container_name,
    pod_labels,
)
from mk8s_agent.runtime import pause
from mk8s_agent.runtime.errors import ImageNotFound, RuntimeFault
from mk8s_agent.runtime.interface import Runtime
from mk8s_agent.runtime.vocabulary import Container, ContainerSpec, Limits, Mount, Phase, Security

log = logging.getLogger(__name__)

_UNSHARE_SECONDS = 5.0
_LOOK_SECONDS = 0.002
_PAUSE_OOM_SCORE = -998
_PAUSE_SHARES = 2


class Sandboxes:
    """Makes and starts pause containers on one node."""

    def __init__(
        self,
        runtime: Runtime,
        image: str,
        owner: dict[str, str],
        *,
        may_protect: bool,
        node_namespace: str = "",
    ) -> None:
        self._runtime = runtime
        self._image = image
        self._owner = owner
        self._may_protect = may_protect
        self._node_namespace = node_namespace
        self._unshares = True

    async def create(
        self, pod: Pod, ref: PodRef, attempt: int, addresses: Sequence[str], domain: str
    ) -> str:
        """Make the pause container and return its id.

        `addresses` are remembered on it, `domain` is the cluster's. Raises RuntimeFault.
        """
        change = self._change_of_network(pod)
        shared = pod.spec.host_network or change
        spec = ContainerSpec(
            name=container_name(ref, SANDBOX_NAME, attempt),
            image=self._image,
            labels={
                **self._owner,
                **pod_labels(ref, SANDBOX_NAME, attempt),
                ADDRESS: ",".join(addresses),
            },
            args=(change,) if change else (),
            hostname="" if pod.spec.host_network else host_name(pod, domain),
            network="host" if shared else "none",
            pid_mode="host" if pod.spec.host_pid else "",
            ipc_mode="host" if pod.spec.host_ipc else "shareable",
            mounts=self._mounts(change),
            limits=Limits(
                cpu_shares=_PAUSE_SHARES,
                oom_score_adj=_PAUSE_OOM_SCORE if self._may_protect else 0,
            ),
            security=Security(
                capabilities_drop=("ALL",),
                capabilities_add=("SYS_ADMIN",) if change else (),
                read_only_root=True,
            ),
            sysctls=sysctls.of_engine(pod),
        )
        try:
            return await self._runtime.create(spec)
        except ImageNotFound:
            # Images that nothing runs get pruned; ours comes back without a pull.
            await self.prepare()
            return await self._runtime.create(spec)

    async def prepare(self) -> None:
        """Make sure that the engine has the pause image. Raises RuntimeFault."""
        architecture = (await self._runtime.info()).architecture
        await pause.ensure(self._runtime, self._image, architecture)

    async def start(self, container_id: str, pod: Pod) -> Container:
        """Run it, and return it once its network namespace is its own. Raises RuntimeFault."""
        await self._runtime.start(container_id)
        started = await self._runtime.inspect(container_id)
        change = self._change_of_network(pod)
        if not change:
            return started
        try:
            async with asyncio.timeout(_UNSHARE_SECONDS):
                # Nothing tells when a process changes its namespace; mostly it has by now.
                while not _has_settled(started.pid):  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            raise RuntimeFault(
                f"pause did not leave the host's network within {_UNSHARE_SECONDS:.0f} s"
            ) from None
        if not _is_alive(started.pid):
            started = await self._runtime.inspect(container_id)
        if started.phase is Phase.EXITED and started.exit_code == pause.REFUSED_EXIT:
            if change == pause.JOIN:
                raise RuntimeFault(
                    f"pause could not join the node's network {self._node_namespace}: the kernel, "
                    "or a security module, refused it"
                )
            log.warning(
                "this machine does not let pause make its own network namespace: "
                "pods get theirs from the engine from now on, which takes longer"
            )
            self._unshares = False
        return started

    def _change_of_network(self, pod: Pod) -> str:
        """How pause itself leaves the engine's network; empty where it stays."""
        if pod.spec.host_network:
            return pause.JOIN if self._node_namespace else ""
        return pause.NETNS if self._unshares else ""

    def _mounts(self, change: str) -> tuple[Mount, ...]:
        if change != pause.JOIN:
            return ()
        return (Mount(source=self._node_namespace, target=pause.JOINED, read_only=True),)


def _has_settled(pid: int) -> bool:
    """Whether pause has its own namespace.

    What it does last, for all to see, is to give up privileges.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True
    return "NoNewPrivs:\t1" in status


def has_network(pid: int) -> bool:
    """Whether the process still has a network namespace: one that has ended has none."""
    return Path(f"/proc/{pid}/ns/net").exists()


def _is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()

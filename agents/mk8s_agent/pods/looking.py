"""Sees what the engine has of a pod, and what its containers said last."""

from __future__ import annotations

import asyncio
import logging

from minikube8s.api.views import Pod
from mk8s_agent.pods.identity import POD_UID, PodRef
from mk8s_agent.pods.memory import Memory
from mk8s_agent.pods.node_context import NodeContext
from mk8s_agent.pods.values import Network, is_running
from mk8s_agent.runtime.errors import ContainerNotFound, RuntimeFault
from mk8s_agent.runtime.interface import Runtime

log = logging.getLogger(__name__)


async def look(ref: PodRef, pod: Pod | None, context: NodeContext, memory: Memory) -> bool:
    """Note in `memory` what may have changed; False when the engine does not answer."""
    try:
        if memory.stale:
            memory.begin_look()
            wanted = {**context.owner, POD_UID: ref.uid}
            memory.see_all(await context.runtime.containers(wanted))
        while memory.dirty:
            await asyncio.gather(*(_look_at(one, context.runtime, memory) for one in memory.due()))
        if pod is not None:
            await context.last_words.collect(memory, pod)
    except RuntimeFault as error:
        log.warning("pod %s: cannot be looked at: %s", ref, error)
        memory.stale = True
        return False
    if memory.network is Network.PLUGGED and not is_running(memory.observed(()).sandbox):
        memory.network = Network.UNKNOWN
    return True


async def _look_at(container_id: str, runtime: Runtime, memory: Memory) -> None:
    try:
        memory.see(await runtime.inspect(container_id))
    except ContainerNotFound:
        memory.forget(container_id)
    except RuntimeFault:
        memory.look_at(container_id)
        raise

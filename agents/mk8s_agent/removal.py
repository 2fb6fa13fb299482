"""Removing all that a node's agent ever made, with or without a master, an agent or an engine."""

from __future__ import annotations

import asyncio

from mk8s_agent.config import AgentConfig
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.network.pods import PodNetwork
from mk8s_agent.pods.identity import owner_labels
from mk8s_agent.proxy import ServiceProxy
from mk8s_agent.proxy.nftables import NftablesError
from mk8s_agent.runtime.docker import DockerRuntime
from mk8s_agent.runtime.errors import RuntimeFault
from mk8s_agent.runtime.interface import Runtime
from mk8s_agent.volumes.cleaning import remove_tree
from mk8s_agent.volumes.mounting import KernelMounter

_AT_A_TIME = 8


async def remove_everything(config: AgentConfig) -> list[str]:
    """Remove containers, links, routes, rules and files of this node.

    A node that is a network namespace loses links, routes and rules with it, not here.
    Returns what could not be, in sentences.
    """
    problems: list[str] = []
    try:
        runtime = DockerRuntime(config.docker_host)
        await _remove_containers(runtime, owner_labels(config.cluster, config.node))
    except (RuntimeFault, ValueError) as error:
        problems.append(f"The pods' containers are still there: {error}")
    if not config.network_namespace:
        problems += await _remove_network(config)
    for place in (config.pods_dir, config.memory_dir):
        try:
            remove_tree(place, KernelMounter())
        except OSError as error:
            problems.append(f"The pods' volumes could not be removed: {error}")
    return problems


async def _remove_network(config: AgentConfig) -> list[str]:
    problems: list[str] = []
    try:
        await PodNetwork.remove_everything(config)
    except (NetworkError, NftablesError, OSError) as error:
        problems.append(f"The pods' network could not be removed: {error}")
    try:
        await ServiceProxy.remove_everything(config.cluster)
    except NftablesError as error:
        problems.append(f"The Services' rules could not be removed: {error}")
    return problems


async def _remove_containers(runtime: Runtime, labels: dict[str, str]) -> None:
    slots = asyncio.Semaphore(_AT_A_TIME)

    async def remove(container_id: str) -> None:
        async with slots:
            await runtime.remove(container_id)

    found = await runtime.containers(labels)
    results = await asyncio.gather(*(remove(one.id) for one in found), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result

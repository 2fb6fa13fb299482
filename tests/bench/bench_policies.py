"""How long NetworkPolicies take from their objects to the kernel: run as root.

    python -m tests.bench.bench_policies [policies] [pods]

Works in network namespaces of its own. A third of the pods are this node's. Prints the minimum and
the median of several runs.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from mk8s_agent.assignments import Assigned, Assignments
from mk8s_agent.policy.enforcing import PolicyEnforcer
from mk8s_agent.proxy.fixed import IPV4, TableConfig
from mk8s_agent.proxy.keeper import TableKeeper

from tests.support.agentnode import pod_json, view
from tests.support.netlab import net_lab

NAMESPACES, APPS, TIERS = 10, 20, 3
RUNS = 15
CONFIG = TableConfig("bench", "one", "10.244.0.0/16", "10.96.0.0/12")


def assigned(resource: str, namespace: str, name: str, **obj: Any) -> Assigned[Any]:
    meta = {"namespace": namespace, "name": name, **obj.pop("more", {})}
    raw = msgspec.json.encode({"metadata": meta, **meta, **obj})
    return Assigned(resource, (namespace, name), 1, raw)


def labels(number: int) -> dict[str, str]:
    return {"app": f"a{number % APPS}", "tier": f"t{number % TIERS}"}


def namespace(number: int) -> str:
    return f"n{number % NAMESPACES}"


def peer(number: int) -> Assigned[Any]:
    address = f"10.244.{1 + number // 250}.{number % 250 + 2}"
    about = {"uid": f"u{number}", "node": "two", "ips": [address], "labels": labels(number)}
    return assigned("peers", namespace(number), f"p{number}", **about)


def policy(number: int, port: int = 80) -> Assigned[Any]:
    """For the pods of an app, from pods here and away and from a block, to pods and to DNS."""
    app, tier = labels(number)["app"], labels(number)["tier"]
    away = {"namespaceSelector": {"matchLabels": {"team": tier}}, "podSelector": {}}
    block = {"ipBlock": {"cidr": "192.168.0.0/16", "except": ["192.168.3.0/24"]}}
    here = {"podSelector": {"matchLabels": {"tier": tier}}}
    dns = {"to": [{"namespaceSelector": {}}], "ports": [{"port": 53, "protocol": "UDP"}]}
    spec = {
        "podSelector": {"matchLabels": {"app": app}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [here, away, block], "ports": [{"port": port}, {"port": 443}]}],
        "egress": [dns, {"to": [{"podSelector": {}}]}],
    }
    return assigned("networkpolicies", namespace(number), f"np{number}", spec=spec)


def world(policies: int, pods: int) -> list[Assigned[Any]]:
    """Everything that an agent gets."""
    made = [
        assigned("namespaces", "", namespace(n), more={"labels": {"team": f"t{n % TIERS}"}})
        for n in range(NAMESPACES)
    ]
    for number in range(pods):
        if number % 3:
            made.append(peer(number))
            continue
        status = {"phase": "Running", "podIP": f"10.244.0.{number // 3 % 250 + 2}"}
        more = {"uid": f"u{number}", "labels": labels(number)}
        own = assigned("pods", namespace(number), f"p{number}", more=more, spec={}, status=status)
        made.append(own)
    return [*made, *(policy(number) for number in range(policies))]


async def timed(what: str, runs: int, once: Callable[[int], Awaitable[None]]) -> None:
    taken = []
    for number in range(runs):
        started = time.perf_counter()
        await once(number)
        taken.append((time.perf_counter() - started) * 1000)
    print(f"{what:<32}{min(taken):8.1f} ms{statistics.median(taken):9.1f} ms")


async def main(policies: int, pods: int) -> None:
    print(f"{policies} policies, {pods} pods{'minimum':>23}{'median':>12}")
    objects = world(policies, pods)

    async def first(_: int) -> None:
        assignments, keeper = Assignments(), TableKeeper(CONFIG, lambda _: None)
        PolicyEnforcer("one", (IPV4,), assignments, keeper, lambda *_: None)
        assignments.replace(objects, 1)
        running = asyncio.create_task(keeper.run())
        await keeper.settled()
        running.cancel()
        await asyncio.wait([running])
        await keeper.close()

    await timed("everything, the first time", 3, first)
    assignments, keeper = Assignments(), TableKeeper(CONFIG, lambda _: None)
    enforcer = PolicyEnforcer("one", (IPV4,), assignments, keeper, lambda *_: None)
    assignments.replace(objects, 1)
    running = asyncio.create_task(keeper.run())
    await keeper.settled()

    async def new_peer(number: int) -> None:
        assignments.update([peer(pods + number)], [], 2)
        await keeper.settled()

    async def new_pod(number: int) -> None:
        meta = {"namespace": namespace(number), "labels": labels(number)}
        made = pod_json(name=f"own{number}", uid=f"own{number}", metadata=meta)
        await enforcer.admit(view(made), f"10.244.9.{number + 2}")

    async def changed(number: int) -> None:
        assignments.update([policy(number, 8000 + number)], [], 3)
        await keeper.settled()

    await timed("a new pod elsewhere", RUNS, new_peer)
    await timed("a new pod here, before its link", RUNS, new_pod)
    await timed("a changed policy", RUNS, changed)
    running.cancel()
    await asyncio.wait([running])
    await keeper.close()


if __name__ == "__main__":
    with net_lab():
        asyncio.run(main(*map(int, sys.argv[1:3] or ("100", "200"))))

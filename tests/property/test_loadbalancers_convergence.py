"""No address is ever given away twice, and nobody waits for one that is free."""

from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minikube8s.api.errors import ApiError
from minikube8s.api.loadbalancing import ANNOUNCED_BY
from minikube8s.api.resources import NODES, SERVICES
from minikube8s.controllers import applying
from minikube8s.controllers.applying import Outdated
from minikube8s.controllers.loadbalancers import LoadBalancerController
from minikube8s.controllers.loadbalancers.controller import Key
from minikube8s.controllers.runner import RegistryReader
from minikube8s.kit.addresspool import AddressPool
from tests.support import virtualtime
from tests.support.livecluster import LiveCluster, live_cluster
from tests.support.mortal import Killed, Mortal, Silent

NAMES = ("a", "b", "c", "d", "e")
POOLS = ("10.0.0.200-10.0.0.202", "10.0.0.201-10.0.0.204", "10.0.0.200")
NODE_NAMES = ("n1", "n2", "n3")


async def look(cluster: LiveCluster, pool: str, writes: int = 10**6) -> None:
    controller = LoadBalancerController(AddressPool.parse(pool))
    snapshot = controller.read(RegistryReader(cluster.registry), Key())
    plan = controller.plan(snapshot, cluster.clock.now())
    with suppress(Killed, Outdated):
        await applying.apply(plan, Mortal(cluster.registry, writes), Silent())


def holders(cluster: LiveCluster) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in cluster.objects(SERVICES):
        for ingress in one["status"]["loadBalancer"].get("ingress") or ():
            found.setdefault(ingress["ip"], []).append(one["metadata"]["name"])
    return found


async def disturb(cluster: LiveCluster, kind: str, at: int) -> None:
    name, node = NAMES[at % len(NAMES)], NODE_NAMES[at % len(NODE_NAMES)]
    ports = [{"port": 80}]

    def set_type(obj: dict[str, Any]) -> None:
        obj["spec"]["type"] = "ClusterIP" if at % 2 else "LoadBalancer"

    def choose(obj: dict[str, Any]) -> None:
        obj["spec"]["loadBalancerIP"] = f"10.0.0.{200 + at % 5}" if at % 3 else ""

    def set_ready(obj: dict[str, Any]) -> None:
        obj["status"]["conditions"] = [{"type": "Ready", "status": "True" if at % 2 else "Unknown"}]

    with suppress(ApiError):
        match kind:
            case "create":
                await cluster.create(SERVICES, name, spec={"type": "LoadBalancer", "ports": ports})
            case "delete":
                await cluster.delete(SERVICES, name)
            case "type":
                await cluster.change(SERVICES, name, set_type)
            case "choose":
                await cluster.change(SERVICES, name, choose)
            case "node":
                await cluster.change(NODES, node, set_ready, "status")


LOOK = st.tuples(st.just("look"), st.integers(0, 30), st.integers(0, 3))
TROUBLE = st.tuples(
    st.sampled_from(["create", "create", "delete", "type", "choose", "node", "pool"]),
    st.integers(0, 30),
    st.just(0),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(LOOK, TROUBLE), min_size=10, max_size=60))
def test_wherever_plans_were_cut_off_addresses_are_told_apart_and_used(
    script: list[tuple[str, int, int]],
) -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            for node in NODE_NAMES:
                await cluster.add_node(node)
            pool = POOLS[0]
            for kind, at, writes in script:
                if kind == "look":
                    await look(cluster, pool, writes)
                elif kind == "pool":
                    pool = POOLS[at % len(POOLS)]
                else:
                    await disturb(cluster, kind, at)
                assert all(len(names) == 1 for names in holders(cluster).values())
            for _ in range(5):
                before = cluster.registry.revision
                await look(cluster, pool)
            assert cluster.registry.revision == before, "still changing"
            check_settled(cluster, pool)

    virtualtime.run(main())


def check_settled(cluster: LiveCluster, pool: str) -> None:
    taken = holders(cluster)
    ready = {
        one["metadata"]["name"]
        for one in cluster.objects(NODES, None)
        if one["status"]["conditions"][0]["status"] == "True"
    }
    free = set(AddressPool.parse(pool)) - set(taken)
    assert set(taken) <= set(AddressPool.parse(pool))
    for one in cluster.objects(SERVICES):
        has = [ip for ip, names in taken.items() if one["metadata"]["name"] in names]
        announcer = (one["metadata"].get("annotations") or {}).get(ANNOUNCED_BY)
        if one["spec"]["type"] != "LoadBalancer":
            assert not has and announcer is None
        elif not has:
            wanted = one["spec"].get("loadBalancerIP")
            assert not (free & {wanted} if wanted else free), "it waits for an address that is free"
        elif ready:
            assert announcer in ready

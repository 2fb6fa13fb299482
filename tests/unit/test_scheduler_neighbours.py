"""Pods that look at other pods, scheduled by the loop on the real registry, on virtual time."""

import asyncio
from typing import Any

from minikube8s.api.resources import NAMESPACES, NODES, PODS, REPLICASETS, SERVICEACCOUNTS, SERVICES
from minikube8s.api.selectors import from_map
from minikube8s.scheduler import record
from minikube8s.scheduler.pods import facts_of
from minikube8s.scheduler.states import NodeState
from minikube8s.scheduler.topology.companions import Services
from minikube8s.scheduler.topology.matching import within
from minikube8s.scheduler.topology.population import Population
from minikube8s.scheduler.topology.terrain import Place
from tests.support.livecluster import LiveCluster
from tests.support.scheduling import node, pod
from tests.unit.test_scheduler_loop import home, play, scheduled_condition

HOST, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
NEEDED = "requiredDuringSchedulingIgnoredDuringExecution"


def term(app: str, key: str = HOST, **fields: Any) -> dict[str, Any]:
    return {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": key, **fields}


def near(*terms: dict[str, Any]) -> dict[str, Any]:
    return {"affinity": {"podAffinity": {NEEDED: list(terms)}}}


def apart(*terms: dict[str, Any]) -> dict[str, Any]:
    return {"affinity": {"podAntiAffinity": {NEEDED: list(terms)}}}


async def add(cluster: LiveCluster, name: str, app: str, **spec: Any) -> None:
    container = {"name": "c", "image": "nginx"}
    metadata = {"labels": {"app": app}, **spec.pop("metadata", {})}
    await cluster.create(PODS, name, metadata=metadata, spec={"containers": [container], **spec})


async def nodes(cluster: LiveCluster, **zones: str) -> None:
    for name, zone in zones.items():
        await cluster.add_node(name)
        await label(cluster, NODES, name, **{HOST: name, ZONE: zone})


async def label(cluster: LiveCluster, resource: Any, name: str, **labels: str) -> None:
    def change(obj: dict[str, Any]) -> None:
        obj["metadata"]["labels"] = {**obj["metadata"].get("labels", {}), **labels}

    await cluster.change(resource, name, change)


def test_a_pod_that_follows_another_waits_for_it_without_being_looked_at_in_between() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await nodes(cluster, n1="a", n2="a")
        await add(cluster, "web", "web", **near(term("cache")))
        await cluster.until(lambda: scheduled_condition(cluster, "web"))
        revision = cluster.registry.revision
        await asyncio.sleep(3600)
        assert cluster.registry.revision == revision
        await add(cluster, "cache", "cache", nodeName="n2")
        await cluster.until(lambda: home(cluster, "web"), 1)
        assert home(cluster, "web") == "n2"

    play(scenario)


def test_a_group_that_is_kept_apart_never_shares_a_node_however_many_are_bound_at_once() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await nodes(cluster, n1="a", n2="a", n3="b")
        names = [f"p{number}" for number in range(5)]
        await asyncio.gather(*(add(cluster, one, "web", **apart(term("web"))) for one in names))
        await asyncio.sleep(5)
        homes = sorted(home(cluster, one) for one in names)
        assert homes == ["", "", "n1", "n2", "n3"]
        gone = next(one for one in names if home(cluster, one) == "n2")
        await cluster.delete(PODS, gone, grace_period_seconds=0)
        await asyncio.sleep(5)
        left = sorted(home(cluster, one) for one in names if one != gone)
        assert left == ["", "n1", "n2", "n3"]

    play(scenario)


def test_a_node_that_goes_frees_the_pods_that_its_pods_kept_away() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await nodes(cluster, n1="a", n2="a")
        await add(cluster, "first", "web", nodeName="n1")
        await add(cluster, "second", "web", **apart(term("web", ZONE)))
        await cluster.until(lambda: scheduled_condition(cluster, "second"))
        assert home(cluster, "second") == ""
        await cluster.delete(NODES, "n1")
        await cluster.until(lambda: home(cluster, "second"), 1)
        assert home(cluster, "second") == "n2"

    play(scenario)


def test_spread_pods_bound_at_once_stay_within_the_skew_and_wait_for_no_time_to_pass() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await nodes(cluster, n1="a", n2="a", n3="b")
        chosen = {"maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule"}
        spread = {**chosen, "labelSelector": {"matchLabels": {"app": "web"}}}
        names = [f"p{number}" for number in range(10)]
        added = (add(cluster, one, "web", topologySpreadConstraints=[spread]) for one in names)
        await asyncio.gather(*added)
        await asyncio.sleep(1)
        homes = [home(cluster, one) for one in names]
        assert "" not in homes
        assert homes.count("n3") == 5

    play(scenario)


def test_a_pod_that_is_being_deleted_makes_room_for_those_to_be_spread_before_it_is_gone() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await nodes(cluster, n1="a")
        await cluster.add_node("n2", unschedulable=True)
        await label(cluster, NODES, "n2", **{HOST: "n2", ZONE: "b"})
        chosen = {"maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule"}
        spread = {**chosen, "labelSelector": {"matchLabels": {"app": "web"}}}
        for name in ("first", "second"):
            await add(cluster, name, "web", topologySpreadConstraints=[spread])
            await cluster.until(lambda name=name: scheduled_condition(cluster, name))
        assert (home(cluster, "first"), home(cluster, "second")) == ("n1", "")
        await cluster.delete(PODS, "first")
        await cluster.until(lambda: home(cluster, "second"), 1)
        assert home(cluster, "first") == "n1"

    play(scenario)


def test_a_namespace_that_gets_a_label_lets_its_pods_be_followed() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await nodes(cluster, n1="a")
        await cluster.create(NAMESPACES, "shop")
        account = {"metadata": {"name": "default"}}
        await cluster.registry.create(SERVICEACCOUNTS, "shop", account)
        await cluster.registry.create(
            PODS,
            "shop",
            {
                "metadata": {"name": "web", "labels": {"app": "web"}},
                "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "nginx"}]},
            },
        )
        team = {"namespaceSelector": {"matchLabels": {"team": "x"}}}
        await add(cluster, "p", "p", **near(term("web", **team)))
        await cluster.until(lambda: scheduled_condition(cluster, "p"))
        assert home(cluster, "p") == ""
        await label(cluster, NAMESPACES, "shop", team="x")
        await cluster.until(lambda: home(cluster, "p"), 1)

    play(scenario)


def test_pods_of_services_and_replica_sets_are_spread_without_having_asked_for_it() -> None:
    def points(cluster: LiveCluster, name: str) -> dict[str, int]:
        told = record.read(scheduled_condition(cluster, name)["message"])
        return dict(told.points) if told is not None else {}

    async def scenario(cluster: LiveCluster) -> None:
        await nodes(cluster, n1="a", n2="b")
        for app in ("alone", "web", "rs"):
            await add(cluster, f"first-{app}", app, nodeName="n1")
        template = {"metadata": {"labels": {"app": "rs"}}, "spec": {"containers": []}}
        template["spec"] = {"containers": [{"name": "c", "image": "nginx"}]}
        selector = {"matchLabels": {"app": "rs"}}
        made = await cluster.create(
            REPLICASETS, "rs", spec={"replicas": 0, "selector": selector, "template": template}
        )
        owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "rs", "controller": True}
        ports = [{"port": 80}]
        await cluster.create(SERVICES, "web", spec={"selector": {"app": "web"}, "ports": ports})
        owned = {"ownerReferences": [{**owner, "uid": made.uid}]}
        for name, app, fields in (
            ("alone", "alone", {}),
            ("served", "web", {}),
            ("owned", "rs", {"metadata": owned}),
        ):
            await add(cluster, name, app, **fields)
            await cluster.until(lambda name=name: home(cluster, name))
        assert "PodTopologySpread" not in points(cluster, "alone")
        for name in ("served", "owned"):
            assert home(cluster, name) == "n2"
            assert points(cluster, name)["PodTopologySpread"] == 200

    play(scenario)


def test_as_many_places_of_a_question_are_kept_as_of_the_nodes() -> None:
    population = Population(places=3)
    state = NodeState(node("n1", labels={f"k{number}": "v" for number in range(9)}))
    population.node_added(state)
    population.pod_added(facts_of(pod(labels={"app": "web"})), state)
    asked = (within("default", from_map({"app": "web"})),)
    for _ in range(2):
        for number in range(9):
            found = population.pods_at(asked, Place(f"k{number}"), leaving=True)
            assert found == {"v": 1}
    (question,) = population._questions.values()
    assert len(question.by_place) == 3


def test_a_namespace_whose_last_service_goes_is_forgotten() -> None:
    services = Services()
    services.put(("gone", "headless"), {})
    for name in ("a", "b"):
        services.put(("gone", name), {"app": name})
        services.put(("gone", name), {"app": "web"})
    services.put(("kept", "c"), {"app": "web"})
    for name in ("a", "b"):
        services.remove(("gone", name))
    services.remove(("gone", "headless"))
    assert services._by_label.keys() == {"kept"}
    assert list(services.of("kept", {"app": "web"})) == [from_map({"app": "web"})]

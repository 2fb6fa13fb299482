"""Whatever happened, and wherever plans were cut off, nginx ends up with what Ingresses say."""

from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minikube8s.api import ingressing
from minikube8s.api.errors import ApiError
from minikube8s.api.resources import (
    CONFIGMAPS,
    DEPLOYMENTS,
    INGRESSCLASSES,
    INGRESSES,
    SECRETS,
    SERVICEACCOUNTS,
    SERVICES,
    Resource,
)
from minikube8s.controllers import applying
from minikube8s.controllers.applying import Outdated
from minikube8s.controllers.ingress import IngressController
from minikube8s.controllers.ingress.controller import Key
from minikube8s.controllers.runner import RegistryReader
from tests.support import virtualtime
from tests.support.ingresses import ingress, path, rule
from tests.support.livecluster import LiveCluster, live_cluster
from tests.support.mortal import Killed, Mortal, Silent
from tests.support.registries import a_namespace

OWN = (DEPLOYMENTS, SERVICES, SERVICEACCOUNTS, CONFIGMAPS, SECRETS)
NAMES = ("a", "b", "c")
Json = dict[str, Any]


async def look(cluster: LiveCluster, writes: int = 10**6) -> None:
    controller = IngressController()
    plan = controller.plan(
        controller.read(RegistryReader(cluster.registry), Key()), cluster.clock.now()
    )
    with suppress(Killed, Outdated):
        await applying.apply(plan, Mortal(cluster.registry, writes), Silent())


def own(cluster: LiveCluster, resource: Resource) -> list[Json]:
    mark = ("app.kubernetes.io/name", "ingress-nginx")
    entries = cluster.registry.list(resource, "kube-system")
    return [one.object for one in entries if mark in one.labels.items()]


async def roll_out(cluster: LiveCluster) -> None:
    """Do what the Deployment controller and the nodes do when they are left in peace."""

    def finish(obj: Json) -> Json:
        counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), 1)
        seen = {"observedGeneration": obj["metadata"]["generation"]}
        return {**obj, "status": {**counts, **seen}}

    for one in own(cluster, DEPLOYMENTS):
        name = one["metadata"]["name"]
        await cluster.registry.update(DEPLOYMENTS, "kube-system", name, finish, "status")


async def disturb(cluster: LiveCluster, kind: str, at: int) -> None:
    name = NAMES[at % len(NAMES)]
    spec = ingress(name, rule(f"{name}.test", path(f"/{at}", "web")), ingressClassName="mk8s")
    with suppress(ApiError):
        match kind:
            case "create":
                await cluster.create(INGRESSES, name, spec=spec["spec"])
            case "change":
                await cluster.change(INGRESSES, name, lambda one: one.update(spec=spec["spec"]))
            case "delete":
                await cluster.delete(INGRESSES, name)
            case "roll":
                await roll_out(cluster)
            case "break":
                found = own(cluster, OWN[at % len(OWN)])
                if found:
                    name = found[0]["metadata"]["name"]
                    await cluster.registry.delete(OWN[at % len(OWN)], "kube-system", name)


LOOK = st.tuples(st.just("look"), st.integers(0, 30), st.integers(0, 4))
TROUBLE = st.tuples(
    st.sampled_from(["create", "create", "change", "delete", "roll", "break"]),
    st.integers(0, 30),
    st.just(0),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(LOOK, TROUBLE), min_size=5, max_size=50))
def test_wherever_plans_were_cut_off_what_runs_is_what_ingresses_say(
    script: list[tuple[str, int, int]],
) -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await a_namespace(cluster.registry, "kube-system")
            await cluster.registry.create(INGRESSCLASSES, None, ingressing.ingress_class())
            await cluster.create(SERVICES, "web", spec={"ports": [{"port": 80}]})
            for kind, at, writes in script:
                if kind == "look":
                    await look(cluster, writes)
                else:
                    await disturb(cluster, kind, at)
            for _ in range(8):
                before = cluster.registry.revision
                await look(cluster)
                settled = cluster.registry.revision == before
                await roll_out(cluster)
            assert settled, "still changing"
            check_settled(cluster)

    virtualtime.run(main())


def check_settled(cluster: LiveCluster) -> None:
    ingresses = cluster.objects(INGRESSES)
    assert [len(own(cluster, one)) for one in OWN] == [1 if ingresses else 0] * len(OWN)
    if not ingresses:
        return
    (deployment,), (config,) = own(cluster, DEPLOYMENTS), own(cluster, CONFIGMAPS)
    volumes = deployment["spec"]["template"]["spec"]["volumes"]
    assert volumes[0]["configMap"]["name"] == volumes[1]["secret"]["secretName"]
    assert volumes[0]["configMap"]["name"] == config["metadata"]["name"]
    for one in ingresses:
        (at,) = one["spec"]["rules"]
        assert f'server_name "{at["host"]}";' in config["data"]["nginx.conf"]
        assert f'"{at["http"]["paths"][0]["path"]}"' in config["data"]["nginx.conf"]

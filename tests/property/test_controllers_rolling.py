"""Rolling updates keep their promises whatever the timing of pods and controllers."""

import asyncio
import math
from typing import cast

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from minikube8s.api.resources import DEPLOYMENTS, PODS, REPLICASETS
from minikube8s.api.views import Deployment, Pod
from minikube8s.controllers.deployments import DeploymentController
from minikube8s.controllers.podfacts import facts_of
from minikube8s.controllers.replicas import REPLICA_SET, ReplicasController
from minikube8s.controllers.runner import Runner
from minikube8s.kit.tasks import Supervisor
from minikube8s.registry import Registry
from minikube8s.registry.events import EventRecorder
from minikube8s.store.watching import Event
from tests.support import virtualtime
from tests.support.laggard import Laggard
from tests.support.livecluster import LiveCluster, deployment_body, live_cluster

DELAYS = st.sampled_from([0.0, 0.001, 0.5, 3.0])
KILL = "kill -9"
BOUNDS = st.one_of(st.integers(0, 3), st.sampled_from(["0%", "25%", "50%", "100%"]))


class Watchman:
    """Counts pods after every single change."""

    def __init__(self, cluster: LiveCluster) -> None:
        self.cluster = cluster
        self.most = 0
        self.fewest: float = math.inf
        self.guarding = False
        cluster.cache.observe(PODS.prefix, self.look)

    def look(self, _: Event) -> None:
        active = [pod for pod in self.cluster.pods() if facts_of(pod).active]
        self.most = max(self.most, len(active))
        if self.guarding:
            self.fewest = min(self.fewest, sum(pod.ready for pod in active))


class Life:
    """One life of the controllers' process; its end cuts off whatever is being written."""

    def __init__(self, cluster: LiveCluster, lags: list[float]) -> None:
        self._supervisor = Supervisor("life")
        self._recorder = EventRecorder(cluster.registry, "test")
        self._runner = Runner(
            cast(Registry, Laggard(cluster.registry, lags)),
            cluster.clock,
            [
                (ReplicasController(REPLICA_SET), self._recorder),
                (DeploymentController(), self._recorder),
            ],
        )
        self._runner.start(self._supervisor)

    async def end(self) -> None:
        await self._supervisor.close()
        self._runner.close()
        await self._recorder.close()


async def kubelet(cluster: LiveCluster, delays: list[float]) -> None:
    """Make pods ready and gone, each after one of `delays` seconds."""
    watch = cluster.registry.watch(PODS)
    supervisor = Supervisor("kubelet")
    turn = 0
    async for event in watch:
        turn += 1
        delay = delays[turn % len(delays)]
        pod = event.entry.view(Pod)
        if event.type == "ADDED":
            supervisor.spawn(
                "ready",
                lambda n=pod.metadata.name, d=delay: later(d, cluster.make_ready, n),
                restart=False,
            )
        elif event.type == "MODIFIED" and pod.metadata.deletion_timestamp:
            supervisor.spawn(
                "gone",
                lambda n=pod.metadata.name, d=delay: later(d, cluster.finish, n),
                restart=False,
            )


async def later(delay: float, act, name: str) -> None:  # type: ignore[no-untyped-def]
    await asyncio.sleep(delay)
    await act(name)


def resolved(value: int | str, total: int, round_: object) -> int:
    if isinstance(value, int):
        return value
    return int(round_(int(value.removesuffix("%")) * total / 100))  # type: ignore[operator]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    replicas=st.integers(1, 6),
    surge=BOUNDS,
    unavailable=BOUNDS,
    delays=st.lists(DELAYS, min_size=1, max_size=7),
    lags=st.lists(DELAYS, min_size=1, max_size=7),
    updates=st.lists(
        st.tuples(st.sampled_from(["a", "b", "c", KILL]), st.sampled_from([0.0, 0.5, 40.0])),
        min_size=1,
        max_size=4,
    ),
)
@example(
    replicas=1,
    surge=1,
    unavailable=1,
    delays=[3.0, 3.0, 0.001, 0.0, 0.0, 0.0, 0.0],
    lags=[3.0, 3.0, 0.001, 0.0, 0.0, 0.0, 0.0],
    updates=[("b", 0.0), ("b", 0.0), ("c", 40.0)],
)
@example(
    replicas=3,
    surge="50%",
    unavailable="25%",
    delays=[0.0, 0.001],
    lags=[3.0, 3.0],
    updates=[("a", 0.0), ("b", 40.0), ("a", 0.5)],
)
def test_a_rolling_update_never_exceeds_surge_nor_falls_below_availability(
    replicas: int,
    surge: int | str,
    unavailable: int | str,
    delays: list[float],
    lags: list[float],
    updates: list[tuple[str, float]],
) -> None:
    extra = resolved(surge, replicas, math.ceil)
    missing = min(resolved(unavailable, replicas, math.floor), replicas)
    if not extra and not missing:
        # Refused by validation when both are literally zero; percentages may round to it.
        if not {surge, unavailable} & {"0%", "25%", "50%"} or {surge, unavailable} <= {0, "0%"}:
            return
        missing = 1

    async def main() -> None:
        async with live_cluster() as cluster:
            supervisor = Supervisor("test")
            life = Life(cluster, lags)
            supervisor.spawn("kubelet", lambda: kubelet(cluster, delays))
            rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
            body = deployment_body(
                replicas, strategy={"type": "RollingUpdate", "rollingUpdate": rolling}
            )
            watchman = Watchman(cluster)
            await cluster.create(DEPLOYMENTS, "web", **body)
            await cluster.until(lambda: complete(cluster, replicas))
            watchman.guarding = True
            image = "nginx:1"
            for update, pause in updates:
                if update == KILL:
                    await life.end()
                    life = Life(cluster, lags)
                else:
                    image = update
                    await cluster.change(DEPLOYMENTS, "web", lambda d, i=image: set_image(d, i))
                await asyncio.sleep(pause)
            await cluster.until(lambda: complete(cluster, replicas, image), 600)
            await asyncio.sleep(600)
            assert complete(cluster, replicas, image)
            assert watchman.most <= replicas + extra
            assert watchman.fewest >= replicas - missing
            await life.end()
            await supervisor.close()

    virtualtime.run(main())


def set_image(deployment: dict, image: str) -> None:  # type: ignore[type-arg]
    deployment["spec"]["template"]["spec"]["containers"][0]["image"] = image


def complete(cluster: LiveCluster, replicas: int, image: str = "nginx:1") -> bool:
    view = cluster.registry.get(DEPLOYMENTS, "default", "web").view(Deployment)
    pods = [pod for pod in cluster.pods() if facts_of(pod).active]
    sizes = [one["spec"]["replicas"] for one in cluster.objects(REPLICASETS)]
    return (
        view.status.observed_generation == view.metadata.generation
        and view.status.available_replicas == replicas
        and view.status.updated_replicas == replicas
        and view.status.replicas == replicas
        and len(pods) == replicas
        and sum(sizes) == replicas
        and all(pod.spec.containers[0].image == image and pod.ready for pod in pods)
    )

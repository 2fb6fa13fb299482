"""Before whichever write the master is killed, once or twice: the cluster ends up the same."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from minikube8s.api.resources import NAMESPACES, PODS, REPLICASETS
from minikube8s.api.views import Pod
from tests.support import virtualtime
from tests.support.scenarios.script import parse
from tests.support.scenarios.shell import Shell
from tests.support.scenarios.world import World

BEGINNING = """
== what is there
nodes add n1 n2 n3
apply
  kind: Namespace
  metadata: {name: shop}
advance 1s
apply
  kind: Deployment
  metadata: {name: web}
  spec:
    replicas: 4
    selector: {matchLabels: {app: web}}
    template:
      metadata: {labels: {app: web}}
      spec: {containers: [{name: c, image: "nginx:1"}]}
  ---
  kind: Service
  metadata: {name: web}
  spec: {selector: {app: web}, ports: [{port: 80}]}
apply -n shop
  kind: Deployment
  metadata: {name: shop}
  spec:
    replicas: 2
    selector: {matchLabels: {app: shop}}
    template:
      metadata: {labels: {app: shop}}
      spec: {containers: [{name: c, image: "nginx:1"}]}
advance 10s
"""
TROUBLE = {
    "a rolling update": "image deploy/web nginx:2",
    "a namespace that goes": "delete ns/shop",
    "a lost node": "nodes cut n1",
    "a taint": "taint n2 repair=now:NoExecute",
    "a scale": "scale deploy/web 6",
    "pods deleted": "delete pod/web-A-1 pod/web-A-3",
    "a foreground deletion": "delete deploy/shop -n shop foreground",
}


async def play(deaths: list[int], troubles: list[str]) -> None:
    world = World()
    await world.start()
    shell = Shell(world)
    try:
        (scenario,) = parse(BEGINNING).scenarios
        for command in scenario.steps[0].commands:
            await shell.perform(command.line, command.text)
        for trouble, write in zip(troubles, deaths, strict=True):
            await shell.perform(f"crash at write {write}", "")
            answer = await shell.perform(TROUBLE[trouble], "")
            answer += await shell.perform("advance 3s", "")
            if "died" in answer:
                await shell.perform("start", "")
            # a client that was not answered asks again
            await shell.perform(TROUBLE[trouble], "")
        if "died" in await shell.perform("advance 10s", ""):
            await shell.perform("start", "")
        world.store.live()
        await shell.perform("advance 6m", "")
        await shell.perform("nodes heal n1", "")
        await shell.perform("advance 5m", "")
        check(world, troubles)
        assert await shell.perform("quiet 2m", "") == "nothing is written"
    finally:
        await world.close()


def check(world: World, troubles: list[str]) -> None:
    pods = world.registry.list(PODS)
    wanted = {"default": 6 if "a scale" in troubles else 4, "shop": 2}
    if "a foreground deletion" in troubles or "a namespace that goes" in troubles:
        del wanted["shop"]
    found: dict[str, int] = {}
    for entry in pods:
        view = entry.view(Pod)
        assert view.ready
        assert not view.metadata.deletion_timestamp
        found[entry.namespace] = found.get(entry.namespace, 0) + 1
    assert found == wanted
    running = {uid for agent in world.agents.values() for uid in agent.containers}
    assert running == {entry.uid for entry in pods}
    names = {entry.name for entry in world.registry.list(NAMESPACES)}
    assert ("shop" in names) == ("a namespace that goes" not in troubles)
    sizes = sorted(one.object["spec"]["replicas"] for one in world.registry.list(REPLICASETS))
    assert [size for size in sizes if size] == sorted(wanted.values())


@settings(max_examples=20)
@given(
    plan=st.lists(
        st.tuples(st.integers(1, 25), st.sampled_from(sorted(TROUBLE))),
        min_size=1,
        max_size=2,
        unique_by=lambda one: one[1],
    )
)
@example(plan=[(4, "pods deleted"), (16, "a lost node")])
def test_wherever_the_master_dies_the_cluster_ends_as_it_was_asked_to(
    plan: list[tuple[int, str]],
) -> None:
    virtualtime.run(play([write for write, _ in plan], [trouble for _, trouble in plan]))

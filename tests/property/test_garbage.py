"""Whatever owns what, however it is deleted: what nobody owns any more goes, and nothing else."""

from hypothesis import given, settings
from hypothesis import strategies as st

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import CONFIGMAPS
from minikube8s.controllers.garbage import GarbageController
from minikube8s.controllers.runner import Runner
from minikube8s.kit.tasks import Supervisor
from tests.support import virtualtime
from tests.support.livecluster import LiveCluster, live_cluster
from tests.support.mortal import Silent

OBJECTS = 6
NUMBER = st.integers(0, OBJECTS - 1)
OWNERSHIP = st.tuples(NUMBER, NUMBER, st.booleans())
DELETION = st.tuples(NUMBER, st.sampled_from(["Background", "Foreground"]), st.booleans())


def survivors(owners: dict[int, set[int]], deleted: set[int]) -> set[int]:
    """What is left: nothing dies but what is deleted, and what has owners that all die."""
    dead = set(deleted)
    while True:
        orphans = {one for one, its in owners.items() if its and its <= dead} - dead
        if not orphans:
            return set(range(OBJECTS)) - dead
        dead |= orphans


async def own(cluster: LiveCluster, owner: int, dependent: int, blocking: bool) -> None:
    reference = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": f"c{owner}",
        "uid": cluster.registry.get(CONFIGMAPS, "default", f"c{owner}").uid,
        "blockOwnerDeletion": blocking,
    }
    await cluster.change(
        CONFIGMAPS,
        f"c{dependent}",
        lambda obj: obj["metadata"].setdefault("ownerReferences", []).append(reference),
    )


@settings(max_examples=120)
@given(
    ownerships=st.lists(OWNERSHIP, max_size=12, unique_by=lambda one: one[:2]),
    deletions=st.lists(DELETION, min_size=1, max_size=3),
)
def test_what_nobody_owns_any_more_goes_and_nothing_waits_for_itself(
    ownerships: list[tuple[int, int, bool]], deletions: list[tuple[int, str, bool]]
) -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            for number in range(OBJECTS):
                await cluster.create(CONFIGMAPS, f"c{number}")
            owners: dict[int, set[int]] = {number: set() for number in range(OBJECTS)}
            for owner, dependent, blocking in ownerships:
                await own(cluster, owner, dependent, blocking)
                owners[dependent].add(owner)
            supervisor = Supervisor("test")
            runner = Runner(cluster.registry, cluster.clock, [(GarbageController(), Silent())])
            runner.start(supervisor)
            for number, propagation, at_once in deletions:
                try:
                    await cluster.delete(CONFIGMAPS, f"c{number}", propagation=propagation)
                except ApiError as error:
                    assert error.code == 404
                if not at_once:
                    await cluster.clock.sleep(1)
            await cluster.clock.sleep(600)
            left = {int(name.removeprefix("c")) for name in cluster.names(CONFIGMAPS)}
            assert left == survivors(owners, {number for number, _, _ in deletions})
            for obj in cluster.objects(CONFIGMAPS):
                assert "deletionTimestamp" not in obj["metadata"]
            before = cluster.registry.revision
            await cluster.clock.sleep(600)
            assert cluster.registry.revision == before
            await supervisor.close()
            runner.close()

    virtualtime.run(main())

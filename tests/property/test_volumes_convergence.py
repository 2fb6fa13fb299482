"""Claims and volumes find each other one to one, wherever the plans that bind them were cut off."""

from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minikube8s.api.errors import ApiError
from minikube8s.api.persistence import BIND_COMPLETED
from minikube8s.api.resources import (
    NODES,
    PERSISTENTVOLUMECLAIMS,
    PERSISTENTVOLUMES,
    STORAGECLASSES,
)
from minikube8s.controllers import applying
from minikube8s.controllers.actions import NOTHING, Plan
from minikube8s.controllers.applying import Outdated
from minikube8s.controllers.keys import Key as ProvisionKey
from minikube8s.controllers.localpath import LocalPathController
from minikube8s.controllers.persistentvolumes import PersistentVolumeController
from minikube8s.controllers.persistentvolumes.controller import ClaimKey, VolumeKey
from minikube8s.controllers.protection import (
    ClaimProtectionController,
    Key,
    VolumeProtectionController,
)
from minikube8s.controllers.runner import RegistryReader
from tests.support import virtualtime
from tests.support.livecluster import LiveCluster, live_cluster
from tests.support.mortal import Killed, Mortal, Silent
from tests.support.volumes import class_json

CLAIMS, VOLUMES = ("a", "b", "c"), ("v", "w")
ROUNDS = 60


BINDER, PROVISIONER = PersistentVolumeController(), LocalPathController()
PROTECTIONS = (ClaimProtectionController(), VolumeProtectionController())


def work(cluster: LiveCluster) -> list[tuple[Any, Any]]:
    claims = [(one.namespace, one.name) for one in cluster.registry.list(PERSISTENTVOLUMECLAIMS)]
    volumes = [one.name for one in cluster.registry.list(PERSISTENTVOLUMES)]
    return [
        *((BINDER, ClaimKey(*key)) for key in claims),
        *((BINDER, VolumeKey(name)) for name in volumes),
        *((PROVISIONER, ProvisionKey(*key)) for key in claims),
        *((PROTECTIONS[0], Key(*key)) for key in claims),
        *((PROTECTIONS[1], Key("", name)) for name in volumes),
    ]


def plan(cluster: LiveCluster, controller: Any, key: Any) -> Plan | None:
    snapshot = controller.read(RegistryReader(cluster.registry), key)
    return controller.plan(snapshot, cluster.clock.now()) if snapshot is not None else None


async def carry_out(cluster: LiveCluster, made: Plan | None, writes: int) -> None:
    with suppress(Killed, Outdated):
        await applying.apply(made or NOTHING, Mortal(cluster.registry, writes), Silent())


def bound_claims(cluster: LiveCluster) -> list[dict[str, Any]]:
    return [
        one
        for one in cluster.objects(PERSISTENTVOLUMECLAIMS)
        if BIND_COMPLETED in one["metadata"].get("annotations", {})
    ]


def check_one_to_one(cluster: LiveCluster, taken_away: set[str]) -> None:
    """At no moment two claims are bound to one volume, unless users took it from the first."""
    held = [one["spec"]["volumeName"] for one in bound_claims(cluster)]
    held = [name for name in held if name not in taken_away]
    assert len(held) == len(set(held)), held


async def disturb(cluster: LiveCluster, kind: str, at: int) -> None:
    """Do what users do at any moment."""
    claim, volume = CLAIMS[at % len(CLAIMS)], VOLUMES[at % len(VOLUMES)]
    access = {"accessModes": ["ReadWriteOnce"]}
    wanted = {**access, "resources": {"requests": {"storage": "1Gi"}}}
    offered = {**access, "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/srv"}}
    try:
        match kind:
            case "claim":
                spec = {**wanted, "storageClassName": ("", "local-path")[at // 3 % 2]}
                await cluster.create(PERSISTENTVOLUMECLAIMS, claim, spec=spec)
            case "ask by name":
                spec = {**wanted, "storageClassName": "", "volumeName": volume}
                await cluster.create(PERSISTENTVOLUMECLAIMS, claim, spec=spec)
            case "volume":
                await cluster.create(PERSISTENTVOLUMES, volume, spec=offered)
            case "reserve":
                reference = {"claimRef": {"namespace": "default", "name": claim}}
                await cluster.create(PERSISTENTVOLUMES, volume, spec={**offered, **reference})
            case "drop claim":
                await cluster.delete(PERSISTENTVOLUMECLAIMS, claim)
            case "drop volume":
                await cluster.delete(PERSISTENTVOLUMES, volume)
            case "free":
                await cluster.change(
                    PERSISTENTVOLUMES, volume, lambda one: one["spec"].pop("claimRef", None)
                )
    except ApiError as error:
        if error.reason not in {"AlreadyExists", "NotFound", "Conflict"}:
            raise


LOOK = st.tuples(
    st.sampled_from(["look", "look", "look", "plan", "act late"]),
    st.integers(0, 40),
    st.sampled_from([0, 9, 9]),
)
TROUBLE = st.tuples(
    st.sampled_from(
        ["claim", "ask by name", "volume", "reserve", "drop claim", "drop volume", "free"]
    ),
    st.integers(0, 11),
    st.just(0),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(script=st.lists(st.one_of(LOOK, LOOK, LOOK, LOOK, TROUBLE), min_size=30, max_size=80))
def test_claims_and_volumes_settle_one_to_one_whatever_happened(
    script: list[tuple[str, int, int]],
) -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await prepare(cluster)
            for kind, at in (("volume", 0), ("claim", 0), ("claim", 1)):
                await disturb(cluster, kind, at)
            plans: list[Plan | None] = []
            taken_away: set[str] = set()
            for kind, at, writes in script:
                choices = work(cluster)
                if kind == "look" and choices:
                    now = plan(cluster, *choices[at % len(choices)])
                    await carry_out(cluster, now, writes)
                elif kind == "plan" and choices:
                    plans.append(plan(cluster, *choices[at % len(choices)]))
                elif kind == "act late" and plans:
                    await carry_out(cluster, plans.pop(at % len(plans)), writes)
                else:
                    await disturb(cluster, kind, at)
                if kind in ("drop volume", "free"):
                    taken_away.add(VOLUMES[at % len(VOLUMES)])
                check_one_to_one(cluster, taken_away)
            await settle(cluster)
            check_settled(cluster)

    virtualtime.run(main())


async def prepare(cluster: LiveCluster) -> None:
    body = class_json(volumeBindingMode="Immediate")
    fields = {name: body[name] for name in body if name != "metadata"}
    await cluster.create(STORAGECLASSES, "local-path", **fields)
    await cluster.add_node("n1")

    def tell(node: dict[str, Any]) -> None:
        node["metadata"]["annotations"] = {"mk8s.io/volumes-dir": "/srv"}

    await cluster.change(NODES, "n1", tell)


async def settle(cluster: LiveCluster) -> None:
    """Let everything be looked at, uninterrupted, until nothing changes any more."""
    for _ in range(ROUNDS):
        before = cluster.registry.revision
        for controller, key in work(cluster):
            await carry_out(cluster, plan(cluster, controller, key), 10**6)
        if cluster.registry.revision == before:
            return
    raise AssertionError(f"still changing after {ROUNDS} rounds")


def check_settled(cluster: LiveCluster) -> None:
    claims = cluster.objects(PERSISTENTVOLUMECLAIMS)
    volumes = cluster.objects(PERSISTENTVOLUMES, None)
    by_uid = {one["metadata"]["uid"]: one for one in claims}
    for one in claims:
        phase = one["status"]["phase"]
        holding = [v for v in volumes if v["status"]["phase"] == "Bound" and names(v, one)]
        assert len(holding) == (phase == "Bound"), (one, volumes)
        if phase == "Bound":
            assert holding[0]["metadata"]["name"] == one["spec"]["volumeName"]
        if one["spec"]["storageClassName"]:
            assert phase in ("Bound", "Lost")
    for one in volumes:
        reference = one["spec"].get("claimRef") or {}
        expected = "Available"
        if reference.get("uid"):
            expected = "Bound" if reference["uid"] in by_uid else "Released"
        assert one["status"]["phase"] == expected, (one, claims)
    free = [
        v for v in volumes if v["status"]["phase"] == "Available" and not v["spec"].get("claimRef")
    ]
    hungry = [
        c for c in claims if c["status"]["phase"] == "Pending" and not c["spec"].get("volumeName")
    ]
    assert not (free and hungry), "a claim and a volume that suit each other are left apart"


def is_live(obj: dict[str, Any]) -> bool:
    return "deletionTimestamp" not in obj["metadata"]


def names(volume: dict[str, Any], claim: dict[str, Any]) -> bool:
    uid = (volume["spec"].get("claimRef") or {}).get("uid")
    return bool(uid == claim["metadata"]["uid"])

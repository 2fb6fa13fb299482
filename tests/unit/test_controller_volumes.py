"""The binder of claims and volumes, the provisioner of directories, and claims of pods."""

from datetime import UTC, datetime
from typing import Any

import pytest

from minikube8s.api import localpath
from minikube8s.api.persistence import find_match, mismatch
from minikube8s.api.resources import PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES
from minikube8s.api.views import Node, PersistentVolume, PersistentVolumeClaim, Pod, from_dict
from minikube8s.controllers import applying, ephemeral
from minikube8s.controllers import localpath as provisioner
from minikube8s.controllers.actions import NOTHING, Plan
from minikube8s.controllers.persistentvolumes import PersistentVolumeController
from minikube8s.controllers.persistentvolumes.claims import ClaimSnapshot, plan_claim
from minikube8s.controllers.persistentvolumes.controller import ClaimKey, VolumeKey
from minikube8s.controllers.persistentvolumes.volumes import VolumeSnapshot, plan_volume
from minikube8s.controllers.runner import RegistryReader
from tests.support import virtualtime
from tests.support.livecluster import live_cluster
from tests.support.volumes import (
    claim,
    claim_json,
    on_node,
    reference,
    storage_class,
    volume,
    volume_json,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BOUND = {"pv.kubernetes.io/bind-completed": "yes"}
NO_CLASS = "no persistent volumes available for this claim and no storage class is set"
LOST = "Bound claim has lost {} PersistentVolume. Data on the volume is lost!"
MISBOUND = "Two claims are bound to the same volume, this one is bound incorrectly"
NO_DELETER = (
    'error getting deleter volume plugin for volume "v": no deletable volume plugin matched'
)
STATIC = storage_class(
    "x", provisioner="kubernetes.io/no-provisioner", volumeBindingMode="Immediate"
)
WAITS = storage_class("x")
OTHERS = {"pv.kubernetes.io/provisioned-by": "example.com/disk"}
OURS = {"pv.kubernetes.io/provisioned-by": "mk8s.io/local-path"}


class Silent:
    def event(self, *_: object) -> None:
        """Events are not what is tested here."""


def test_the_smallest_volume_that_is_large_enough_is_taken_then_the_first_by_name():
    volumes = [volume("big", size="5Gi"), volume("b"), volume("a"), volume("small", size="1Mi")]
    assert find_match(claim(), volumes) == volumes[2]
    assert find_match(claim(size="2Gi"), volumes) == volumes[0]
    assert find_match(claim(size="6Gi"), volumes) is None


@pytest.mark.parametrize(
    "wanted, offered",
    [
        ({"storageClassName": "x"}, {}),
        ({}, {"storageClassName": "x"}),
        ({"accessModes": ["ReadWriteMany"]}, {}),
        ({"volumeMode": "Block"}, {}),
        ({"selector": {"matchLabels": {"a": "b"}}}, {"labels": {"a": "c"}}),
        ({"volumeAttributesClassName": "gold"}, {}),
        ({}, {"phase": "Released"}),
        ({}, {"phase": "Pending"}),
        ({}, {"claimRef": reference("other")}),
        ({}, {"claimRef": reference("c", "of-an-earlier-claim")}),
        ({}, {"deletionTimestamp": "2026-01-01T00:00:00Z"}),
    ],
)
def test_a_volume_that_differs_in_what_counts_is_not_taken(
    wanted: dict[str, Any], offered: dict[str, Any]
):
    assert find_match(claim(**wanted), [volume(**offered)]) is None


def test_a_volume_reserved_for_the_claim_comes_first_even_when_it_must_wait():
    volumes = [volume("a"), volume("mine", size="9Gi", claimRef=reference("c", ""))]
    assert find_match(claim(), volumes) == volumes[1]
    assert find_match(claim(), volumes, reserved_only=True) == volumes[1]
    assert find_match(claim(), volumes[:1], reserved_only=True) is None
    assert find_match(claim(), volumes[:1], fits=lambda _: False) is None


@pytest.mark.parametrize(
    "offered, why",
    [
        ({}, ""),
        ({"size": "1Mi"}, "requested PV is too small"),
        ({"storageClassName": "x"}, "storageClassName does not match"),
        ({"volumeMode": "Block"}, "incompatible volumeMode"),
        ({"accessModes": ["ReadOnlyMany"]}, "incompatible accessMode"),
    ],
)
def test_a_volume_asked_for_by_name_must_do(offered: dict[str, Any], why: str):
    assert mismatch(volume(**offered), claim()) == why


def look(given: dict[str, Any], *volumes: PersistentVolume, **fields: Any) -> Plan:
    view = from_dict(PersistentVolumeClaim, given)
    return plan_claim(ClaimSnapshot(view, given, volumes, **fields))


def told(plan: Plan) -> list[tuple[str, str]]:
    return [(one.reason, one.message) for one in (*plan.warnings, *plan.notices)]


def test_a_claim_is_bound_in_three_steps_the_volume_first():
    given = claim_json()
    (first,) = look(given, volume()).patches
    assert first.target.name == "v"
    assert first.patch["spec"]["claimRef"]["uid"] == "uid-c"
    assert first.patch["metadata"]["annotations"] == {"pv.kubernetes.io/bound-by-controller": "yes"}
    (second,) = look(given, volume(claimRef=reference())).patches
    assert second.patch["spec"] == {"volumeName": "v"}
    assert set(second.patch["metadata"]["annotations"]) == {
        "pv.kubernetes.io/bind-completed",
        "pv.kubernetes.io/bound-by-controller",
    }
    bound = claim_json(volumeName="v", annotations=BOUND)
    third = look(bound, volume(size="2Gi", claimRef=reference()))
    assert third.status and third.status.status == {
        "phase": "Bound",
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "2Gi"},
    }
    bound["status"] = third.status.status
    done = look(bound, volume(size="2Gi", claimRef=reference()))
    assert (done.status, done.patches) == (None, ())


def test_of_two_claims_that_want_one_volume_at_once_the_second_looks_again():
    async def main() -> None:
        async with live_cluster() as cluster:
            access = {"accessModes": ["ReadWriteOnce"]}
            offered = {**access, "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/srv"}}
            await cluster.create(PERSISTENTVOLUMES, "v", spec=offered)
            binder, reader = PersistentVolumeController(), RegistryReader(cluster.registry)
            available = binder.plan(binder.read(reader, VolumeKey("v")), NOW)
            await applying.apply(available, cluster.registry, Silent())
            asked = {**access, "resources": {"requests": {"storage": "1Gi"}}}
            plans = []
            for name in ("a", "b"):
                await cluster.create(PERSISTENTVOLUMECLAIMS, name, spec=asked)
            for name in ("a", "b"):
                plans.append(binder.plan(binder.read(reader, ClaimKey("default", name)), NOW))
            await applying.apply(plans[0], cluster.registry, Silent())
            with pytest.raises(applying.Outdated):
                await applying.apply(plans[1], cluster.registry, Silent())
            (left,) = cluster.objects(PERSISTENTVOLUMES, None)
            assert left["spec"]["claimRef"]["name"] == "a"

    virtualtime.run(main())


def test_a_directory_grows_with_its_claim_and_no_other_volume_does():
    grown = claim_json(volumeName="v", annotations=BOUND, size="3Gi")
    (patch,) = look(grown, volume(**given_back(phase="Bound"))).patches
    assert patch.patch == {"spec": {"capacity": {"storage": "3Gi"}}}
    assert patch.report.reason == "VolumeResizeSuccessful"
    assert look(grown, volume(claimRef=reference())).patches == ()


@pytest.mark.parametrize(
    "given, volumes, fields, events",
    [
        (claim_json(), (), {}, [("FailedBinding", NO_CLASS)]),
        (
            claim_json(storageClassName="x"),
            (),
            {},
            [("ProvisioningFailed", 'storageclass.storage.k8s.io "x" not found')],
        ),
        (
            claim_json(storageClassName="x"),
            (),
            {"storage_class": STATIC},
            [("ProvisioningFailed", "no volume plugin matched name: kubernetes.io/no-provisioner")],
        ),
        (
            claim_json(storageClassName="x"),
            (),
            {"storage_class": storage_class("x")},
            [("WaitForFirstConsumer", "waiting for first consumer to be created before binding")],
        ),
        (
            claim_json(storageClassName="x"),
            (),
            {"storage_class": storage_class("x"), "pods": ("p",)},
            [("WaitForPodScheduled", "waiting for pod p to be scheduled")],
        ),
        (
            claim_json(storageClassName="x"),
            (),
            {"storage_class": storage_class("x"), "pods": ("p", "q")},
            [("WaitForPodScheduled", "waiting for pods p,q to be scheduled")],
        ),
        (
            claim_json(volumeName="v"),
            (volume(claimRef=reference("other")),),
            {},
            [("FailedBinding", 'volume "v" already bound to a different claim.')],
        ),
        (
            claim_json(volumeName="v", size="3Gi"),
            (volume(),),
            {},
            [("VolumeMismatch", 'Cannot bind to requested volume "v": requested PV is too small')],
        ),
        (claim_json(volumeName="v"), (), {}, []),
    ],
)
def test_a_claim_that_waits_says_for_what(
    given: dict[str, Any],
    volumes: tuple[PersistentVolume, ...],
    fields: dict[str, Any],
    events: list[tuple[str, str]],
):
    plan = look(given, *volumes, **fields)
    assert told(plan) == events
    assert plan.patches == () and plan.status is None


def test_the_provisioner_is_asked_once_the_node_is_selected_or_at_once_for_immediate_claims():
    immediate = storage_class("x", volumeBindingMode="Immediate", provisioner="example.com/disk")
    given = claim_json(storageClassName="x")
    (patch,) = look(given, storage_class=immediate).patches
    asked = patch.patch["metadata"]["annotations"]
    assert asked == {
        "volume.kubernetes.io/storage-provisioner": "example.com/disk",
        "volume.beta.kubernetes.io/storage-provisioner": "example.com/disk",
    }
    assert patch.report.reason == "ExternalProvisioning"
    assert patch.report.message == (
        "Waiting for a volume to be created either by the external provisioner 'example.com/disk'"
        " or manually by the system administrator. If volume creation is delayed, please verify"
        " that the provisioner is running and correctly registered."
    )
    assert (
        look(claim_json(storageClassName="x", annotations=asked), storage_class=immediate)
        == NOTHING
    )
    selected = {"volume.kubernetes.io/selected-node": "n1"}
    waiting = claim_json(storageClassName="local-path", annotations=selected)
    (patch,) = look(waiting, storage_class=storage_class()).patches
    assert "mk8s.io/local-path" in str(patch.patch)


def test_a_claim_that_never_named_a_class_gets_the_default_one_later():
    given = claim_json(storageClassName=None)
    (patch,) = look(given, default_class="local-path").patches
    assert patch.patch == {"spec": {"storageClassName": "local-path"}}
    assert look(claim_json(storageClassName=""), default_class="local-path").patches == ()
    (patch,) = look(given, volume(), default_class="local-path").patches
    assert patch.target.name == "v", "a volume without class comes before the default class"


@pytest.mark.parametrize(
    "given, volumes, event",
    [
        (claim_json(annotations=BOUND), (), ("ClaimLost", LOST.format("reference to"))),
        (claim_json(annotations=BOUND, volumeName="v"), (), ("ClaimLost", LOST.format("its"))),
        (
            claim_json(annotations=BOUND, volumeName="v"),
            (volume(claimRef=reference("other")),),
            ("ClaimMisbound", MISBOUND),
        ),
    ],
)
def test_a_bound_claim_without_its_volume_is_lost_and_said_to_be_once(
    given: dict[str, Any], volumes: tuple[PersistentVolume, ...], event: tuple[str, str]
):
    plan = look(given, *volumes)
    assert plan.status and plan.status.status == {"phase": "Lost"}
    assert told(plan) == [event]
    given["status"] = {"phase": "Lost"}
    assert look(given, *volumes) == NOTHING


def judge(claimed: PersistentVolumeClaim | None = None, **fields: Any) -> Plan:
    given = volume_json(**fields)
    return plan_volume(VolumeSnapshot(from_dict(PersistentVolume, given), given, claimed), NOW)


def phase(plan: Plan) -> str:
    return plan.status.status["phase"] if plan.status else ""


def test_a_volumes_phase_follows_its_claim():
    assert phase(judge(phase="Pending")) == "Available"
    assert phase(judge(phase="Pending", claimRef=reference("c", ""))) == "Available"
    assert judge(claim(), phase="Pending", claimRef=reference()) == NOTHING
    assert phase(judge(claim(volumeName="v"), claimRef=reference())) == "Bound"
    assert phase(judge(phase="Bound", claimRef=reference())) == "Released"
    assert judge(phase="Released", claimRef=reference()) == NOTHING
    assert judge(phase="Available") == NOTHING


def test_a_volume_whose_claim_took_another_one_is_free_again():
    elsewhere = claim(volumeName="other")
    by_us = {"pv.kubernetes.io/bound-by-controller": "yes"}
    (patch,) = judge(elsewhere, claimRef=reference(), annotations=by_us).patches
    assert patch.patch["spec"] == {"claimRef": None}
    (patch,) = judge(elsewhere, claimRef=reference()).patches
    assert patch.patch == {"spec": {"claimRef": {"uid": None, "resourceVersion": None}}}
    assert phase(judge(elsewhere, **given_back(phase="Bound"))) == "Released"


def given_back(**fields: Any) -> dict[str, Any]:
    """The fields of a directory of ours that is to be removed with its claim."""
    return {
        "annotations": OURS,
        "finalizers": [localpath.FINALIZER],
        "persistentVolumeReclaimPolicy": "Delete",
        "claimRef": reference(),
        "hostPath": None,
        "local": {"path": "/srv/v"},
        "nodeAffinity": on_node("n1"),
        **fields,
    }


@pytest.mark.parametrize(
    "fields, event",
    [
        ({"persistentVolumeReclaimPolicy": "Retain"}, None),
        (
            {"persistentVolumeReclaimPolicy": "Recycle"},
            ("VolumeFailedRecycle", "No recycler plugin found for the volume!"),
        ),
        ({"persistentVolumeReclaimPolicy": "Delete"}, ("VolumeFailedDelete", NO_DELETER)),
        ({"persistentVolumeReclaimPolicy": "Delete", "annotations": OTHERS}, None),
        (given_back(), None),
    ],
)
def test_a_released_volume_that_nobody_can_reclaim_has_failed(
    fields: dict[str, Any], event: tuple[str, str] | None
):
    plan = judge(**{"phase": "Released", "claimRef": reference(), **fields})
    if event is None:
        assert plan == NOTHING
    else:
        assert phase(plan) == "Failed"
        assert told(plan) == [event]


def test_a_directorys_volume_is_held_while_its_policy_is_to_delete_it():
    (patch,) = judge(**given_back(finalizers=["x"])).patches
    assert patch.patch == {"metadata": {"finalizers": ["x", localpath.FINALIZER]}}
    kept = given_back(finalizers=["x", localpath.FINALIZER], persistentVolumeReclaimPolicy="Retain")
    (patch,) = judge(**kept).patches
    assert patch.patch == {"metadata": {"finalizers": ["x"]}}


@pytest.mark.parametrize(
    "fields, expected",
    [
        ({"phase": "Released"}, True),
        ({"phase": "Failed"}, True),
        ({"phase": "Bound"}, False),
        ({"phase": "Bound", "deletionTimestamp": "2026-01-01T00:00:00Z"}, False),
        ({"phase": "Available"}, False),
        ({"phase": "Available", "deletionTimestamp": "2026-01-01T00:00:00Z"}, True),
        ({"phase": "Released", "persistentVolumeReclaimPolicy": "Retain"}, False),
        ({"phase": "Released", "annotations": {}}, False),
        ({"phase": "Released", "finalizers": []}, False),
    ],
)
def test_a_directory_is_removed_only_when_it_is_ours_and_given_back(
    fields: dict[str, Any], expected: bool
):
    assert localpath.is_given_back(volume(**given_back(**fields))) is expected


def node(name: str = "n1", *, disk: str = "100Gi", **annotations: str) -> Node:
    found = annotations or {"mk8s.io/volumes-dir": "/srv/volumes"}
    labels = {"kubernetes.io/hostname": f"host-{name}"}
    return from_dict(
        Node,
        {
            "metadata": {"name": name, "annotations": found, "labels": labels},
            "status": {"allocatable": {"ephemeral-storage": disk}},
        },
    )


def provision(
    where: Node | None = None, *, exists: bool = False, known: bool = True, **fields: Any
) -> Plan:
    selected = {"volume.kubernetes.io/selected-node": "n1"}
    given = claim_json(**{"storageClassName": "local-path", "annotations": selected, **fields})
    view = from_dict(PersistentVolumeClaim, given)
    found = storage_class() if known else None
    return provisioner.plan(provisioner.Snapshot(view, given, found, where, exists))


def test_a_claim_gets_a_directory_of_the_selected_node_named_after_its_uid():
    plan = provision(node())
    (create,) = plan.creates
    made = create.object
    assert made["metadata"]["name"] == "pvc-uid-c"
    assert made["spec"]["local"] == {"path": "/srv/volumes/pvc-uid-c"}
    assert made["spec"]["nodeAffinity"] == on_node("host-n1")
    assert made["spec"]["claimRef"]["uid"] == "uid-c"
    assert made["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
    assert made["metadata"]["finalizers"] == [localpath.FINALIZER]
    assert localpath.hostname_of(from_dict(PersistentVolume, made)) == "host-n1"
    assert told(plan) == [
        ("Provisioning", 'External provisioner is provisioning volume for claim "default/c"')
    ]
    assert create.report.message == "Successfully provisioned volume {name}"
    assert provision(node(), exists=True) == NOTHING


@pytest.mark.parametrize(
    "where, fields, why",
    [
        (node(), {"known": False}, 'storageclass.storage.k8s.io "local-path" not found'),
        (node(), {"selector": {"matchLabels": {"a": "b"}}}, "claim.Spec.Selector is not supported"),
        (node(), {"volumeMode": "Block"}, "volumeMode Block is not supported: use Filesystem"),
        (node(), {"size": "1Ei"}, '1Ei are more than the disk of node "n1" holds (100Gi)'),
        (node(**{"x": "y"}), {}, 'node "n1" does not say where its volumes are: restart its agent'),
        (None, {"annotations": {}}, "no node is ready to have the volume"),
        (None, {}, 'node "n1" not found'),
    ],
)
def test_a_claim_that_can_have_no_directory_is_told_why(
    where: Node | None, fields: dict[str, Any], why: str
):
    plan = provision(where, **fields)
    failed = 'failed to provision volume with StorageClass "local-path": '
    assert told(plan) == [("ProvisioningFailed", failed + why)]
    assert plan.creates == ()
    forgotten = [one.patch["metadata"]["annotations"] for one in plan.patches]
    expected = (
        [{"volume.kubernetes.io/selected-node": None}] if "not found" in why and "n1" in why else []
    )
    assert forgotten == expected


def test_a_pod_gets_the_claims_of_its_ephemeral_volumes_and_owns_them():
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": spec}
    given = {
        "metadata": {"name": "p", "namespace": "default", "uid": "u1"},
        "spec": {"volumes": [{"name": "v", "ephemeral": {"volumeClaimTemplate": template}}]},
    }
    pod = from_dict(Pod, given)
    (create,) = ephemeral.plan(ephemeral.Snapshot(pod, given, {})).creates
    assert create.object["metadata"]["name"] == "p-v"
    assert create.object["metadata"]["labels"] == {"a": "b"}
    assert create.object["metadata"]["ownerReferences"][0]["uid"] == "u1"
    assert create.object["spec"] == spec
    assert ephemeral.plan(ephemeral.Snapshot(pod, given, {"p-v": "u1"})) == NOTHING
    foreign = ephemeral.plan(ephemeral.Snapshot(pod, given, {"p-v": ""}))
    assert foreign.creates == ()
    assert told(foreign) == [
        (
            "EphemeralVolumeCreationFailed",
            "PVC default/p-v was not created for pod default/p (pod is not owner)",
        )
    ]

"""The claims of an ordinal: which there must be, and who owns them. Pure.

A claim stays when its pod goes, unless the set's persistentVolumeClaimRetentionPolicy says that it
goes with the set (the set owns it) or with a pod that is not wanted any more (that pod owns it).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

from minikube8s.api.meta import owner_reference
from minikube8s.api.resources import PERSISTENTVOLUMECLAIMS, PODS, STATEFULSETS
from minikube8s.api.views import ObjectMeta, OwnerReference, StatefulSet
from minikube8s.controllers.actions import Create, Patch, Report, owner_json, view_ref
from minikube8s.controllers.podfacts import PodFacts
from minikube8s.controllers.statefulsets.model import Snapshot, ordinal_of, ordinals


def claim_name(view: StatefulSet, template: str, ordinal: int) -> str:
    """Return the name of an ordinal's claim of one template."""
    return f"{template}-{view.metadata.name}-{ordinal}"


def claim_names(view: StatefulSet, ordinal: int) -> list[str]:
    """Return the names of an ordinal's claims."""
    templates = view.spec.volume_claim_templates
    return [claim_name(view, one.metadata.name, ordinal) for one in templates]


def missing(snapshot: Snapshot, ordinal: int, pod: str) -> Iterator[Create]:
    """Yield the creation of each of an ordinal's claims that is not there."""
    view = snapshot.view
    for template in snapshot.object["spec"].get("volumeClaimTemplates") or ():
        name = claim_name(view, template["metadata"]["name"], ordinal)
        if name in snapshot.claims:
            continue
        claim = copy.deepcopy(template)
        claim.pop("status", None)
        metadata = claim["metadata"]
        metadata["name"] = name
        metadata["labels"] = {**metadata.get("labels", {}), **view.spec.selector.match_labels}
        if view.spec.persistent_volume_claim_retention_policy.when_deleted == "Delete":
            metadata["ownerReferences"] = [owner_reference(STATEFULSETS, snapshot.object)]
        made = f"create Claim {name} Pod {pod} in StatefulSet {view.metadata.name} success"
        failed = (
            f"create Claim {name} for Pod {pod} in StatefulSet {view.metadata.name} failed error: "
        )
        report = Report("SuccessfulCreate", made, "FailedCreate", failed)
        yield Create(PERSISTENTVOLUMECLAIMS, view.metadata.namespace, claim, report)


def is_stale(snapshot: Snapshot, ordinal: int, pod: str) -> bool:
    """Tell whether a claim still goes after an earlier pod of the name `pod`."""
    if snapshot.view.spec.persistent_volume_claim_retention_policy.when_scaled != "Delete":
        return False
    return any(
        owner.kind == PODS.kind and owner.name == pod
        for name in claim_names(snapshot.view, ordinal)
        if name in snapshot.claims
        for owner in snapshot.claims[name].owner_references
    )


def being_deleted(snapshot: Snapshot, ordinal: int) -> str:
    """Return the name of an ordinal's claim that is going away; "" when there is none."""
    for name in claim_names(snapshot.view, ordinal):
        if name in snapshot.claims and snapshot.claims[name].deletion_timestamp is not None:
            return name
    return ""


def retention(snapshot: Snapshot, pod: PodFacts) -> Iterator[Patch]:
    """Yield what gives a pod's claims the owners that the retention policy asks for."""
    for name in claim_names(snapshot.view, ordinal_of(pod)):
        claim = snapshot.claims.get(name)
        if claim is None or _is_left_alone(claim, snapshot.view, pod):
            continue
        wanted = _owners(claim, snapshot.view, pod)
        if wanted != claim.owner_references:
            references = [owner_json(one) for one in wanted]
            yield Patch(
                view_ref(PERSISTENTVOLUMECLAIMS, claim),
                {"metadata": {"ownerReferences": references or None}},
            )


def _is_left_alone(claim: ObjectMeta, view: StatefulSet, pod: PodFacts) -> bool:
    """Whether the claim goes away, or belongs to a set or pod of the same name that is gone."""
    return claim.deletion_timestamp is not None or any(
        _is_of(one, view, pod) and one.uid not in (view.metadata.uid, pod.metadata.uid)
        for one in claim.owner_references
    )


def _is_of(owner: OwnerReference, view: StatefulSet, pod: PodFacts) -> bool:
    known = (
        (STATEFULSETS.api_version, STATEFULSETS.kind, view.metadata.name),
        (PODS.api_version, PODS.kind, pod.metadata.name),
    )
    return (owner.api_version, owner.kind, owner.name) in known


def _owners(claim: ObjectMeta, view: StatefulSet, pod: PodFacts) -> tuple[OwnerReference, ...]:
    """Return the owners of a claim: others' as they are, and ours where nobody else controls it."""
    others = tuple(one for one in claim.owner_references if not _is_of(one, view, pod))
    if any(one.controller for one in others):
        return others
    policy = view.spec.persistent_volume_claim_retention_policy
    if policy.when_scaled == "Delete" and ordinal_of(pod) not in ordinals(view):
        return (*others, _reference(PODS.api_version, PODS.kind, pod.metadata))
    if policy.when_deleted == "Delete":
        return (*others, _reference(STATEFULSETS.api_version, STATEFULSETS.kind, view.metadata))
    return others


def _reference(api_version: str, kind: str, owner: ObjectMeta) -> OwnerReference:
    return OwnerReference(
        api_version=api_version,
        kind=kind,
        name=owner.name,
        uid=owner.uid,
        controller=True,
        block_owner_deletion=True,
    )

"""ControllerRevisions: the versions of a template that a StatefulSet or DaemonSet has had. Pure.

Owns which one is the template's, how it is made and named, its number in the history, and how many
are kept. The data is Kubernetes': a patch that puts the template back, so that `kubectl rollout
undo` can send it as it is.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Any

from minikube8s.api.hashing import pod_template_hash
from minikube8s.api.meta import owner_reference
from minikube8s.api.resources import CONTROLLERREVISIONS, Resource
from minikube8s.api.views import ControllerRevision
from minikube8s.controllers.actions import Create, Delete, Patch, view_ref

POD_LABEL = "controller-revision-hash"
"""The label by which a pod tells its revision: by name (StatefulSet) or by hash (DaemonSet)."""
HASH_LABEL = "controller.kubernetes.io/hash"


@dataclass(frozen=True, slots=True)
class Revision:
    """The revision that a template is, whether it is stored already or not."""

    name: str
    digest: str
    template: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class History:
    """What a set's revisions are, and the write that is due first, if one is."""

    update: Revision
    """That of the template."""
    owned: tuple[ControllerRevision, ...]
    """Those that are stored, oldest first."""
    create: Create | None = None
    renumber: Patch | None = None
    """Puts a revision that became the template's again at the end of the history."""
    collides: bool = False
    """Whether the name belongs to another template: it takes another hash to go on."""

    def named(self, name: str) -> Revision | None:
        """Return a stored revision."""
        found = (one for one in self.owned if one.metadata.name == name)
        return next((_restored(one) for one in found), None)

    def surplus(self, limit: int | None, used: Set[str]) -> tuple[Delete, ...]:
        """Return the deletion of the oldest revisions beyond `limit`.

        The template's stays, and those whose name is in `used`; a negative limit keeps all.
        """
        keep = 10 if limit is None else limit
        past = [
            one
            for one in self.owned
            if one.metadata.name not in used
            and one.metadata.name != self.update.name
            and one.metadata.deletion_timestamp is None
        ]
        if keep < 0:
            return ()
        gone = past[: max(0, len(past) - keep)]
        return tuple(Delete(view_ref(CONTROLLERREVISIONS, one.metadata)) for one in gone)


def name_of(owner: Mapping[str, Any], collisions: int) -> str:
    """Return the name that the revision of the owner's template has, if it has to be made."""
    return f"{owner['metadata']['name']}-{_digest(owner, collisions)}"


def is_named_after(name: str, parent: str) -> bool:
    """Tell whether a revision's name is that of a revision of `parent`."""
    return name.rpartition("-")[0] == parent


def history(
    resource: Resource,
    owner: Mapping[str, Any],
    collisions: int,
    owned: Iterable[ControllerRevision],
    namesake: ControllerRevision | None,
) -> History:
    """Sort out the revisions of `owner`, which is of the kind `resource`.

    `namesake` is the stored object with the name that the template's revision would get, whoever
    owns it. One that keeps the same template is used, as its owner may have been deleted just now.
    """
    past = tuple(sorted(owned, key=_order))
    data = _data(owner)
    latest = past[-1].revision if past else 0
    same = [one for one in past if one.data == data]
    if same:
        found = same[-1]
        renumber = None
        if found is not past[-1]:
            target = view_ref(CONTROLLERREVISIONS, found.metadata)
            renumber = Patch(target, {"revision": latest + 1})
        return History(_restored(found), past, renumber=renumber)
    name, digest = name_of(owner, collisions), _digest(owner, collisions)
    update = Revision(name, digest, owner["spec"]["template"])
    if namesake is not None:
        return History(update, past, collides=namesake.data != data)
    body = _body(resource, owner, name, digest, latest + 1)
    return History(update, past, Create(CONTROLLERREVISIONS, owner["metadata"]["namespace"], body))


def _order(revision: ControllerRevision) -> tuple[int, str, str]:
    metadata = revision.metadata
    return (revision.revision, metadata.creation_timestamp or "", metadata.name)


def _digest(owner: Mapping[str, Any], collisions: int) -> str:
    return pod_template_hash(owner["spec"]["template"], collisions)


def _data(owner: Mapping[str, Any]) -> dict[str, Any]:
    """Return the strategic merge patch that puts the owner's template back."""
    return {"spec": {"template": {**owner["spec"]["template"], "$patch": "replace"}}}


def _restored(revision: ControllerRevision) -> Revision:
    kept: Mapping[str, Any] = (revision.data.get("spec") or {}).get("template") or {}
    template = {name: value for name, value in kept.items() if name != "$patch"}
    labels = revision.metadata.labels
    digest = labels.get(POD_LABEL) or labels.get(HASH_LABEL) or ""
    return Revision(revision.metadata.name, digest, template)


def _body(
    resource: Resource, owner: Mapping[str, Any], name: str, digest: str, number: int
) -> dict[str, Any]:
    labels = dict((owner["spec"]["template"].get("metadata") or {}).get("labels") or {})
    # Kubernetes' two controllers mark them differently, and clients look for either.
    labels[POD_LABEL if resource.kind == "DaemonSet" else HASH_LABEL] = digest
    metadata: dict[str, Any] = {
        "name": name,
        "labels": labels,
        "ownerReferences": [owner_reference(resource, owner)],
    }
    if owner["metadata"].get("annotations"):
        metadata["annotations"] = dict(owner["metadata"]["annotations"])
    return {
        "apiVersion": CONTROLLERREVISIONS.api_version,
        "kind": CONTROLLERREVISIONS.kind,
        "metadata": metadata,
        "data": copy.deepcopy(_data(owner)),
        "revision": number,
    }

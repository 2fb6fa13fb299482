"""What a plan is made of: values that say which writes to make, assuming what.

Owns the vocabulary between the controllers' pure plans and the runner that applies them. Every
action on an existing object carries the uid and the resourceVersion that the plan saw, so that a
write based on an outdated view is refused instead of applied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from minikube8s.api.resources import Resource
from minikube8s.api.views import ObjectMeta, OwnerReference

Propagation = Literal["Background", "Foreground", "Orphan"]


class Ref(NamedTuple):
    """One revision of one object, as a plan saw it; `revision` "" means whichever it has now."""

    resource: Resource
    namespace: str
    name: str
    uid: str
    revision: str


class Report(NamedTuple):
    """The Events that an action's outcome is worth; `{name}` stands for the written object's name.

    An empty reason means no Event. A failure's message is followed by the error. They are about
    the plan's object, unless `about` is another.
    """

    reason: str = ""
    message: str = ""
    failed_reason: str = ""
    failed_message: str = ""
    about: Mapping[str, Any] | None = None


SILENT = Report()


@dataclass(frozen=True, slots=True)
class Create:
    """Create `object`; with metadata.generateName the registry chooses the name."""

    resource: Resource
    namespace: str
    object: dict[str, Any]
    report: Report = SILENT


@dataclass(frozen=True, slots=True)
class Patch:
    """Merge `patch` (RFC 7386) into the object, through a subresource if one is named."""

    target: Ref
    patch: Mapping[str, Any]
    subresource: str = ""
    report: Report = SILENT


@dataclass(frozen=True, slots=True)
class SetStatus:
    """Replace the object's status as a whole, and merge `annotations` into its metadata."""

    target: Ref
    status: dict[str, Any]
    annotations: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[Report, ...] = ()
    """Events of type Warning that the status is worth once it is written."""
    notices: tuple[Report, ...] = ()
    """The same of type Normal."""


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete the object; `grace` in seconds, None for the object's own."""

    target: Ref
    grace: int | None = None
    propagation: Propagation | None = None
    report: Report = SILENT


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything one look at one key leads to, in the order in which it is applied.

    `patches` run together and all must succeed before anything else happens; then `creates` in
    slow-start batches and `deletes` together (which comes first, says `deletes_first`: the second
    waits for the first to succeed); then `status`. After a failure the controller is
    asked for a plan again, with the failure, and only the status of that plan is written.
    `requeue_after` (seconds) asks for another look when nothing changes before.
    """

    about: Mapping[str, Any] | None = None
    """The object that Events are about."""
    patches: tuple[Patch, ...] = ()
    creates: tuple[Create, ...] = ()
    deletes: tuple[Delete, ...] = ()
    deletes_first: bool = False
    """For what may need the room that goes free, under a ResourceQuota say."""
    status: SetStatus | None = None
    requeue_after: float | None = None
    warnings: tuple[Report, ...] = ()
    """Events of type Warning that the look itself is worth (reason and message are used)."""
    notices: tuple[Report, ...] = ()
    """The same of type Normal."""

    @property
    def acts(self) -> bool:
        """Whether the plan writes anything besides the status."""
        return bool(self.patches or self.creates or self.deletes)


NOTHING = Plan()


def ref(resource: Resource, obj: Mapping[str, Any]) -> Ref:
    """Return the reference to the revision of `obj` that a plan has before it."""
    metadata = obj["metadata"]
    return Ref(
        resource,
        metadata.get("namespace", ""),
        metadata["name"],
        metadata["uid"],
        metadata["resourceVersion"],
    )


def view_ref(resource: Resource, metadata: ObjectMeta) -> Ref:
    """Return the reference to the revision that a typed view shows."""
    return Ref(resource, metadata.namespace, metadata.name, metadata.uid, metadata.resource_version)


def owner_json(reference: OwnerReference) -> dict[str, Any]:
    """Return the reference as it stands in an object; the view keeps all of its fields."""
    body: dict[str, Any] = {
        "apiVersion": reference.api_version,
        "kind": reference.kind,
        "name": reference.name,
        "uid": reference.uid,
    }
    if reference.controller:
        body["controller"] = True
    if reference.block_owner_deletion:
        body["blockOwnerDeletion"] = True
    return body

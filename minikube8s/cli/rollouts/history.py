"""Which versions of a workload there were: a Deployment's ReplicaSets, else ControllerRevisions."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, NamedTuple

from minikube8s.api.meta import controller_of
from minikube8s.cli.changing.recording import CHANGE_CAUSE
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output.escapes import harmless
from minikube8s.cli.rollouts.state import REVISION

Object = dict[str, Any]
HASH = "pod-template-hash"


class Revision(NamedTuple):
    """One version: its number, the object that keeps it, and the pods' template it has."""

    number: int
    kept: Object
    template: Object


def revisions(obj: Object, candidates: Iterable[Object]) -> list[Revision]:
    """The versions of ``obj`` among objects that its selector found, oldest first."""
    uid = obj["metadata"].get("uid")
    found = [
        _revision(obj, one) for one in candidates if (controller_of(one) or {}).get("uid") == uid
    ]
    return sorted((one for one in found if one.number), key=lambda one: one.number)


def table(history: Iterable[Revision]) -> str:
    """What `rollout history` prints below the object's name."""
    rows = [("REVISION", "CHANGE-CAUSE")]
    rows += [(str(one.number), _cause(one.kept)) for one in history]
    if len(rows) == 1:
        return "No rollout history found."
    width = max(len(number) for number, _ in rows) + 2
    return "\n".join(number.ljust(width) + harmless(cause) for number, cause in rows) + "\n"


def at(history: Iterable[Revision], number: int) -> Revision:
    """The version ``number``. Raises CommandError, naming those that there are."""
    known = list(history)
    for one in known:
        if one.number == number:
            return one
    raise CommandError(f"unable to find the specified revision{_hint(known)}")


def to_go_back_to(obj: Object, history: list[Revision], number: int) -> Revision:
    """The version that `rollout undo` means; 0 is the one before. Raises CommandError."""
    if number:
        for one in history:
            if one.number == number:
                return one
        raise CommandError(f"unable to find specified revision {number} in history{_hint(history)}")
    if len(history) < 2:
        if obj["kind"] == "Deployment":
            raise CommandError(f'no rollout history found for deployment "{_name(obj)}"')
        raise CommandError("no last revision to roll back to")
    return history[-2]


def with_template(obj: Object, revision: Revision) -> Object:
    """``obj`` as it was in ``revision``: its pods' template, and for a Deployment the cause."""
    wanted = copy.deepcopy(obj)
    wanted["spec"]["template"] = plain(revision.template)
    if obj["kind"] == "Deployment":
        annotations = {
            key: value
            for key, value in (obj["metadata"].get("annotations") or {}).items()
            if _stays(key)
        }
        for key, value in (revision.kept["metadata"].get("annotations") or {}).items():
            if not _stays(key):
                annotations[key] = value
        wanted["metadata"]["annotations"] = annotations
    return wanted


def same_template(one: Object, other: Object) -> bool:
    """Whether two templates make the same pods, whatever hash they are labelled with."""
    return plain(one) == plain(other)


def plain(template: Object) -> Object:
    """A template without what the controller added, and without empty times."""
    metadata = dict(template.get("metadata") or {})
    labels = {key: text for key, text in (metadata.get("labels") or {}).items() if key != HASH}
    metadata.pop("creationTimestamp", None)
    metadata.pop("labels", None)
    if labels:
        metadata["labels"] = labels
    return {key: part for key, part in template.items() if key != "$patch"} | {"metadata": metadata}


def _revision(obj: Object, kept: Object) -> Revision:
    if obj["kind"] == "Deployment":
        text = (kept["metadata"].get("annotations") or {}).get(REVISION, "")
        return Revision(int(text) if text.isdigit() else 0, kept, kept["spec"]["template"])
    template = ((kept.get("data") or {}).get("spec") or {}).get("template") or {}
    return Revision(int(kept.get("revision") or 0), kept, template)


def _cause(kept: Object) -> str:
    return (kept["metadata"].get("annotations") or {}).get(CHANGE_CAUSE) or "<none>"


def _stays(annotation: str) -> bool:
    """Whether an annotation belongs to the Deployment as it is, whatever version it has."""
    return annotation in {
        "kubectl.kubernetes.io/last-applied-configuration",
        REVISION,
        "deployment.kubernetes.io/revision-history",
        "deployment.kubernetes.io/desired-replicas",
        "deployment.kubernetes.io/max-replicas",
        "deprecated.deployment.rollback.to",
    }


def _hint(known: Iterable[Revision]) -> str:
    numbers = ", ".join(str(one.number) for one in known)
    return f" (there are: {numbers})" if numbers else ""


def _name(obj: Object) -> str:
    return str(obj["metadata"]["name"])

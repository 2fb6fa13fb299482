"""What a StatefulSet's plan looks at, and the questions that it asks of pods. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from minikube8s.api.views import ControllerRevision, ObjectMeta, StatefulSet
from minikube8s.controllers.podfacts import PodFacts
from minikube8s.controllers.revisions import POD_LABEL

POD_NAME = "statefulset.kubernetes.io/pod-name"
POD_INDEX = "apps.kubernetes.io/pod-index"

BURST = 500
"""The most objects created or deleted by one plan; the rest follows with the next."""

_MEMBER = re.compile(r"(.*)-([0-9]+)")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A StatefulSet, the pods and revisions it has or may adopt, and its pods' claims."""

    view: StatefulSet
    object: Mapping[str, Any]
    pods: tuple[PodFacts, ...] = ()
    """Those that are named after it."""
    revisions: tuple[ControllerRevision, ...] = ()
    namesake: ControllerRevision | None = None
    """The object with the name of the template's revision, whoever owns it."""
    claims: Mapping[str, ObjectMeta] = field(default_factory=dict)
    """Those of its ordinals that exist, by name."""
    due: Mapping[str, datetime] = field(default_factory=dict)
    """From when on a failed pod, by uid, may be replaced."""


def parent_and_ordinal(name: str) -> tuple[str, int] | None:
    """Split a pod's (or claim's) name into what stands before its ordinal, and that."""
    found = _MEMBER.fullmatch(name)
    return (found[1], int(found[2])) if found else None


def ordinal_of(pod: PodFacts) -> int:
    """Return the ordinal of a pod that is known to have one."""
    return int(pod.metadata.name.rpartition("-")[2])


def ordinals(view: StatefulSet) -> range:
    """Return the ordinals that shall have a pod."""
    start = view.spec.ordinals.start
    return range(start, start + view.spec.replicas)


def in_turn(view: StatefulSet, taken: Collection[int]) -> list[int]:
    """Return the ordinals that one look is about: those of `taken` and the next BURST others.

    Only such as shall have a pod. A set may ask for two billion of them.
    """
    wanted = ordinals(view)
    others = islice((one for one in wanted if one not in taken), BURST)
    return sorted({*others, *(one for one in taken if one in wanted)})


def is_ordered(view: StatefulSet) -> bool:
    """Tell whether each pod waits for those before it."""
    return view.spec.pod_management_policy != "Parallel"


def is_terminating(pod: PodFacts) -> bool:
    """Tell whether the pod is being deleted."""
    return pod.metadata.deletion_timestamp is not None


def revision_of(pod: PodFacts) -> str:
    """Return the name of the revision that the pod was made from."""
    return pod.metadata.labels.get(POD_LABEL, "")


def is_running_and_ready(pod: PodFacts) -> bool:
    """Tell whether the pod runs and is ready."""
    return pod.phase == "Running" and pod.ready


def is_available(view: StatefulSet, pod: PodFacts, now: datetime) -> bool:
    """Tell whether the pod has been ready for long enough."""
    wait = pod.seconds_to_available(view.spec.min_ready_seconds, now)
    return is_running_and_ready(pod) and wait == 0


def serves(view: StatefulSet, pod: PodFacts, now: datetime) -> bool:
    """Tell whether the pod is available and stays."""
    return is_available(view, pod, now) and not is_terminating(pod)

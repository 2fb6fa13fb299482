"""Priority: from a pod's priority class to its number; one class at most is the default."""

from __future__ import annotations

from collections.abc import Iterable

from minikube8s.api.resources import PRIORITYCLASSES
from minikube8s.registry.admission.request import Cluster, Object, Request

_NO_CLASS: Object = {"value": 0, "preemptionPolicy": "PreemptLowerPriority"}


def admit_pod(request: Request, cluster: Cluster) -> None:
    """Give a new pod what its class says. Raises ApiError 403 if it says otherwise."""
    spec = request.object["spec"]
    if request.old is not None:
        # Clients that send back less than they were given change nothing.
        for field in ("priority", "preemptionPolicy"):
            if field in request.old["spec"]:
                spec.setdefault(field, request.old["spec"][field])
        return
    chosen = _class_of(request, cluster, spec.get("priorityClassName") or "")
    computed, given = chosen.get("value", 0), spec.get("priority")
    if given is not None and given != computed:
        raise request.forbidden(
            f"the integer value of priority ({given}) must not be provided in pod spec;"
            f" priority admission controller computed {computed} from the given PriorityClass name"
        )
    policy, wanted = chosen.get("preemptionPolicy"), spec.get("preemptionPolicy")
    if policy and wanted and wanted != policy:
        raise request.forbidden(
            f"the string value of PreemptionPolicy ({wanted}) must not be provided in pod spec;"
            f" priority admission controller computed {policy} from the given PriorityClass name"
        )
    spec["priority"] = computed
    if policy:
        spec["preemptionPolicy"] = policy


def check_class(request: Request, cluster: Cluster) -> None:
    """Refuse a second default class."""
    if not request.object.get("globalDefault"):
        return
    known = default_class(entry.object for entry in cluster.list(PRIORITYCLASSES, ""))
    if known is not None and known["metadata"]["name"] != request.name:
        name = known["metadata"]["name"]
        raise request.forbidden(
            f"PriorityClass {name} is already marked as default. Only one default can exist"
        )


def default_class(classes: Iterable[Object]) -> Object | None:
    """Return the default class; of several, which only a race can make, the lowest."""
    defaults = (one for one in classes if one.get("globalDefault"))
    return min(defaults, key=lambda one: one.get("value", 0), default=None)


def _class_of(request: Request, cluster: Cluster, name: str) -> Object:
    if name:
        entry = cluster.find(PRIORITYCLASSES, "", name)
        if entry is None:
            raise request.forbidden(f"no PriorityClass with name {name} was found")
        return entry.object
    chosen = default_class(entry.object for entry in cluster.list(PRIORITYCLASSES, ""))
    if chosen is None:
        return _NO_CLASS
    request.object["spec"]["priorityClassName"] = chosen["metadata"]["name"]
    return chosen

"""Eviction: the deletion of a pod that heeds the budgets of those who need it.

Owns what an eviction asks of PodDisruptionBudgets and what it writes into them. A budget whose
controller has not counted yet what it says now allows nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from minikube8s.api import errors
from minikube8s.api.errors import ApiError
from minikube8s.api.meta import condition, is_pod_terminal, now_rfc3339, set_condition
from minikube8s.api.resources import PODDISRUPTIONBUDGETS, PODS
from minikube8s.api.selectors import from_label_selector
from minikube8s.registry import objects
from minikube8s.registry.options import DeleteOptions
from minikube8s.registry.registry import Registry

Object = dict[str, Any]

DISRUPTED_PODS = 2000
"""How many evicted pods a budget remembers that its controller has not seen gone."""
_AGAIN = 10
_REASON, _WHY = "EvictionByEvictionAPI", "Eviction API: evicting"
_VIOLATED = "Cannot evict pod as it would violate the pod's disruption budget."
_SEVERAL = (
    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not"
    " support."
)


async def evict(registry: Registry, namespace: str, name: str, options: DeleteOptions) -> None:
    """Delete a pod if its budget allows that, and take it from the budget.

    Raises ApiError: 429 when the budget does not allow it now, 500 for more than one budget, and
    what a deletion raises.
    """
    pod = registry.get(PODS, namespace, name).object
    if not is_free(pod):
        entries = registry.list(PODDISRUPTIONBUDGETS, namespace)
        budgets = budgets_of(pod, (entry.object for entry in entries))
        if len(budgets) > 1:
            raise ApiError(500, "", _SEVERAL)
        if budgets and not _needs_no_room(pod, budgets[0]):
            await _take(registry, budgets[0]["metadata"], name, dry_run=options.dry_run)
        elif budgets and not options.resource_version:
            # It may not have become ready meanwhile.
            revision = pod["metadata"]["resourceVersion"]
            options = replace(options, resource_version=revision)
    if not options.dry_run and "deletionTimestamp" not in pod["metadata"]:
        options = await _tell_why(registry, pod, options)
    await registry.delete(PODS, namespace, name, options)


async def _tell_why(registry: Registry, pod: Object, options: DeleteOptions) -> DeleteOptions:
    """Write into the pod why it goes, if it is the one that is meant; the options for that pod."""
    metadata = pod["metadata"]
    meant = options.resource_version in ("", metadata["resourceVersion"])
    if not meant or options.uid not in ("", metadata["uid"]):
        return options
    now = now_rfc3339(registry.clock.now())
    told = False

    def tell(current: Object) -> Object:
        nonlocal told
        new = current["metadata"]
        told = new["uid"] == metadata["uid"] and (
            not options.resource_version or new["resourceVersion"] == options.resource_version
        )
        if told:
            status = current.setdefault("status", {})
            set_condition(status, "DisruptionTarget", "True", now=now, reason=_REASON, message=_WHY)
        return current

    written = await registry.update(PODS, metadata["namespace"], metadata["name"], tell, "status")
    if not told or not options.resource_version:
        return options
    return replace(options, resource_version=written.object["metadata"]["resourceVersion"])


def is_free(pod: Object) -> bool:
    """Tell whether nobody can count on the pod: it does not run yet, or no longer."""
    waiting = (pod.get("status") or {}).get("phase") == "Pending"
    return waiting or is_pod_terminal(pod) or "deletionTimestamp" in pod["metadata"]


def budgets_of(pod: Object, budgets: Iterable[Object]) -> list[Object]:
    """Return the budgets that count the pod: none without a selector, all pods an empty one."""
    labels = pod["metadata"].get("labels") or {}
    found = []
    for budget in budgets:
        selector = from_label_selector((budget.get("spec") or {}).get("selector"))
        if selector.matches(labels):
            found.append(budget)
    return found


def take(budget: Object, pod: str, now: str) -> Object:
    """Count one pod more as disrupted, in place. Raises ApiError 403, 429."""
    name, status = budget["metadata"]["name"], budget.setdefault("status", {})
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        why = f"The disruption budget {name} is still being processed by the server."
        raise _violated(why, _AGAIN)
    allowed, disrupted = status.get("disruptionsAllowed", 0), status.get("disruptedPods") or {}
    if allowed < 0:
        why = "pdb disruptions allowed is negative"
        raise errors.forbidden(PODDISRUPTIONBUDGETS, name, why)
    if len(disrupted) > DISRUPTED_PODS:
        why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise errors.forbidden(PODDISRUPTIONBUDGETS, name, why)
    if allowed == 0:
        raise _violated(f"The disruption budget {name} {_why_none(budget)}")
    status["disruptionsAllowed"] = allowed - 1
    status["disruptedPods"] = {**disrupted, pod: now}
    if allowed == 1:
        reason = "InsufficientPods"
        set_condition(status, "DisruptionAllowed", "False", now=now, reason=reason)
    return budget


def _why_none(budget: Object) -> str:
    """Return why a budget allows nothing; its numbers mean nothing while it cannot be counted."""
    status = budget["status"]
    told = condition(budget, "DisruptionAllowed") or {}
    failed = told.get("status") == "False" and told.get("message")
    needed, healthy = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
    if failed and told.get("reason") == "SyncFailed":
        return f"does not allow evicting pods currently because it failed sync: {failed}"
    if healthy <= needed:
        return f"needs {needed} healthy pods and has {healthy} currently"
    return "does not allow evicting pods currently"


def _needs_no_room(pod: Object, budget: Object) -> bool:
    """Tell whether a pod that is not ready may go without being counted as disrupted."""
    ready = condition(pod, "Ready")
    if ready is not None and ready.get("status") == "True":
        return False
    if (budget.get("spec") or {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget.get("status") or {}
    needed: int = status.get("desiredHealthy", 0)
    return needed > 0 and status.get("currentHealthy", 0) >= needed


async def _take(registry: Registry, budget: Object, pod: str, *, dry_run: bool) -> None:
    namespace, name = budget["namespace"], budget["name"]
    now = now_rfc3339(registry.clock.now())
    if dry_run:
        current = registry.get(PODDISRUPTIONBUDGETS, namespace, name)
        take(objects.private(current.object), pod, now)
        return
    await registry.update(
        PODDISRUPTIONBUDGETS, namespace, name, lambda current: take(current, pod, now), "status"
    )


def _violated(why: str, again: int = 0) -> ApiError:
    refusal = errors.too_many_requests(_VIOLATED, again)
    cause = {"reason": "DisruptionBudget", "message": why}
    refusal.details = {"causes": [cause], **({"retryAfterSeconds": again} if again else {})}
    return refusal

"""Which nodes a node selector means, and which a pod may be on. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from minikube8s.api.selectors.labels import integer
from minikube8s.api.views import (
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    ObjectMeta,
    Pod,
    Taint,
    Toleration,
)


def suits(pod: Pod, node: ObjectMeta) -> bool:
    """Tell whether a node is what the pod's nodeSelector and required node affinity ask for."""
    if not pod.spec.node_selector.items() <= node.labels.items():
        return False
    wanted = pod.spec.affinity.node_affinity
    required = wanted and wanted.required_during_scheduling_ignored_during_execution
    return not required or selects(required, node)


def tolerates(pod: Pod, taint: Taint) -> bool:
    """Tell whether one of the pod's tolerations covers a taint."""
    return any(covers(toleration, taint) for toleration in pod.spec.tolerations)


def covers(toleration: Toleration, taint: Taint) -> bool:
    """Tell whether a toleration covers a taint."""
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    if toleration.operator == "Exists":
        return True
    return bool(toleration.key) and toleration.value == taint.value


def selects(selector: NodeSelector, node: ObjectMeta) -> bool:
    """Tell whether one of the selector's terms holds for a node."""
    return any(term_matches(term, node) for term in selector.node_selector_terms)


def term_matches(term: NodeSelectorTerm, node: ObjectMeta) -> bool:
    """Tell whether a node fulfils all of a term; an empty term matches no node."""
    if not term.match_expressions and not term.match_fields:
        return False
    fields = {"metadata.name": node.name}
    return all(_holds(one, node.labels) for one in term.match_expressions) and all(
        _holds(one, fields) for one in term.match_fields
    )


def _holds(requirement: NodeSelectorRequirement, values: Mapping[str, str]) -> bool:
    value = values.get(requirement.key)
    match requirement.operator:
        case "In":
            return value in requirement.values
        case "NotIn":
            return value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt":
            return _compares(value, requirement)
    return False


def _compares(value: str | None, requirement: NodeSelectorRequirement) -> bool:
    number = integer(value)
    bound = integer(requirement.values[0]) if len(requirement.values) == 1 else None
    if number is None or bound is None:
        return False
    return number > bound if requirement.operator == "Gt" else number < bound

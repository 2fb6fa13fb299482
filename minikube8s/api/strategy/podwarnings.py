"""What Kubernetes itself warns of in a pod spec that it takes: old names, and doubtful doubles."""

from __future__ import annotations

from collections.abc import Iterator

from minikube8s.api import quantity
from minikube8s.api.strategy.checks.common import Obj

OLD_LABELS = {
    "beta.kubernetes.io/arch": ("1.14", "kubernetes.io/arch"),
    "beta.kubernetes.io/os": ("1.14", "kubernetes.io/os"),
    "failure-domain.beta.kubernetes.io/region": ("1.17", "topology.kubernetes.io/region"),
    "failure-domain.beta.kubernetes.io/zone": ("1.17", "topology.kubernetes.io/zone"),
}
_OLD_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": ("1.16", "priorityClassName"),
    "security.alpha.kubernetes.io/sysctls": ("1.11", "sysctls"),
    "security.alpha.kubernetes.io/unsafe-sysctls": ("1.11", "sysctls"),
}
_OLD_VOLUMES = {
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "gitRepo": "deprecated in v1.11",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
}
_SECTIONS = ("initContainers", "containers", "ephemeralContainers")
_REQUIRED_TERMS = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED_TERMS = "preferredDuringSchedulingIgnoredDuringExecution"


def warnings(at: str, pod: Obj) -> Iterator[str]:
    """Yield a sentence for each doubtful part of a pod or of a template.

    `at` is the template's path with a dot after it, empty for a pod.
    """
    spec, metadata = pod.get("spec") or {}, pod.get("metadata") or {}
    yield from _labels(f"{at}spec", spec)
    yield from _annotations(f"{at}metadata.annotations", metadata.get("annotations") or {}, spec)
    yield from _lists(f"{at}spec", spec)
    for name in ("memory", "ephemeral-storage"):
        yield from fractional(f"{at}spec.overhead[{name}]", (spec.get("overhead") or {}).get(name))
    for field, container in _containers(f"{at}spec", spec):
        yield from _amounts(f"{field}.resources", container.get("resources") or {})
        yield from _variables(f"{field}.env", container.get("env") or [])
    yield from _ports(f"{at}spec", spec)
    if spec.get("terminationGracePeriodSeconds", 0) < 0:
        why = "must be >= 0; negative values are invalid and will be treated as 1"
        yield f"{at}spec.terminationGracePeriodSeconds: {why}"


def fractional(field: str, amount: str | None) -> Iterator[str]:
    """Yield a sentence about an amount of bytes that is no whole number."""
    if amount is not None and quantity.parse(amount).milli % 1000:
        yield f'{field}: fractional byte value "{amount}" is invalid, must be an integer'


def old_label(key: str) -> str:
    """Return what is to be said of a node label's key, "" for nothing."""
    if key not in OLD_LABELS:
        return ""
    since, instead = OLD_LABELS[key]
    return f'deprecated since v{since}; use "{instead}" instead'


def old_terms(field: str, terms: list[Obj]) -> Iterator[str]:
    """Yield a sentence for each old label that node selector terms name."""
    for position, term in enumerate(terms):
        for place, expression in enumerate(term.get("matchExpressions") or ()):
            key = expression.get("key") or ""
            if key in OLD_LABELS:
                where = f"{field}[{position}].matchExpressions[{place}].key"
                yield f"{where}: {key} is {old_label(key)}"


def _containers(field: str, spec: Obj) -> Iterator[tuple[str, Obj]]:
    for section in _SECTIONS:
        for position, container in enumerate(spec.get(section) or ()):
            yield f"{field}.{section}[{position}]", container


def _labels(field: str, spec: Obj) -> Iterator[str]:
    for key in spec.get("nodeSelector") or ():
        if key in OLD_LABELS:
            yield f"{field}.nodeSelector[{key}]: {old_label(key)}"
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    at = f"{field}.affinity.nodeAffinity"
    needed = (affinity.get(_REQUIRED_TERMS) or {}).get("nodeSelectorTerms") or []
    yield from old_terms(f"{at}.{_REQUIRED_TERMS}.nodeSelectorTerms", needed)
    for position, wish in enumerate(affinity.get(_PREFERRED_TERMS) or ()):
        for sentence in old_terms("", [wish.get("preference") or {}]):
            yield f"{at}.{_PREFERRED_TERMS}[{position}].preference{sentence.removeprefix('[0]')}"
    for position, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        where, key = f"{field}.topologySpreadConstraints[{position}]", constraint.get("topologyKey")
        if key in OLD_LABELS:
            yield f"{where}.topologyKey: {key} is {old_label(key)}"
        if constraint.get("labelSelector") is None:
            yield f"{where}.labelSelector: a null labelSelector results in matching no pod"


def _annotations(field: str, annotations: dict[str, str], spec: Obj) -> Iterator[str]:
    for key, (since, instead) in _OLD_ANNOTATIONS.items():
        if key in annotations:
            yield f'{field}[{key}]: non-functional in v{since}+; use the "{instead}" field instead'
    profile = "seccomp.security.alpha.kubernetes.io/pod"
    if profile in annotations and not (spec.get("securityContext") or {}).get("seccompProfile"):
        why = 'non-functional in v1.27+; use the "seccompProfile" field instead'
        yield f"{field}[{profile}]: {why}"


def _lists(field: str, spec: Obj) -> Iterator[str]:
    for position, volume in enumerate(spec.get("volumes") or ()):
        for name, why in _OLD_VOLUMES.items():
            if volume.get(name) is not None:
                shown = "storageOS" if name == "storageos" else name
                yield f"{field}.volumes[{position}].{shown}: {why}"
    for section, name in (("hostAliases", "ip"), ("imagePullSecrets", "name")):
        taken: set[str] = set()
        for position, item in enumerate(spec.get(section) or ()):
            value = item.get(name) or ""
            if value in taken:
                yield f'{field}.{section}[{position}].{name}: duplicate {name} "{value}"'
            taken.add(value)
    for position, item in enumerate(spec.get("imagePullSecrets") or ()):
        if not item.get("name"):
            yield f'{field}.imagePullSecrets[{position}].name: invalid empty name ""'


def _amounts(field: str, resources: Obj) -> Iterator[str]:
    for name in ("memory", "ephemeral-storage"):
        for section in ("limits", "requests"):
            amount = (resources.get(section) or {}).get(name)
            yield from fractional(f"{field}.{section}[{name}]", amount)


def _variables(field: str, variables: list[Obj]) -> Iterator[str]:
    """Yield a sentence for each variable that takes the place of one of the same name."""
    taken: set[str] = set()
    for position, variable in enumerate(variables):
        name, value = variable.get("name") or "", variable.get("value") or ""
        reference = f"$({name})"
        extends = reference in value and value != reference and variable.get("valueFrom") is None
        if name in taken and not extends:
            why = f'hides previous definition of "{name}", which may be dropped when using apply'
            yield f"{field}[{position}]: {why}"
        taken.add(name)


def _ports(field: str, spec: Obj) -> Iterator[str]:
    taken: dict[tuple[int, str], list[tuple[str, Obj]]] = {}
    for at, container in _containers(field, spec):
        for position, port in enumerate(container.get("ports") or ()):
            where = f"{at}.ports[{position}]"
            key = port.get("containerPort", 0), port.get("protocol") or "TCP"
            for other, before in taken.setdefault(key, []):
                word = _overlap(port, before)
                if word:
                    yield f"{where}: {word} port definition with {other}"
            taken[key].append((where, port))


def _overlap(port: Obj, other: Obj) -> str:
    mine, theirs = port.get("hostPort", 0), other.get("hostPort", 0)
    ours, others = port.get("hostIP") or "", other.get("hostIP") or ""
    if (mine, ours) == (theirs, others):
        return "duplicate"
    if not mine or not theirs:
        return "overlapping"
    anywhere = ("", "0.0.0.0", "::")
    return "overlapping" if mine == theirs and (ours in anywhere or others in anywhere) else ""

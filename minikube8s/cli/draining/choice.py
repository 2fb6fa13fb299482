"""Which pods of a node `drain` evicts, leaves alone, or refuses to touch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from minikube8s.api.meta import controller_of

Object = dict[str, Any]
_MIRROR = "kubernetes.io/config.mirror"
_DAEMONS = "DaemonSet-managed Pods"
_LOCAL = "Pods with local storage"
_BARE = "Pods that declare no controller"
_DAEMONS_STAY = f"{_DAEMONS} (use --ignore-daemonsets to ignore)"
_ORPHANS_STAY = f"orphaned {_DAEMONS} (their DaemonSet is gone; use --force to override)"


class Rules(NamedTuple):
    """drain's flags about pods; ``daemon_sets``: the namespace and name of those that exist."""

    force: bool = False
    ignore_daemon_sets: bool = False
    delete_local_data: bool = False
    daemon_sets: frozenset[tuple[str, str]] = frozenset()
    skip_older_than: int = 0


class Choice(NamedTuple):
    """The pods to evict, what to warn of, and what keeps the node from being drained."""

    evicted: list[Object]
    warnings: list[str]
    refusals: list[str]


def choose(pods: Iterable[Object], rules: Rules, now: float = 0.0) -> Choice:
    """What becomes of the ``pods`` of a node. ``now`` is the time in seconds since 1970."""
    evicted: list[Object] = []
    warned: dict[str, list[str]] = {}
    refused: dict[str, list[str]] = {}
    for pod in sorted(pods, key=_place):
        goes, warning, refusal = _judged(pod, rules, now)
        if refusal:
            refused.setdefault(refusal, []).append(_place(pod))
        if warning:
            warned.setdefault(warning, []).append(_place(pod))
        if goes and not refusal:
            evicted.append(pod)
    return Choice(evicted, _listed(warned), [f"cannot delete {one}" for one in _listed(refused)])


def _judged(pod: Object, rules: Rules, now: float) -> tuple[bool, str, str]:
    """Whether the pod goes, what to warn of, and why it must not go."""
    ended = (pod.get("status") or {}).get("phase") in {"Succeeded", "Failed"}
    if _long_gone(pod, rules, now) or _MIRROR in (pod["metadata"].get("annotations") or {}):
        return False, "", ""
    owner = controller_of(pod)
    if ended:
        return True, "", ""
    if owner and owner.get("kind") == "DaemonSet":
        place = (pod["metadata"].get("namespace", ""), owner["name"])
        if place in rules.daemon_sets and rules.ignore_daemon_sets:
            return False, f"ignoring {_DAEMONS}", ""
        if place in rules.daemon_sets or not rules.force:
            return False, "", _DAEMONS_STAY if place in rules.daemon_sets else _ORPHANS_STAY
    warning, refusal = _about_its_own(pod, owner is not None, rules)
    return not refusal, warning, refusal


def _about_its_own(pod: Object, owned: bool, rules: Rules) -> tuple[str, str]:
    """What to warn of, and why a pod stays, for what would be lost with it."""
    local = any("emptyDir" in volume for volume in pod["spec"].get("volumes") or ())
    if local and not rules.delete_local_data:
        return "", f"{_LOCAL} (use --delete-emptydir-data to override)"
    if owned:
        return f"deleting {_LOCAL}" if local else "", ""
    if rules.force:
        return f"deleting {_BARE}", ""
    return "", f"{_BARE} (use --force to override)"


def _long_gone(pod: Object, rules: Rules, now: float) -> bool:
    from minikube8s.api.times import parse_time

    since = pod["metadata"].get("deletionTimestamp")
    if not since or not rules.skip_older_than:
        return False
    return now - parse_time(since).timestamp() > rules.skip_older_than


def _listed(found: dict[str, list[str]]) -> list[str]:
    return [f"{what}: {', '.join(places)}" for what, places in sorted(found.items())]


def _place(pod: Object) -> str:
    return f"{pod['metadata'].get('namespace', '')}/{pod['metadata']['name']}"

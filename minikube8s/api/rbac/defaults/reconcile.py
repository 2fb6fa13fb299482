"""Bringing an existing default role or binding up to date. Pure.

What is missing is added; what an administrator added stays. An object whose autoupdate annotation
is not "true" is left alone: that is how an administrator takes it over.
Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#auto-reconciliation
"""

from __future__ import annotations

import copy

from minikube8s.api.rbac.cover import missing
from minikube8s.api.rbac.defaults.build import AUTOUPDATE, Object
from minikube8s.api.rbac.rules import rules_of


def reconciled_role(current: Object, wanted: Object) -> Object | None:
    """Return `current` with what `wanted` has more, None when nothing has to change."""
    if not _ours(current):
        return None
    new = _with_metadata(current, wanted)
    lacking = missing(rules_of(current.get("rules")), rules_of(wanted["rules"]))
    if lacking and "aggregationRule" not in wanted:
        new["rules"] = [*(new.get("rules") or ()), *(rule.object() for rule in lacking)]
    selectors = (wanted.get("aggregationRule") or {}).get("clusterRoleSelectors") or ()
    if selectors:
        held = new.setdefault("aggregationRule", {}).setdefault("clusterRoleSelectors", [])
        held += [selector for selector in selectors if selector not in held]
    return None if new == current else new


def reconciled_binding(current: Object, wanted: Object) -> Object | None:
    """Return `current` with the subjects that `wanted` has more, None when nothing has to change.

    A binding of another role cannot be changed into the wanted one; it is left alone.
    """
    if not _ours(current) or current.get("roleRef") != wanted["roleRef"]:
        return None
    new = _with_metadata(current, wanted)
    held = new.get("subjects") or []
    lacking = [subject for subject in wanted["subjects"] if subject not in held]
    if lacking:
        new["subjects"] = [*held, *lacking]
    return None if new == current else new


def _ours(current: Object) -> bool:
    annotations = current["metadata"].get("annotations") or {}
    return bool(annotations.get(AUTOUPDATE) == "true")


def _with_metadata(current: Object, wanted: Object) -> Object:
    new = copy.deepcopy(current)
    for field in ("labels", "annotations"):
        held = new["metadata"].setdefault(field, {})
        held.update(
            {key: value for key, value in wanted["metadata"][field].items() if key not in held}
        )
    return new

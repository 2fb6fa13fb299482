"""Shorthand for writing the default roles: words in one string instead of lists."""

from __future__ import annotations

from typing import Any

from minikube8s.api.rbac.grants import GROUP

Object = dict[str, Any]

READ = "get list watch"
WRITE = "create delete deletecollection patch update"
AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"
AUTOUPDATE = "rbac.authorization.kubernetes.io/autoupdate"
_CORE = '""'


def on(groups: str, resources: str, verbs: str, names: str = "") -> Object:
    """Return a rule on resources; the core group is written as `""`."""
    rule: Object = {
        "verbs": verbs.split(),
        "apiGroups": ["" if group == _CORE else group for group in groups.split()],
        "resources": resources.split(),
    }
    return rule | ({"resourceNames": names.split()} if names else {})


def at(paths: str, verbs: str = "get") -> Object:
    """Return a rule on paths that are no resource's."""
    return {"verbs": verbs.split(), "nonResourceURLs": paths.split()}


def role(name: str, *rules: Object, into: str = "", aggregates: str = "") -> Object:
    """Return a default ClusterRole.

    `into` names the roles that its rules become part of, `aggregates` the one whose parts become
    its own rules.
    """
    labels = {f"{AGGREGATE}{target}": "true" for target in into.split()}
    obj: Object = {"metadata": _metadata(name, labels), "rules": list(rules)}
    if aggregates:
        selector = {"matchLabels": {f"{AGGREGATE}{aggregates}": "true"}}
        obj["aggregationRule"] = {"clusterRoleSelectors": [selector]}
    return obj


def binding(name: str, *subjects: tuple[str, str]) -> Object:
    """Return a default ClusterRoleBinding of the ClusterRole of the same name."""
    return {
        "metadata": _metadata(name, {}),
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": name},
        "subjects": [
            {"kind": kind, "apiGroup": GROUP, "name": subject} for kind, subject in subjects
        ],
    }


def granted(name: str, kind: str, role: str, *subjects: tuple[str, str]) -> Object:
    """Return a default binding called `name` of a Role or ClusterRole of another name."""
    made = binding(name, *subjects)
    made["roleRef"] = {"apiGroup": GROUP, "kind": kind, "name": role}
    return made


def _metadata(name: str, labels: dict[str, str]) -> Object:
    return {
        "name": name,
        "annotations": {AUTOUPDATE: "true"},
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults", **labels},
    }

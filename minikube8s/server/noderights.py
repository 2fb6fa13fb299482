"""What a node may do by its certificate beyond its roles: follow itself, and leave the cluster.

It may watch, close and delete its own Node, and read and end the pods that are bound to it. These
are Kubernetes' Node authorizer and admission plugin NodeRestriction, as far as mk8s' nodes use the
API at all: their agents report by a connection of their own. Source:
https://kubernetes.io/docs/reference/access-authn-authz/node/
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from minikube8s.api import errors
from minikube8s.api.errors import ApiError
from minikube8s.api.quoting import quote
from minikube8s.api.rbac import Ask
from minikube8s.api.resources import NODES, PODS
from minikube8s.api.views import Pod
from minikube8s.registry import DeleteOptions, Registry
from minikube8s.registry.admission import cordons
from minikube8s.registry.options import Admit
from minikube8s.server.authn import User
from minikube8s.store.entry import Entry

GROUP = "system:nodes"
PREFIX = "system:node:"
REASON = "allowed by the node authorizer"

_WITH_ITS_NODE = frozenset({"get", "list", "watch", "patch", "delete"})
_WITH_ITS_PODS = frozenset({("get", ""), ("delete", ""), ("create", "eviction")})
_KEPT = ("labels", "annotations", "finalizers", "ownerReferences")


def node_of(user: User) -> str:
    """Return the node that a user is, "" for all others."""
    if GROUP not in user.groups or not user.name.startswith(PREFIX):
        return ""
    return user.name.removeprefix(PREFIX)


def allows(registry: Registry, node: str, ask: Ask) -> bool:
    """Whether a node may do what is asked for, because it is its own."""
    if ask.path or ask.group:
        return False
    if ask.resource == NODES.plural:
        return not ask.subresource and ask.verb in _WITH_ITS_NODE and ask.name == node
    if ask.resource != PODS.plural:
        return False
    if ask.verb in {"list", "watch"} and not ask.subresource:
        return ask.node == node
    if (ask.verb, ask.subresource) not in _WITH_ITS_PODS:
        return False
    pod = _pod(registry, ask.namespace, ask.name)
    # who ends a pod that has just gone hears that it is gone, which is no offence
    return _is_on(pod, node) if pod is not None else ask.verb != "get"


def pinned(
    registry: Registry, user: User, namespace: str, name: str, options: DeleteOptions
) -> DeleteOptions:
    """Return options for a pod's end with which a node ends no other than the one it may.

    While the request's body was on its way another may have come by that name. Raises ApiError
    where there is none: the next one would be another's.
    """
    node = node_of(user)
    if not node or options.uid:
        return options
    pod = _pod(registry, namespace, name)
    if pod is None:
        raise errors.not_found(PODS, name)
    return replace(options, uid=pod.uid) if _is_on(pod, node) else options


def guard(user: User, subresource: str) -> Admit | None:
    """Return what checks a user's writes of Nodes, None where the user is no node."""
    node = node_of(user)
    if not node:
        return None

    def admit(new: dict[str, Any], old: dict[str, Any] | None) -> None:
        name = new["metadata"]["name"]
        if name != node:
            why = f"node {quote(node)} is not allowed to modify node {quote(name)}"
            raise errors.forbidden(NODES, name, why)
        if old is None or subresource or _restricted(new) != _restricted(old):
            why = f"node {quote(node)} may change nothing of itself but spec.unschedulable"
            raise errors.forbidden(NODES, name, why)

    return admit


def _pod(registry: Registry, namespace: str, name: str) -> Entry | None:
    try:
        return registry.get(PODS, namespace, name)
    except ApiError:
        return None


def _is_on(pod: Entry, node: str) -> bool:
    return pod.view(Pod).spec.node_name == node


def _restricted(node: dict[str, Any]) -> list[Any]:
    """Return what the node must leave as it is; the taint of closed nodes comes by itself."""
    spec, metadata = dict(node.get("spec") or {}), node["metadata"]
    spec.pop("unschedulable", None)
    taints = [one for one in spec.pop("taints", None) or () if one.get("key") != cordons.KEY]
    return [spec, taints, *(metadata.get(field) or None for field in _KEPT)]

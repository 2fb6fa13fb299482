"""Requests for nodes' certificates are approved where those who ask may have them.

Kubernetes' csrapproving controller: whoever may create `certificatesigningrequests/nodeclient` gets
any node's certificate (joining machines), whoever may create `…/selfnodeclient` its own one again.
Beyond Kubernetes, nobody who joins gets the name of a node that is Ready, or of the master's own.
Source:
https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from minikube8s.api import meta
from minikube8s.api.resources import CERTIFICATESIGNINGREQUESTS, NODES, Resource
from minikube8s.api.views import Node
from minikube8s.controllers.actions import NOTHING, Patch, Plan, ref
from minikube8s.controllers.certificates import (
    NODE_SIGNER,
    USER_PREFIX,
    ReadSubject,
    Unsignable,
    problem,
)
from minikube8s.controllers.runner import Reader
from minikube8s.store.watching import Event

Object = dict[str, Any]

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"

MayAsk = Callable[[Object, str], bool]
"""Whether those who sent a request (its spec) may create that subresource."""


def nobody_may_ask(_spec: Object, _subresource: str) -> bool:
    """Leave every request to humans."""
    return False


class Snapshot(NamedTuple):
    """A request that awaits its verdict, and why nodes' names cannot be had, by name."""

    request: Object
    taken: Mapping[str, str]


class NodeApprovalController:
    """Approves nodes' requests, and refuses those that would take a name in use."""

    name = "csrapproving"
    watches = (CERTIFICATESIGNINGREQUESTS,)

    def __init__(self, read: ReadSubject, may_ask: MayAsk) -> None:
        self._read = read
        self._may_ask = may_ask

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[str]:
        """Return the name of the request."""
        return (event.entry.name,)

    def read(self, reader: Reader, key: str) -> Snapshot | None:
        """Return the request, or None unless it is a node's and awaits its verdict."""
        entry = reader.find(CERTIFICATESIGNINGREQUESTS, "", key)
        if entry is None or entry.object["spec"]["signerName"] != NODE_SIGNER:
            return None
        if (entry.object.get("status") or {}).get("conditions"):
            return None
        return Snapshot(entry.object, taken(one.view(Node) for one in reader.list(NODES, None)))

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the verdict; none for what a human has to decide."""
        request, spec = snapshot.request, snapshot.request["spec"]
        try:
            subject = self._read(base64.b64decode(spec["request"]))
        except (Unsignable, binascii.Error):
            return NOTHING
        if problem(subject, spec["usages"]):
            return NOTHING
        own = spec.get("username") == subject.name
        if own and self._may_ask(spec, "selfnodeclient"):
            why = "Auto approving self kubelet client certificate after SubjectAccessReview."
            return _verdict(request, "Approved", "AutoApproved", why, now)
        if not self._may_ask(spec, "nodeclient"):
            return NOTHING
        node = subject.name.removeprefix(USER_PREFIX)
        if node in snapshot.taken:
            why = f'node "{node}" {snapshot.taken[node]}: join with another name'
            return _verdict(request, "Denied", "NodeExists", why, now)
        why = "Auto approving kubelet client certificate after SubjectAccessReview."
        return _verdict(request, "Approved", "AutoApproved", why, now)


def taken(nodes: Iterable[Node]) -> dict[str, str]:
    """Return the names that nobody gets by joining, with why not."""
    found = {}
    for node in nodes:
        if CONTROL_PLANE in node.metadata.labels:
            found[node.metadata.name] = "is the master's own"
        elif node.ready:
            found[node.metadata.name] = "exists and is Ready"
    return found


def _verdict(request: Object, type_: str, reason: str, message: str, now: datetime) -> Plan:
    moment = meta.now_rfc3339(now)
    condition = {
        "type": type_,
        "status": "True",
        "reason": reason,
        "message": message,
        "lastUpdateTime": moment,
        "lastTransitionTime": moment,
    }
    target = ref(CERTIFICATESIGNINGREQUESTS, request)
    patch = Patch(target, {"status": {"conditions": [condition]}}, subresource="approval")
    return Plan(patches=(patch,))

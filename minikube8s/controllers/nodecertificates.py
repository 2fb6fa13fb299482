"""Requests for nodes' certificates are approved where those who ask may have them.

Kubernetes' csrapproving controller: whoever may create `certificatesigningrequests/nodeclient` gets
any node's certificate (joining machines), whoever may create `…/selfnodeclient` its own one again.
Beyond Kubernetes, nobody who joins gets the name of a node that is Ready. Source:
https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from minikube8s.api import meta
from minikube8s.api.resources import CERTIFICATESIGNINGREQUESTS, NODES, Resource
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

MayAsk = Callable[[Object, str], bool]
"""Whether those who sent a request (its spec) may create that subresource."""


def nobody_may_ask(_spec: Object, _subresource: str) -> bool:
    """Leave every request to humans."""
    return False


class Snapshot(NamedTuple):
    """A request that awaits its verdict, and the nodes that are Ready."""

    request: Object
    ready: frozenset[str]


class NodeApprovalController:
    """Approves nodes' requests, and refuses those that would take a Ready node's name."""

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
        ready = frozenset(one.name for one in reader.list(NODES, None) if _is_ready(one.object))
        return Snapshot(entry.object, ready)

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
        if node in snapshot.ready:
            why = f'node "{node}" exists and is Ready: join with another name'
            return _verdict(request, "Denied", "NodeExists", why, now)
        why = "Auto approving kubelet client certificate after SubjectAccessReview."
        return _verdict(request, "Approved", "AutoApproved", why, now)


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


def _is_ready(node: Object) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)

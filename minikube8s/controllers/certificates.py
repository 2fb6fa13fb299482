"""CertificateSigningRequests: approved ones for the API's clients are signed, old ones removed.

Kubernetes' signers of kubernetes.io/kube-apiserver-client and …-client-kubelet, and its cleaner of
requests. Source:
https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from minikube8s.api import meta
from minikube8s.api.resources import CERTIFICATESIGNINGREQUESTS, Resource
from minikube8s.controllers.actions import Delete, Plan, SetStatus, ref
from minikube8s.controllers.runner import Reader
from minikube8s.store.watching import Event

Object = dict[str, Any]

SIGNER = "kubernetes.io/kube-apiserver-client"
NODE_SIGNER = "kubernetes.io/kube-apiserver-client-kubelet"
LONGEST = 365 * 24 * 3600
"""Seconds that a certificate is valid at most, and when nothing is asked."""
DECIDED, PENDING = timedelta(hours=1), timedelta(hours=24)
"""How long requests are kept after the verdict, and without one."""
_USAGES = frozenset({"digital signature", "key encipherment", "client auth"})
_VERDICTS = frozenset({"Approved", "Denied", "Failed"})


class Unsignable(Exception):
    """The request cannot be signed, now and later; the message says why."""


NODES_GROUP = "system:nodes"
USER_PREFIX = "system:node:"
_NODE_USAGES = (_USAGES, _USAGES - {"key encipherment"})


class Subject(NamedTuple):
    """What a request wants its certificate to name; `more`: it asks for alternative names, too."""

    name: str
    organizations: tuple[str, ...]
    more: bool


ReadSubject = Callable[[bytes], Subject]
"""Reads a request (PEM). Raises Unsignable."""
Sign = Callable[[bytes, int, datetime], bytes]
"""Returns a client certificate (PEM) for a request (PEM), valid for so many seconds from a moment
on. Raises Unsignable."""


def no_signature(_request: bytes, _seconds: int, _now: datetime) -> bytes:
    """Sign nothing: a cluster without an authority."""
    raise Unsignable("this cluster has no certificate authority")


def no_subject(_request: bytes) -> Subject:
    """Read nothing: a cluster without an authority."""
    raise Unsignable("this cluster has no certificate authority")


class CertificateController:
    """Signs as one authority."""

    name = "certificate"
    watches = (CERTIFICATESIGNINGREQUESTS,)

    def __init__(self, sign: Sign, read_subject: ReadSubject = no_subject) -> None:
        self._sign = sign
        self._read_subject = read_subject

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[str]:
        """Return the name of the request."""
        return (event.entry.name,)

    def read(self, reader: Reader, key: str) -> Object | None:
        """Return the request."""
        entry = reader.find(CERTIFICATESIGNINGREQUESTS, "", key)
        return None if entry is None else entry.object

    def plan(self, snapshot: Object, now: datetime, failure: str = "") -> Plan:
        """Return the signature that is due, or the removal, or when that will be due."""
        target = ref(CERTIFICATESIGNINGREQUESTS, snapshot)
        status = snapshot.get("status") or {}
        if _awaits_signature(snapshot["spec"], status):
            return Plan(status=SetStatus(target, self._answer(snapshot["spec"], status, now)))
        left = (_end(snapshot, status) - now).total_seconds()
        if left > 0:
            return Plan(requeue_after=left)
        return Plan(deletes=(Delete(target),))

    def _answer(self, spec: Object, status: Object, now: datetime) -> Object:
        """Return the status with the certificate, or with why there is none."""
        try:
            request = base64.b64decode(spec["request"])
            _check_usages(spec["usages"])
            if spec["signerName"] == NODE_SIGNER:
                wrong = problem(self._read_subject(request), spec["usages"])
                if wrong:
                    raise Unsignable(wrong)
            seconds = min(spec.get("expirationSeconds") or LONGEST, LONGEST)
            certificate = self._sign(request, seconds, now)
        except Unsignable as error:
            failed = {
                "type": "Failed",
                "status": "True",
                "reason": "SignerValidationFailure",
                "message": str(error),
                "lastUpdateTime": meta.now_rfc3339(now),
                "lastTransitionTime": meta.now_rfc3339(now),
            }
            return status | {"conditions": [*status["conditions"], failed]}
        return status | {"certificate": base64.b64encode(certificate).decode()}


def problem(subject: Subject, usages: Iterable[str]) -> str:
    """Return why a request is not one for a node's certificate, "" when it is."""
    if subject.organizations != (NODES_GROUP,):
        return f"subject organization is not {NODES_GROUP}"
    if not subject.name.startswith(USER_PREFIX) or subject.name == USER_PREFIX:
        return f"subject common name does not begin with {USER_PREFIX}"
    if subject.more:
        return "DNS, IP, email and URI subjectAltNames are not allowed"
    if set(usages) not in _NODE_USAGES:
        return "usages did not match digital signature, client auth and at most key encipherment"
    return ""


def _awaits_signature(spec: Object, status: Object) -> bool:
    verdicts = {one["type"] for one in status.get("conditions") or ()} & _VERDICTS
    signed = bool(status.get("certificate"))
    return spec["signerName"] in (SIGNER, NODE_SIGNER) and verdicts == {"Approved"} and not signed


def _check_usages(usages: Iterable[str]) -> None:
    """Raise Unsignable unless these are a client certificate's."""
    given = set(usages)
    if "client auth" not in given or given - _USAGES:
        told = " ".join(usages)
        raise Unsignable(f"invalid usages for client certificate: [{told}]")


def _end(request: Object, status: Object) -> datetime:
    """Return when a request is removed that nothing more happens with."""
    decided = [
        one.get("lastUpdateTime") or one.get("lastTransitionTime")
        for one in status.get("conditions") or ()
        if one["type"] in _VERDICTS
    ]
    if decided and decided[-1]:
        return meta.parse_time(decided[-1]) + DECIDED
    return meta.parse_time(request["metadata"]["creationTimestamp"]) + PENDING

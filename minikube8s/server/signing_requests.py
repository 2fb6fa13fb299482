"""CertificateSigningRequests: who asked is written down, and who may decide and sign is checked.

What is Kubernetes' admission plugins CertificateApproval, CertificateSigning and
CertificateSubjectRestriction. Source:
https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/
"""

from __future__ import annotations

import asyncio
import base64
from typing import Any

from minikube8s.api import errors
from minikube8s.api.quoting import quote
from minikube8s.api.rbac import Ask
from minikube8s.api.resources import CERTIFICATESIGNINGREQUESTS
from minikube8s.registry.options import Admit
from minikube8s.server.authn import MASTERS, User
from minikube8s.server.authz import Authorizer
from minikube8s.server.config import MalformedRequest, RequestReader

Object = dict[str, Any]

_GROUP = CERTIFICATESIGNINGREQUESTS.group
CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client"


async def check(read: RequestReader, obj: Object) -> None:
    """Check what a new object asks to be signed. Raises ApiError Invalid, Forbidden.

    The object need not be valid otherwise: what this does not understand is told later.
    """
    spec = obj.get("spec") or {}
    text, name = spec.get("request") or "", obj["metadata"].get("name") or ""
    try:
        pem = base64.b64decode(text, validate=True)
    except ValueError:
        return
    if not pem:
        return
    try:
        # In a thread: the library behind it takes its time to load.
        groups = await asyncio.to_thread(read, pem)
    except MalformedRequest as error:
        cause = errors.invalid_value("spec.request", text, str(error))
        raise errors.invalid(CERTIFICATESIGNINGREQUESTS, name, [cause]) from None
    if spec.get("signerName") == CLIENT_SIGNER and MASTERS in groups:
        why = f"use of {CLIENT_SIGNER} signer with {MASTERS} group is not allowed"
        raise errors.forbidden(CERTIFICATESIGNINGREQUESTS, name, why)


def guard(authorizer: Authorizer, user: User, subresource: str, now: str) -> Admit:
    """Return what completes and checks a user's writes at `now` (RFC 3339)."""

    def admit(new: Object, old: Object | None) -> None:
        if old is None:
            new["spec"] = _stamped(new["spec"], user)
            return
        if subresource not in {"approval", "status"}:
            return
        after, before = new.get("status") or {}, old.get("status") or {}
        changed = after.get("conditions") != before.get("conditions")
        _date(after, before, now)
        if subresource == "approval":
            _check_signer(authorizer, user, "approve", new)
        elif changed or after.get("certificate") != before.get("certificate"):
            _check_signer(authorizer, user, "sign", new)

    return admit


def _stamped(spec: Object, user: User) -> Object:
    """Return the spec with who asks, whatever it says of that itself."""
    kept = {key: spec[key] for key in spec.keys() - {"username", "uid", "groups", "extra"}}
    return kept | user.info()


def _date(after: Object, before: Object, now: str) -> None:
    """Fill in when conditions were written and when they came to be."""
    known = {one.get("type"): one for one in before.get("conditions") or ()}
    for one in after.get("conditions") or ():
        old = known.get(one.get("type"))
        one["lastUpdateTime"] = one.get("lastUpdateTime") or now
        if not one.get("lastTransitionTime"):
            same = old is not None and old.get("status") == one.get("status")
            one["lastTransitionTime"] = old.get("lastTransitionTime") if old and same else now


def _check_signer(authorizer: Authorizer, user: User, verb: str, obj: Object) -> None:
    signer: str = obj["spec"]["signerName"]
    domain = signer.partition("/")[0]
    ask = Ask(verb, _GROUP, "signers")
    for name in (signer, f"{domain}/*"):
        if authorizer.decide(user, ask._replace(name=name)).allowed:
            return
    why = f"user not permitted to {verb} requests with signerName {quote(signer)}"
    raise errors.forbidden(CERTIFICATESIGNINGREQUESTS, obj["metadata"]["name"], why)

"""Other people's certificate requests: read for the API server, signed for a controller.

What reads and signs is loaded with the first request, because it costs the master 16 MB.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from minikube8s.api.rbac import Ask
from minikube8s.api.resources import CERTIFICATESIGNINGREQUESTS
from minikube8s.controllers.certificates import Sign, Subject, Unsignable
from minikube8s.controllers.nodecertificates import MayAsk
from minikube8s.server.authn import User
from minikube8s.server.authz import Authorizer
from minikube8s.server.config import MalformedRequest


def organizations(request: bytes) -> tuple[str, ...]:
    """Return the groups that a request (PEM) asks for. Raises MalformedRequest."""
    from minikube8s.cluster.authority import requests  # noqa: PLC0415

    try:
        return requests.organizations(request)
    except ValueError as error:
        raise MalformedRequest(str(error)) from error


def signer(pki: Path) -> Sign:
    """Return what signs as the authority in the directory `pki`."""

    def sign(request: bytes, seconds: int, now: datetime) -> bytes:
        from minikube8s.cluster.authority.certificates import Authority  # noqa: PLC0415

        try:
            return Authority(pki).sign(request, seconds, now)
        except ValueError as error:
            raise Unsignable(str(error)) from error

    return sign


def subject(request: bytes) -> Subject:
    """Return what a request (PEM) wants its certificate to name. Raises Unsignable."""
    from minikube8s.cluster.authority import requests  # noqa: PLC0415

    try:
        return Subject(*requests.subject(request))
    except ValueError as error:
        raise Unsignable(str(error)) from error


def asker(authorizer: Authorizer) -> MayAsk:
    """Return what knows which requests those who sent them may have approved by themselves."""

    def may(spec: dict[str, Any], subresource: str) -> bool:
        user = User(spec.get("username") or "", tuple(spec.get("groups") or ()))
        kind = CERTIFICATESIGNINGREQUESTS
        ask = Ask("create", kind.group, kind.plural, subresource)
        return bool(user.name) and authorizer.decide(user, ask).allowed

    return may

"""Other people's certificate requests: read for the API server, signed for a controller.

What reads and signs is loaded with the first request, because it costs the master 16 MB.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from minikube8s.controllers.certificates import Sign, Unsignable
from minikube8s.server.config import MalformedRequest


def organizations(request: bytes) -> tuple[str, ...]:
    """Return the groups that a request (PEM) asks for. Raises MalformedRequest."""
    from minikube8s.cluster import certificates  # noqa: PLC0415

    try:
        return certificates.organizations(request)
    except ValueError as error:
        raise MalformedRequest(str(error)) from error


def signer(pki: Path) -> Sign:
    """Return what signs as the authority in the directory `pki`."""

    def sign(request: bytes, seconds: int, now: datetime) -> bytes:
        from minikube8s.cluster.certificates import Authority  # noqa: PLC0415

        try:
            return Authority(pki).sign(request, seconds, now)
        except ValueError as error:
            raise Unsignable(str(error)) from error

    return sign

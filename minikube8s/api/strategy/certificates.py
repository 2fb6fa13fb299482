"""CertificateSigningRequests: asked once, approved or denied through their own endpoint."""

from __future__ import annotations

import base64
import binascii
from typing import ClassVar

from minikube8s.api import names
from minikube8s.api.errors import Cause, duplicate, forbidden_field, invalid_value, required
from minikube8s.api.quoting import quote
from minikube8s.api.strategy.checks.common import Obj
from minikube8s.api.strategy.model import Strategy, keep

_PEM = b"-----BEGIN CERTIFICATE REQUEST-----"
_SHORTEST = 600
_SIGNER = "must be a fully qualified domain and path of the form 'example.com/signer-name'"


class SigningRequestStrategy(Strategy):
    """Hooks of CertificateSigningRequests."""

    first_status: ClassVar[Obj | None] = {}

    def prepare_update(self, new: Obj, old: Obj, subresource: str = "") -> None:
        """`approval` writes the conditions and nothing else; `status` leaves the verdict alone."""
        if subresource != "approval":
            super().prepare_update(new, old, subresource)
            return
        conditions = (new.get("status") or {}).get("conditions")
        self.prepare_status(new, old)
        status = dict(old.get("status") or {})
        if conditions:
            status["conditions"] = conditions
        else:
            status.pop("conditions", None)
        new["status"] = status

    def prepare_spec(self, new: Obj, old: Obj, subresource: str) -> None:
        """What is asked for never changes."""
        keep(new, old, "spec")

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, request, usages, signer and conditions."""
        spec, causes = obj.get("spec") or {}, super().validate(obj)
        causes += _request(spec.get("request") or "")
        usages = spec.get("usages") or []
        if not usages:
            causes.append(required("spec.usages", "usages must contain at least one value"))
        causes += [
            duplicate(f"spec.usages[{position}]", usage)
            for position, usage in enumerate(usages)
            if usage in usages[:position]
        ]
        causes += _signer(spec.get("signerName") or "")
        seconds = spec.get("expirationSeconds")
        if seconds is not None and seconds < _SHORTEST:
            why = f"may not specify a duration less than {_SHORTEST} seconds (10 minutes)"
            causes.append(invalid_value("spec.expirationSeconds", seconds, why))
        return causes + _conditions((obj.get("status") or {}).get("conditions") or [])

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep a verdict and a certificate once they are given."""
        causes = super().validate_update(new, old, subresource)
        after, before = new.get("status") or {}, old.get("status") or {}
        if before.get("certificate") and after.get("certificate") != before["certificate"]:
            why = "updates may not modify existing certificate content"
            causes.append(forbidden_field("status.certificate", why))
        for type_ in ("Approved", "Denied", "Failed"):
            given, had = find(after, type_), find(before, type_)
            decides = subresource == "approval" or type_ == "Failed"
            if had and not given:
                why = "remove"
            elif given and not had and not decides:
                why = "add"
            elif given != had and not decides:
                why = "modify"
            else:
                continue
            why = f"updates may not {why} a condition of type {quote(type_)}"
            causes.append(forbidden_field("status.conditions", why))
        return causes


def find(status: Obj, type_: str) -> Obj | None:
    """Return the condition of a type, None when there is none."""
    return next((one for one in status.get("conditions") or () if one.get("type") == type_), None)


def _request(text: str) -> list[Cause]:
    field = "spec.request"
    if not text:
        return [required(field)]
    try:
        pem = base64.b64decode(text, validate=True)
    except binascii.Error:
        pem = b""
    if _PEM in pem:
        return []
    return [invalid_value(field, text, "PEM block type must be CERTIFICATE REQUEST")]


def _signer(name: str) -> list[Cause]:
    field = "spec.signerName"
    if not name:
        return [required(field)]
    domain, slash, path = name.partition("/")
    if not slash or "/" in path:
        return [invalid_value(field, name, _SIGNER)]
    problems = names.dns1123_subdomain(domain) + names.dns1123_subdomain(path)
    if "." not in domain:
        problems.append("should be a domain with at least two segments separated by dots")
    return [invalid_value(field, name, problem) for problem in problems]


def _conditions(conditions: list[Obj]) -> list[Cause]:
    causes: list[Cause] = []
    types = [one.get("type") or "" for one in conditions]
    for position, (one, type_) in enumerate(zip(conditions, types, strict=True)):
        at = f"status.conditions[{position}]"
        if not type_:
            causes.append(required(f"{at}.type"))
        elif type_ in types[:position]:
            causes.append(duplicate(f"{at}.type", type_))
        if type_ in ("Approved", "Denied", "Failed") and one.get("status") != "True":
            why = f"condition of type {type_} must have status True"
            causes.append(invalid_value(f"{at}.status", one.get("status") or "", why))
    if {"Approved", "Denied"} <= set(types):
        why = "Approved and Denied conditions are mutually exclusive"
        causes.append(invalid_value("status.conditions", types, why))
    return causes

"""CertificateSubjectRestriction: nobody asks for a certificate of the group `system:masters`.

That group passes every check of rights. It is looked for in the request's DER, as the value of an
organization attribute in any of the string types that there are; whatever else a request holds is
for the signer to read.
"""

from __future__ import annotations

import base64
import binascii

from minikube8s.registry.admission.request import Cluster, Request

SIGNER = "kubernetes.io/kube-apiserver-client"
_GROUP = "system:masters"
_ORGANIZATION = b"\x06\x03\x55\x04\x0a"
"""The object identifier 2.5.4.10."""
_ENCODINGS = {
    b"\x0c": "utf-8",
    b"\x13": "ascii",
    b"\x14": "ascii",
    b"\x16": "ascii",
    b"\x1c": "utf-32-be",
    b"\x1e": "utf-16-be",
}
"""How each ASN.1 string type, by its tag, writes its characters."""


def check_subject(request: Request, cluster: Cluster) -> None:
    """Refuse a request for a client certificate of that group."""
    spec = request.object.get("spec") or {}
    if request.old is not None or spec.get("signerName") != SIGNER:
        return
    if names_masters(_der(spec.get("request") or "")):
        raise request.forbidden(f"use of {SIGNER} signer with {_GROUP} group is not allowed")


def names_masters(der: bytes) -> bool:
    """Tell whether a certificate request has the organization `system:masters`."""
    for tag, encoding in _ENCODINGS.items():
        name = _GROUP.encode(encoding)
        if _ORGANIZATION + tag + bytes((len(name),)) + name in der:
            return True
    return False


def _der(request: str) -> bytes:
    """Return the DER within the base64 of a PEM block; empty if it is none (validation says so)."""
    try:
        lines = base64.b64decode(request).decode("ascii").splitlines()
        return base64.b64decode("".join(line for line in lines if "-----" not in line))
    except (binascii.Error, UnicodeDecodeError):
        return b""

"""Owns what a machine that joins knows of an authority beforehand: its pin, in kubeadm's form.

A pin is `sha256:` and the digest of the public key (SubjectPublicKeyInfo), in hexadecimal.
https://kubernetes.io/docs/reference/setup-tools/kubeadm/kubeadm-join/#token-based-discovery-with-ca-pinning
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import serialization


def fingerprints(bundle: bytes) -> list[str]:
    """Return the pin of each certificate in a bundle (PEM). Raises ValueError."""
    return [_fingerprint(one) for one in x509.load_pem_x509_certificates(bundle)]


def pinned(bundle: bytes, pins: Sequence[str]) -> bytes:
    """Return those certificates of a bundle (PEM) whose pins are given, nothing else of it.

    Raises ValueError.
    """
    wanted = {pin.lower() for pin in pins}
    found = x509.load_pem_x509_certificates(bundle)
    encoded = [
        one.public_bytes(serialization.Encoding.PEM) for one in found if _fingerprint(one) in wanted
    ]
    return b"".join(encoded)


def _fingerprint(certificate: x509.Certificate) -> str:
    key = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return f"sha256:{hashlib.sha256(key).hexdigest()}"

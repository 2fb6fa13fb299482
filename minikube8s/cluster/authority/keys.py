"""Owns private keys: EC on the curve P-256, written as PEM without a password."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from minikube8s.kit.privatefiles import write_private


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a new private key."""
    return ec.generate_private_key(ec.SECP256R1())


def read_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """Return the key that a PEM holds. Raises ValueError."""
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("the key is none of an elliptic curve")
    return key


def encoded(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a key as PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def ensure_signing_key(path: Path) -> None:
    """Ensure that ``path`` holds a private key to sign ServiceAccount tokens with.

    A key that is there is kept: with another one every token in use would end.
    """
    if not path.exists():
        write_private(path, encoded(new_key()))

"""Certificate requests as `openssl req` makes them."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID


def certificate_request(
    user: str, *groups: str, host: str = "", kind: str = "UTF8String"
) -> tuple[bytes, bytes]:
    """Return a new key and a request for it, both in PEM; `kind` is the groups' string type."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, group, _type=_ASN1Type[kind])
        for group in groups
    ]
    names.append(x509.NameAttribute(NameOID.COMMON_NAME, user))
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    if host:
        alternative = x509.SubjectAlternativeName([x509.DNSName(host)])
        builder = builder.add_extension(alternative, critical=False)
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8
    private = key.private_bytes(pem, plain, serialization.NoEncryption())
    return private, builder.sign(key, hashes.SHA256()).public_bytes(pem)

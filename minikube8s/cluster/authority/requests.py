"""Owns requests for certificates (PEM): what they ask to be named, and how one is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from minikube8s.cluster.authority.keys import read_key

_LABEL = b"-----BEGIN CERTIFICATE REQUEST-----"
_SUBJECT_WORDS = {
    NameOID.COMMON_NAME: "Common Name",
    NameOID.SERIAL_NUMBER: "Serial Number",
    NameOID.ORGANIZATION_NAME: "Organization",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "Organizational Unit",
    NameOID.COUNTRY_NAME: "Country",
    NameOID.LOCALITY_NAME: "Locality",
    NameOID.STATE_OR_PROVINCE_NAME: "Province",
    NameOID.STREET_ADDRESS: "StreetAddress",
    NameOID.POSTAL_CODE: "PostalCode",
}
_NAME_WORDS = {
    x509.DNSName: "DNS Names",
    x509.RFC822Name: "Email Addresses",
    x509.UniformResourceIdentifier: "URIs",
    x509.IPAddress: "IP Addresses",
}


class Wanted(NamedTuple):
    """What a certificate request asks to be named, by the words that kubectl shows."""

    subject: dict[str, list[str]]
    names: dict[str, list[str]]


def made(key: bytes, user: str, groups: Sequence[str]) -> bytes:
    """Return a request for a certificate of `user` in `groups` for a key (PEM)."""
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    names.append(x509.NameAttribute(NameOID.COMMON_NAME, user))
    asked = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    return asked.sign(read_key(key), hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def read(pem: bytes) -> x509.CertificateSigningRequest:
    """Return the request that a PEM holds. Raises ValueError."""
    if _LABEL not in pem:
        raise ValueError("PEM block type must be CERTIFICATE REQUEST")
    return x509.load_pem_x509_csr(pem)


def extensions(asked: x509.CertificateSigningRequest) -> x509.Extensions:
    """Return what else a request asks for. Raises ValueError."""
    try:
        return asked.extensions
    except (x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise ValueError(f"unable to read the request's extensions: {error}") from error


def subject(request: bytes) -> tuple[str, tuple[str, ...], bool]:
    """Return a request's common name, its organizations, and whether it also asks for other names.

    Raises ValueError.
    """
    asked = read(request)
    names = asked.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    more = any(isinstance(one.value, x509.SubjectAlternativeName) for one in extensions(asked))
    common = str(names[0].value) if len(names) == 1 else ""
    return common, organizations(request), more


def organizations(request: bytes) -> tuple[str, ...]:
    """Return the organizations of a request's subject. Raises ValueError."""
    names = read(request).subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return tuple(str(name.value) for name in names)


def wanted(request: bytes) -> Wanted:
    """Return all names that a request asks for. Raises ValueError."""
    asked = read(request)
    subject: dict[str, list[str]] = {}
    for attribute in asked.subject:
        word = _SUBJECT_WORDS.get(attribute.oid)
        if word:
            subject.setdefault(word, []).append(str(attribute.value))
    names: dict[str, list[str]] = {word: [] for word in _NAME_WORDS.values()}
    for extension in extensions(asked):
        if isinstance(extension.value, x509.SubjectAlternativeName):
            for name in extension.value:
                word = next(
                    (_NAME_WORDS[kind] for kind in _NAME_WORDS if isinstance(name, kind)), ""
                )
                if word:
                    names[word].append(str(name.value))
    return Wanted(subject, names)

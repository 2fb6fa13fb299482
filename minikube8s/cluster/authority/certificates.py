"""Owns the cluster's keys and certificates: the only module that imports cryptography.

One CA per cluster, made at ``mk8s up``. Server certificates name loopback, the Service address of
the API and the node's own addresses; client certificates carry user and groups as Kubernetes
reads them: CN is the user, each O a group
(https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates).
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from minikube8s.cluster.config import write_private

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

CA_DAYS = 3650
LEAF_DAYS = 3650
# a clock that is a little behind must not refuse a certificate made a moment ago
_SKEW = datetime.timedelta(minutes=5)
_REQUEST_LABEL = b"-----BEGIN CERTIFICATE REQUEST-----"
_CLIENT_USAGE = x509.KeyUsage(
    digital_signature=True, key_encipherment=True, content_commitment=False,
    data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
    encipher_only=False, decipher_only=False,
)  # fmt: skip

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


class Authority:
    """The cluster's certificate authority in ``directory`` (ca.crt, ca.key), made when absent."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.path = directory / "ca.crt"
        key_path = directory / "ca.key"
        if self.path.exists() and key_path.exists():
            self._certificate = x509.load_pem_x509_certificate(self.path.read_bytes())
            key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            self._key = key
            return
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mk8s-ca")])
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
            key_encipherment=False, data_encipherment=False, key_agreement=False,
            encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = (
            _builder(name, name, self._key.public_key(), CA_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False
            )
        )
        self._certificate = builder.sign(self._key, hashes.SHA256())
        # the key first: a certificate without its key would be taken for a finished authority
        write_private(key_path, _pem_key(self._key))
        write_private(self.path, self._certificate.public_bytes(serialization.Encoding.PEM))

    def server(self, name: str, hosts: Sequence[str]) -> None:
        """Ensure ``name``.crt and ``name``.key serve all of ``hosts`` (names or addresses)."""
        wanted = {_general_name(host) for host in hosts}
        path = self._directory / f"{name}.crt"
        if path.exists() and wanted <= _served(path) and _lasts(path):
            return
        self._issue(name, name, (), ExtendedKeyUsageOID.SERVER_AUTH, sorted(wanted, key=repr))

    def client(self, name: str, user: str, groups: Sequence[str]) -> None:
        """Ensure ``name``.crt and ``name``.key identify ``user`` in ``groups``."""
        path = self._directory / f"{name}.crt"
        if not path.exists() or not _lasts(path):
            self._issue(name, user, groups, ExtendedKeyUsageOID.CLIENT_AUTH, ())

    def sign(self, request: bytes, seconds: int, now: datetime.datetime) -> bytes:
        """Return a client certificate (PEM) for a request (PEM): its subject, names and key.

        It is valid for so many seconds, but not longer than the authority. Raises ValueError.
        """
        asked = _request(request)
        if not asked.is_signature_valid:
            raise ValueError("unable to verify certificate request signature")
        end = min(now + datetime.timedelta(seconds=seconds), self._certificate.not_valid_after_utc)
        builder = (
            _valid(asked.subject, self._certificate.subject, asked.public_key(), now, end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_CLIENT_USAGE, critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        for extension in _extensions(asked):
            if isinstance(extension.value, x509.SubjectAlternativeName):
                builder = builder.add_extension(extension.value, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM)

    def clients(self, users: Sequence[str], groups: Sequence[str]) -> tuple[str, list[str]]:
        """Return a new key, and a certificate of each of ``users`` for that key, all in PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        purpose = ExtendedKeyUsageOID.CLIENT_AUTH
        made = [self._certificate_of(key, user, groups, purpose, ()) for user in users]
        return _pem_key(key).decode(), [one.decode() for one in made]

    def _issue(
        self,
        name: str,
        user: str,
        groups: Sequence[str],
        purpose: x509.ObjectIdentifier,
        alternatives: Sequence[x509.GeneralName],
    ) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._certificate_of(key, user, groups, purpose, alternatives)
        write_private(self._directory / f"{name}.key", _pem_key(key))
        write_private(self._directory / f"{name}.crt", certificate)

    def _certificate_of(
        self,
        key: ec.EllipticCurvePrivateKey,
        user: str,
        groups: Sequence[str],
        purpose: x509.ObjectIdentifier,
        alternatives: Sequence[x509.GeneralName],
    ) -> bytes:
        subject = x509.Name(
            [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
            + [x509.NameAttribute(NameOID.COMMON_NAME, user)]
        )
        builder = (
            _builder(subject, self._certificate.subject, key.public_key(), LEAF_DAYS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        if alternatives:
            builder = builder.add_extension(
                x509.SubjectAlternativeName(alternatives), critical=False
            )
        certificate = builder.sign(self._key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM)


def fingerprints(bundle: bytes) -> list[str]:
    """Return the pin of each certificate in a bundle (PEM): `sha256:` and its key's digest.

    It is that of kubeadm: of the SubjectPublicKeyInfo. Raises ValueError.
    """
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


def new_key() -> bytes:
    """Return a new private key in PEM."""
    return _pem_key(ec.generate_private_key(ec.SECP256R1()))


def request(key: bytes, user: str, groups: Sequence[str]) -> bytes:
    """Return a request for a certificate of `user` in `groups` for a key, all in PEM."""
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    names.append(x509.NameAttribute(NameOID.COMMON_NAME, user))
    asked = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    private = serialization.load_pem_private_key(key, None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    return asked.sign(private, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def valid_until(pem: bytes) -> datetime.datetime:
    """Return until when a certificate (PEM) is valid."""
    return x509.load_pem_x509_certificate(pem).not_valid_after_utc


def _lasts(path: Path) -> bool:
    """Whether a certificate's time is not over."""
    return valid_until(path.read_bytes()) > datetime.datetime.now(datetime.UTC)


def subject(request: bytes) -> tuple[str, tuple[str, ...], bool]:
    """Return a certificate request's (PEM) common name, its organizations, and whether it also asks
    for other names. Raises ValueError.
    """
    asked = _request(request)
    names = asked.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    more = any(isinstance(one.value, x509.SubjectAlternativeName) for one in _extensions(asked))
    common = str(names[0].value) if len(names) == 1 else ""
    return common, organizations(request), more


class Wanted(NamedTuple):
    """What a certificate request asks to be named, by the words that kubectl shows."""

    subject: dict[str, list[str]]
    names: dict[str, list[str]]


def wanted(request: bytes) -> Wanted:
    """Return all names that a certificate request (PEM) asks for. Raises ValueError."""
    asked = _request(request)
    subject: dict[str, list[str]] = {}
    for attribute in asked.subject:
        word = _SUBJECT_WORDS.get(attribute.oid)
        if word:
            subject.setdefault(word, []).append(str(attribute.value))
    names: dict[str, list[str]] = {word: [] for word in _NAME_WORDS.values()}
    for extension in _extensions(asked):
        if isinstance(extension.value, x509.SubjectAlternativeName):
            for name in extension.value:
                word = next(
                    (_NAME_WORDS[kind] for kind in _NAME_WORDS if isinstance(name, kind)), ""
                )
                if word:
                    names[word].append(str(name.value))
    return Wanted(subject, names)


def organizations(request: bytes) -> tuple[str, ...]:
    """Return the organizations of a certificate request's (PEM) subject. Raises ValueError."""
    names = _request(request).subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return tuple(str(name.value) for name in names)


def _request(pem: bytes) -> x509.CertificateSigningRequest:
    if _REQUEST_LABEL not in pem:
        raise ValueError("PEM block type must be CERTIFICATE REQUEST")
    return x509.load_pem_x509_csr(pem)


def _extensions(asked: x509.CertificateSigningRequest) -> x509.Extensions:
    try:
        return asked.extensions
    except (x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise ValueError(f"unable to read the request's extensions: {error}") from error


def ensure_signing_key(path: Path) -> None:
    """Ensure that ``path`` holds a private key (EC P-256) to sign ServiceAccount tokens with.

    A key that is there is kept: with another one every token in use would end.
    """
    if not path.exists():
        write_private(path, _pem_key(ec.generate_private_key(ec.SECP256R1())))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return _valid(subject, issuer, key, now, now + datetime.timedelta(days=days))


def _valid(
    subject: x509.Name,
    issuer: x509.Name,
    key: CertificatePublicKeyTypes,
    start: datetime.datetime,
    end: datetime.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - _SKEW)
        .not_valid_after(end)
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _served(path: Path) -> set[x509.GeneralName]:
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return set()
    return set(extension.value)


def _pem_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )

"""Owns the cluster's certificate authority, and what it signs.

One CA per cluster, made at ``mk8s up``. Server certificates name loopback, the Service address of
the API and the node's own addresses; client certificates carry user and groups as Kubernetes
reads them: CN is the user, each O a group
(https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates).
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from minikube8s.cluster.authority import requests
from minikube8s.cluster.authority.keys import encoded, new_key, read_key
from minikube8s.kit import tlspairs
from minikube8s.kit.privatefiles import write_private

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

DAYS = 3650
"""How long the authority lasts, and all that it makes for its own cluster."""
SOON = datetime.timedelta(days=120)
"""What ends sooner is made anew at the next start."""
# a clock that is a little behind must not refuse a certificate made a moment ago
_SKEW = datetime.timedelta(minutes=5)
_CLIENT_USAGE = x509.KeyUsage(
    digital_signature=True, key_encipherment=True, content_commitment=False,
    data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
    encipher_only=False, decipher_only=False,
)  # fmt: skip
_AUTHORITY_USAGE = x509.KeyUsage(
    digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
    key_encipherment=False, data_encipherment=False, key_agreement=False,
    encipher_only=False, decipher_only=False,
)  # fmt: skip


class Authority:
    """The cluster's certificate authority in ``directory`` (ca.crt, ca.key), made where none was.

    Raises ValueError where half of it is lost, or all of it but what it signed. What it signs ends
    with it at the latest; signing raises ValueError when that has come.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.path = directory / "ca.crt"
        key_path = directory / "ca.key"
        if self.path.exists() and key_path.exists():
            self._certificate = x509.load_pem_x509_certificate(self.path.read_bytes())
            self._key = read_key(key_path.read_bytes())
            return
        if any(directory.glob("*.crt")):
            # another authority in its place would be trusted by nobody who knows this one
            lost = key_path if self.path.exists() else self.path
            raise ValueError(f"{lost.name} is gone")
        self._key = new_key()
        self._certificate = _own_certificate(self._key)
        # the key first: a certificate without its key would be taken for a finished authority
        write_private(key_path, encoded(self._key))
        write_private(self.path, self._certificate.public_bytes(serialization.Encoding.PEM))

    def server(self, name: str, hosts: Sequence[str]) -> None:
        """Ensure ``name``.crt and ``name``.key serve all of ``hosts`` (names or addresses)."""
        wanted = {_general_name(host) for host in hosts}
        known = self._usable(name)
        if known is not None and wanted <= _served(known):
            return
        self._issue(name, name, (), ExtendedKeyUsageOID.SERVER_AUTH, sorted(wanted, key=repr))

    def client(self, name: str, user: str, groups: Sequence[str]) -> None:
        """Ensure ``name``.crt and ``name``.key identify ``user`` in ``groups``."""
        if self._usable(name) is None:
            self._issue(name, user, groups, ExtendedKeyUsageOID.CLIENT_AUTH, ())

    def sign(self, request: bytes, seconds: int, now: datetime.datetime) -> bytes:
        """Return a client certificate (PEM) for a request (PEM): its subject, names and key.

        It is valid for so many seconds. Raises ValueError.
        """
        asked = requests.read(request)
        if not asked.is_signature_valid:
            raise ValueError("unable to verify certificate request signature")
        builder = self._leaf(
            asked.subject,
            asked.public_key(),
            ExtendedKeyUsageOID.CLIENT_AUTH,
            now,
            datetime.timedelta(seconds=seconds),
        ).add_extension(_CLIENT_USAGE, critical=True)
        for extension in requests.extensions(asked):
            if isinstance(extension.value, x509.SubjectAlternativeName):
                builder = builder.add_extension(extension.value, critical=False)
        return self._signed(builder)

    def clients(self, users: Sequence[str], groups: Sequence[str]) -> tuple[str, list[str]]:
        """Return a new key, and a certificate of each of ``users`` for that key, all in PEM."""
        key = new_key()
        purpose = ExtendedKeyUsageOID.CLIENT_AUTH
        made = [self._certificate_of(key, user, groups, purpose, ()) for user in users]
        return encoded(key).decode(), [one.decode() for one in made]

    def _usable(self, name: str) -> x509.Certificate | None:
        """Return a certificate that need not be made anew: it has its key, and lasts.

        One that ends before long does not last, unless another would end no later.
        """
        files = (self._directory / f"{name}.{kind}" for kind in ("crt", "key"))
        try:
            pem, key = (file.read_text() for file in files)
            if tlspairs.refusal(pem, key):
                return None
            known = x509.load_pem_x509_certificate(pem.encode())
        except (OSError, ValueError):
            return None
        end, now = known.not_valid_after_utc, datetime.datetime.now(datetime.UTC)
        lasts = end > now + SOON or end >= self._certificate.not_valid_after_utc
        return known if lasts and end > now else None

    def _issue(
        self,
        name: str,
        user: str,
        groups: Sequence[str],
        purpose: x509.ObjectIdentifier,
        alternatives: Sequence[x509.GeneralName],
    ) -> None:
        place = self._directory / f"{name}.key"
        key = _kept_key(place)
        certificate = self._certificate_of(key, user, groups, purpose, alternatives)
        write_private(place, encoded(key))
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
        now = datetime.datetime.now(datetime.UTC)
        lasting = datetime.timedelta(days=DAYS)
        builder = self._leaf(subject, key.public_key(), purpose, now, lasting)
        if alternatives:
            builder = builder.add_extension(
                x509.SubjectAlternativeName(alternatives), critical=False
            )
        return self._signed(builder)

    def _leaf(
        self,
        subject: x509.Name,
        key: CertificatePublicKeyTypes,
        purpose: x509.ObjectIdentifier,
        now: datetime.datetime,
        lasting: datetime.timedelta,
    ) -> x509.CertificateBuilder:
        """Return what every certificate has that is no authority's."""
        end = min(now + lasting, self._certificate.not_valid_after_utc)
        if end <= now:
            raise ValueError(f"the cluster's authority has ended, on {end:%Y-%m-%d}")
        return (
            _valid(subject, self._certificate.subject, key, now, end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )

    def _signed(self, builder: x509.CertificateBuilder) -> bytes:
        certificate = builder.sign(self._key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM)


def _kept_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Return the key that is there, with which both files belong together whenever this ends."""
    try:
        return read_key(path.read_bytes())
    except (OSError, ValueError):
        return new_key()


def _own_certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """Return an authority's certificate, which its own key signs."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mk8s-ca")])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        _valid(name, name, key.public_key(), now, now + datetime.timedelta(days=DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_AUTHORITY_USAGE, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return builder.sign(key, hashes.SHA256())


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


def _served(certificate: x509.Certificate) -> set[x509.GeneralName]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return set()
    return set(extension.value)

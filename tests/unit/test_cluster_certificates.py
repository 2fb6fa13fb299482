"""The authority is made once; server certificates follow the hosts that they must serve."""

from __future__ import annotations

import base64
import ssl
from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from minikube8s.cluster import preparing
from minikube8s.cluster.authority import signing, trust
from minikube8s.cluster.authority.certificates import Authority
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.controllers.certificates import Unsignable
from minikube8s.kit import tlspairs
from minikube8s.kit.validity import validity
from tests.support.tlspairs import made_pair


def test_an_authority_is_made_once_and_its_leaves_are_kept(tmp_path: Path) -> None:
    first = Authority(tmp_path)
    first.server("apiserver", ["127.0.0.1", "localhost"])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    again = Authority(tmp_path)
    again.server("apiserver", ["localhost"])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_server_certificate_is_renewed_for_a_host_that_it_does_not_name(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.server("apiserver", ["127.0.0.1"])
    before = (tmp_path / "apiserver.crt").read_bytes()
    key = (tmp_path / "apiserver.key").read_bytes()
    authority.server("apiserver", ["127.0.0.1", "10.0.0.5"])
    assert (tmp_path / "apiserver.crt").read_bytes() != before
    # so the two belong together, whenever their making ends
    assert (tmp_path / "apiserver.key").read_bytes() == key
    (tmp_path / "apiserver.key").write_text("damaged")
    authority.server("apiserver", ["10.0.0.6"])
    ssl.create_default_context().load_cert_chain(
        tmp_path / "apiserver.crt", tmp_path / "apiserver.key"
    )


@pytest.mark.parametrize(("days", "kept"), [(-1, False), (100, False), (200, True)])
def test_certificates_whose_time_is_over_before_long_are_made_anew(
    tmp_path: Path, days: int, kept: bool
) -> None:
    authority = Authority(tmp_path)
    certificate, key = made_pair("localhost", days=days)
    for name in ("server", "admin"):
        (tmp_path / f"{name}.crt").write_text(certificate)
        (tmp_path / f"{name}.key").write_text(key)
    authority.server("server", ["localhost"])
    authority.client("admin", "admin", [])
    for name in ("server", "admin"):
        assert ((tmp_path / f"{name}.crt").read_text() == certificate) is kept


@pytest.mark.parametrize("lost", ["crt", "key"])
@pytest.mark.parametrize("damage", [None, "", "nonsense", "another"])
def test_a_pair_of_which_a_half_is_damaged_is_made_anew(
    tmp_path: Path, lost: str, damage: str | None
) -> None:
    authority = Authority(tmp_path)
    authority.server("apiserver", ["localhost"])
    files = {kind: tmp_path / f"apiserver.{kind}" for kind in ("crt", "key")}
    files[lost].unlink()
    if damage == "another":
        damage = made_pair("localhost", days=300)[lost == "key"]
    if damage is not None:
        files[lost].write_text(damage)
    authority.server("apiserver", ["localhost"])
    assert not tlspairs.refusal(*(file.read_text() for file in files.values()))


def test_what_an_authority_signs_ends_with_it_and_is_not_made_anew_for_that(tmp_path: Path) -> None:
    ends = an_old_authority(tmp_path, days=100)
    authority = Authority(tmp_path)
    for _ in range(2):
        authority.client("admin", "admin", [])
    certificate = (tmp_path / "admin.crt").read_bytes()
    assert validity(certificate).ends == ends
    authority.client("admin", "admin", [])
    assert (tmp_path / "admin.crt").read_bytes() == certificate


@pytest.mark.parametrize(
    ("lost", "told"),
    [(["ca.crt"], "ca.crt is gone"), (["ca.key"], "ca.key is gone"),
     (["ca.crt", "ca.key"], "ca.crt is gone")],
)  # fmt: skip
def test_an_authority_that_is_lost_is_not_replaced_by_one_that_nobody_trusts(
    tmp_path: Path, lost: list[str], told: str
) -> None:
    home, settings = Home(tmp_path), Settings(node_name="n1")
    trust.ensure_certificates(home, settings)
    for name in lost:
        (home.pki / name).unlink()
    before = sorted(path.name for path in home.pki.iterdir())
    with pytest.raises(ClusterError, match=f"{told}.*remove the cluster with `mk8s down --purge`"):
        trust.ensure_certificates(home, settings)
    assert sorted(path.name for path in home.pki.iterdir()) == before


def test_what_is_left_of_a_cluster_without_its_settings_is_not_removed(tmp_path: Path) -> None:
    home, settings = Home(tmp_path / "home"), Settings(node_name="n1")
    preparing.prepare(home, settings, None)
    for lost in (home.pki / "ca.key", home.settings):
        lost.unlink()
    (home.path / "state").write_text("objects")
    with pytest.raises(ClusterError, match=r"ca\.key is gone"):
        preparing.prepare(home, settings, None)
    assert (home.path / "state").exists()
    assert not home.exists()


def test_an_authority_whose_making_was_interrupted_is_made(tmp_path: Path) -> None:
    Authority(tmp_path)
    (tmp_path / "ca.crt").unlink()
    Authority(tmp_path).client("admin", "admin", [])
    assert (
        tlspairs.refusal(*((tmp_path / f"admin.{kind}").read_text() for kind in ("crt", "key")))
        == ""
    )


def test_an_authority_that_has_ended_is_a_sentence_with_the_way_out(tmp_path: Path) -> None:
    home = Home(tmp_path)
    ends = an_old_authority(home.pki, days=-3)
    said = f"ended, on {ends:%Y-%m-%d}.*remove the cluster with `mk8s down --purge`"
    with pytest.raises(ClusterError, match=said):
        trust.ensure_certificates(home, Settings(node_name="n1"))


def an_old_authority(directory: Path, days: int) -> datetime:
    """Files of one that ends in so many days, and when that is."""
    certificate, key = made_pair("mk8s-ca", days=days)
    directory.mkdir(exist_ok=True)
    (directory / "ca.crt").write_text(certificate)
    (directory / "ca.key").write_text(key)
    return validity(certificate.encode()).ends


def test_a_server_and_a_client_certificate_of_one_authority_trust_each_other(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path)
    authority.server("apiserver", ["localhost"])
    authority.client("admin", "kubernetes-admin", ["system:masters"])
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=tmp_path / "ca.crt")
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_cert_chain(tmp_path / "apiserver.crt", tmp_path / "apiserver.key")
    client = ssl.create_default_context(cafile=tmp_path / "ca.crt")
    client.load_cert_chain(tmp_path / "admin.crt", tmp_path / "admin.key")
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    caller = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    answerer = server.wrap_bio(to_server, to_client, server_side=True)
    done: set[ssl.SSLObject] = set()
    for _ in range(10):
        for side in (caller, answerer):
            try:
                side.do_handshake()
                done.add(side)
            except ssl.SSLWantReadError:
                continue
    assert done == {caller, answerer}
    peer = answerer.getpeercert() or {}
    subject = {key: value for pairs in peer["subject"] for key, value in pairs}  # type: ignore
    assert subject == {"commonName": "kubernetes-admin", "organizationName": "system:masters"}


def test_private_keys_are_readable_for_their_owner_alone(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.client("admin", "kubernetes-admin", ["system:masters"])
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.glob("*.key"))


def test_a_request_that_cannot_be_read_is_refused_with_a_sentence(tmp_path: Path) -> None:
    """One extension twice, which no library makes."""
    key = ec.generate_private_key(ec.SECP256R1())
    asked = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    for number in ("1.2.3.4", "1.2.3.5"):
        extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(number), b"\x05\x00")
        asked = asked.add_extension(extension, critical=False)
    content = asked.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    twice = base64.encodebytes(content.replace(b"\x06\x03\x2a\x03\x05", b"\x06\x03\x2a\x03\x04"))
    label = b"CERTIFICATE REQUEST-----\n"
    with pytest.raises(Unsignable, match="unable to read the request's extensions: Duplicate"):
        signing.subject(b"-----BEGIN " + label + twice + b"-----END " + label)

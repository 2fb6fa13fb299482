"""Certificate requests: what is signed, how, and when requests are removed."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from minikube8s.api.meta import now_rfc3339
from minikube8s.api.views import Node, from_dict
from minikube8s.cluster.authority import signing
from minikube8s.cluster.authority.certificates import Authority
from minikube8s.controllers.certificates import (
    LONGEST,
    NODE_SIGNER,
    SIGNER,
    CertificateController,
    Subject,
    Unsignable,
)
from minikube8s.controllers.nodecertificates import NodeApprovalController, Snapshot, taken
from minikube8s.server.config import MalformedRequest
from tests.support.requests import certificate_request

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def request(*verdicts: str, age: timedelta = timedelta(), **spec: Any) -> dict[str, Any]:
    moment = now_rfc3339(NOW - age)
    conditions = [{"type": one, "status": "True", "lastUpdateTime": moment} for one in verdicts]
    metadata = {"name": "r", "uid": "u", "resourceVersion": "1", "creationTimestamp": moment}
    asked = {"request": "cmVx", "signerName": SIGNER, "usages": ["client auth"], **spec}
    return {"metadata": metadata, "spec": asked, "status": {"conditions": conditions}}


class Signer:
    """Signs anything, and remembers what it was asked."""

    def __init__(self, refusal: str = "") -> None:
        self.asked: list[tuple[bytes, int]] = []
        self._refusal = refusal

    def __call__(self, pem: bytes, seconds: int, now: datetime) -> bytes:
        if self._refusal:
            raise Unsignable(self._refusal)
        self.asked.append((pem, seconds))
        return b"CERTIFICATE"


@pytest.mark.parametrize(
    ("spec", "seconds"),
    [
        ({}, LONGEST),
        ({"expirationSeconds": 600}, 600),
        ({"expirationSeconds": 2**31 - 1}, LONGEST),
        ({"usages": ["digital signature", "key encipherment", "client auth"]}, LONGEST),
    ],
)
def test_an_approved_request_is_signed_for_as_long_as_asked(
    spec: dict[str, Any], seconds: int
) -> None:
    signer = Signer()
    plan = CertificateController(signer).plan(request("Approved", **spec), NOW)
    assert signer.asked == [(b"req", seconds)]
    assert plan.status is not None
    assert base64.b64decode(plan.status.status["certificate"]) == b"CERTIFICATE"
    assert plan.status.status["conditions"][0]["type"] == "Approved"


@pytest.mark.parametrize(
    "obj",
    [
        request(),
        request("Denied"),
        request("Approved", "Failed"),
        request("Approved", signerName="example.com/other"),
        request("Approved") | {"status": {"certificate": "Q0VSVA==", "conditions": []}},
    ],
    ids=["pending", "denied", "failed", "another signer's", "signed"],
)
def test_nothing_else_is_signed(obj: dict[str, Any]) -> None:
    signer = Signer()
    plan = CertificateController(signer).plan(obj, NOW)
    assert (plan.status, signer.asked) == (None, [])


@pytest.mark.parametrize("usages", [["server auth"], ["client auth", "server auth"], ["signing"]])
def test_usages_that_are_no_clients_fail_the_request(usages: list[str]) -> None:
    plan = CertificateController(Signer()).plan(request("Approved", usages=usages), NOW)
    assert plan.status is not None
    failed = plan.status.status["conditions"][-1]
    assert (failed["type"], failed["reason"]) == ("Failed", "SignerValidationFailure")
    assert failed["message"].startswith("invalid usages for client certificate: [")
    assert "certificate" not in plan.status.status


def test_a_request_that_cannot_be_signed_fails() -> None:
    plan = CertificateController(Signer("no such curve")).plan(request("Approved"), NOW)
    assert plan.status is not None
    assert plan.status.status["conditions"][-1]["message"] == "no such curve"


@pytest.mark.parametrize(
    ("obj", "hours"),
    [
        (request(), 24),
        (request("Denied"), 1),
        (request("Approved", "Failed"), 1),
        (request("Approved", signerName="example.com/other"), 1),
    ],
    ids=["pending", "denied", "failed", "approved"],
)
def test_a_request_is_removed_in_the_end(obj: dict[str, Any], hours: int) -> None:
    controller = CertificateController(Signer())
    plan = controller.plan(obj, NOW)
    assert (plan.requeue_after, plan.deletes) == (hours * 3600, ())
    late = controller.plan(obj, NOW + timedelta(hours=hours))
    assert [one.target.name for one in late.deletes] == ["r"]


def test_the_certificate_is_the_requests_subject_and_a_clients(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    _, pem = certificate_request("jane", "devs", "ops", host="jane.example.com")
    made = x509.load_pem_x509_certificate(signing.signer(tmp_path)(pem, 3600, NOW))
    made.verify_directly_issued_by(
        x509.load_pem_x509_certificate((tmp_path / "ca.crt").read_bytes())
    )
    assert authority.path.exists()
    groups = made.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    assert [group.value for group in groups] == ["devs", "ops"]
    assert made.not_valid_after_utc == NOW + timedelta(hours=1)
    extensions = made.extensions
    usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["jane.example.com"]


def test_a_certificate_does_not_outlive_its_authority(tmp_path: Path) -> None:
    Authority(tmp_path)
    authority = x509.load_pem_x509_certificate((tmp_path / "ca.crt").read_bytes())
    _, pem = certificate_request("jane")
    late = authority.not_valid_after_utc - timedelta(hours=1)
    made = x509.load_pem_x509_certificate(signing.signer(tmp_path)(pem, LONGEST, late))
    assert made.not_valid_after_utc == authority.not_valid_after_utc


def test_a_request_signed_by_another_key_is_not_signed(tmp_path: Path) -> None:
    Authority(tmp_path)
    _, pem = certificate_request("jane")
    lines = pem.decode().strip().splitlines()
    raw = bytearray(base64.b64decode("".join(lines[1:-1])))
    raw[-1] ^= 1
    forged = "\n".join([lines[0], base64.b64encode(raw).decode(), lines[-1]]).encode()
    with pytest.raises(Unsignable, match="unable to verify certificate request signature"):
        signing.signer(tmp_path)(forged, 3600, NOW)


@pytest.mark.parametrize("kind", ["UTF8String", "PrintableString", "BMPString", "T61String"])
@pytest.mark.parametrize("before", [b"", b"x\n", b"-----BEGIN X-----\nAAAA\n-----END X-----\n"])
def test_groups_are_read_however_they_are_written(kind: str, before: bytes) -> None:
    _, pem = certificate_request("eve", "system:masters", kind=kind)
    assert signing.organizations(before + pem) == ("system:masters",)


def test_what_is_no_request_is_told() -> None:
    with pytest.raises(MalformedRequest, match="PEM block type must be CERTIFICATE REQUEST"):
        signing.organizations(b"x")
    broken = b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"
    with pytest.raises(MalformedRequest):
        signing.organizations(broken)


@pytest.mark.parametrize(
    ("labels", "ready", "refused"),
    [
        ({}, "True", 'node "n" exists and is Ready'),
        ({}, "Unknown", ""),
        ({"node-role.kubernetes.io/control-plane": ""}, "Unknown", 'node "n" is the master\'s own'),
    ],
)
def test_who_joins_gets_no_name_of_a_ready_node_and_never_the_masters(
    labels: dict[str, str], ready: str, refused: str
) -> None:
    subject = Subject("system:node:n", ("system:nodes",), more=False)
    controller = NodeApprovalController(lambda _: subject, lambda _, what: what == "nodeclient")
    conditions = [{"type": "Ready", "status": ready}]
    node = {"metadata": {"name": "n", "labels": labels}, "status": {"conditions": conditions}}
    usages = ["digital signature", "client auth"]
    asked = request(signerName=NODE_SIGNER, usages=usages, username="system:bootstrap:abcdef")
    (patch,) = controller.plan(Snapshot(asked, taken([from_dict(Node, node)])), NOW).patches
    (verdict,) = patch.patch["status"]["conditions"]
    assert verdict["type"] == ("Denied" if refused else "Approved")
    assert refused in verdict["message"]

"""Nobody gets a certificate of the group that passes every check."""

from __future__ import annotations

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import CERTIFICATESIGNINGREQUESTS, NAMESPACES
from minikube8s.api.strategy import for_resource
from minikube8s.registry.admission.certificates import SIGNER
from tests.support.registries import a_registry


def request_for(group: str, kind: _ASN1Type = _ASN1Type.UTF8String) -> str:
    names = [
        x509.NameAttribute(NameOID.COMMON_NAME, "ann"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, group, _type=kind),
    ]
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return base64.b64encode(pem).decode()


@pytest.mark.parametrize(
    ("group", "kind", "allowed"),
    [
        ("system:masters", _ASN1Type.UTF8String, False),
        ("system:masters", _ASN1Type.PrintableString, False),
        ("system:masters", _ASN1Type.BMPString, False),
        ("system:mastersmith", _ASN1Type.UTF8String, True),
        ("developers", _ASN1Type.UTF8String, True),
    ],
)
async def test_a_certificate_of_the_masters_cannot_be_asked_for(
    group: str, kind: _ASN1Type, allowed: bool
) -> None:
    spec = {"request": request_for(group, kind), "signerName": SIGNER, "usages": ["client auth"]}
    body = {"metadata": {"name": "ann"}, "spec": spec}
    async with a_registry() as registry:
        if allowed:
            await registry.create(CERTIFICATESIGNINGREQUESTS, None, body)
            return
        with pytest.raises(ApiError) as refused:
            await registry.create(CERTIFICATESIGNINGREQUESTS, None, body)
        assert refused.value.message == (
            'certificatesigningrequests.certificates.k8s.io "ann" is forbidden: use of'
            " kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed"
        )


def test_labels_that_ask_for_checks_of_pods_are_warned_of() -> None:
    labels = {"pod-security.kubernetes.io/enforce": "restricted", "team": "a"}
    namespace = {"metadata": {"name": "x", "labels": labels}, "spec": {}}
    assert for_resource(NAMESPACES).warnings(namespace) == [
        "metadata.labels[pod-security.kubernetes.io/enforce]: mk8s stores this but does not act"
        " on it yet"
    ]

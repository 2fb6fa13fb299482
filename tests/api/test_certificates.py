"""Certificate requests: the teachers' exercise with kubectl, and who may decide."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.apiserver import ApiServer, Reply
from tests.api.controllers import controlled
from tests.api.kubectl import Kubectl
from tests.support.requests import certificate_request
from tests.support.wait import until

ROOT = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
GROUP = "certificates.k8s.io"
SIGNER = "kubernetes.io/kube-apiserver-client"


@pytest.fixture
def signed(api: ApiServer) -> Iterator[ApiServer]:
    """The API server with the controllers, which sign as its authority."""

    with controlled(api):
        yield api


def body(name: str, pem: bytes, **spec: Any) -> dict[str, Any]:
    asked = {
        "request": base64.b64encode(pem).decode(),
        "signerName": SIGNER,
        "usages": ["client auth"],
        **spec,
    }
    kind = {"apiVersion": f"{GROUP}/v1", "kind": "CertificateSigningRequest"}
    return {**kind, "metadata": {"name": name}, "spec": asked}


def verdict(api: ApiServer, name: str, part: str, *types: str, **headers: str) -> Reply:
    """Write conditions through a subresource, on the state of now."""
    current = api.get(f"{ROOT}/{name}").json
    conditions = [{"type": one, "status": "True", "reason": "Fine"} for one in types]
    current["status"] = current.get("status", {}) | {"conditions": conditions}
    return api.request("PUT", f"{ROOT}/{name}/{part}", current, **headers)


def test_a_user_is_made_with_a_request(kubectl: Kubectl, signed: ApiServer) -> None:
    name = f"jane-{kubectl.namespace}"
    key, pem = certificate_request(name, "devs")
    path = kubectl.file("csr.json", json.dumps(body(name, pem, expirationSeconds=86400)))
    kubectl("apply", "-f", path)
    row = kubectl("get", "csr", name).splitlines()[1].split()
    assert (row[0], row[2], row[3]) == (name, SIGNER, "admin")
    assert row[-1] == "Pending"
    kubectl("certificate", "approve", name)
    issued = until("issued", lambda: "Approved,Issued" in kubectl("get", "csr", name))
    assert issued
    certificate = kubectl("get", "csr", name, "-o", "jsonpath={.status.certificate}")
    kubectl.file("jane.crt", base64.b64decode(certificate).decode())
    kubectl.file("jane.key", key.decode())
    kubectl(
        "config", "set-credentials", name, "--client-certificate", f"{kubectl.directory}/jane.crt",
        "--client-key", f"{kubectl.directory}/jane.key",
    )  # fmt: skip
    refused = kubectl.fails("get", "pods", "--user", name)
    assert f'User "{name}" cannot list resource "pods"' in refused
    kubectl("create", "rolebinding", "jane", "--clusterrole=view", "--group=devs")
    kubectl("get", "pods", "--user", name)
    assert "devs" not in kubectl("describe", "csr", name).split("Subject:")[0]


def test_a_denied_request_gets_no_certificate(kubectl: Kubectl, signed: ApiServer) -> None:
    name = f"tom-{kubectl.namespace}"
    _, pem = certificate_request(name)
    kubectl("create", "-f", kubectl.file("csr.json", json.dumps(body(name, pem))))
    kubectl("certificate", "deny", name)
    assert kubectl("get", "csr", name).splitlines()[1].split()[-1] == "Denied"
    assert "is already Denied" in kubectl.fails("certificate", "approve", name)
    assert "certificate" not in kubectl.json("get", "csr", name)["status"]


def test_who_asks_is_written_down_and_stays(api: ApiServer, namespace: str) -> None:
    name = f"who-{namespace}"
    _, pem = certificate_request(name)
    claimed = body(name, pem, username="admin", groups=["system:masters"], uid="1")
    headers = {
        "impersonate_user": "ann",
        "impersonate_group": "makers",
        "impersonate_extra_team": "a",
    }
    rules = [{"apiGroups": [GROUP], "resources": ["*"], "verbs": ["create", "update", "get"]}]
    api.create(f"{RBAC}/clusterroles", {"metadata": {"name": name}, "rules": rules})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    subjects = [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "ann"}]
    binding = {"metadata": {"name": name}, "roleRef": reference, "subjects": subjects}
    api.create(f"{RBAC}/clusterrolebindings", binding)
    reply = api.post(ROOT, claimed, **headers)
    assert reply.code == 201, reply.data
    spec = reply.json["spec"]
    assert (spec["username"], spec["groups"]) == ("ann", ["makers", "system:authenticated"])
    assert spec["extra"] == {"team": ["a"]}
    assert "uid" not in spec
    changed = reply.json | {"spec": spec | {"username": "admin"}}
    assert api.request("PUT", f"{ROOT}/{name}", changed).json["spec"] == spec


def test_applying_writes_down_who_asks_too(api: ApiServer, namespace: str) -> None:
    name = f"applied-{namespace}"
    _, pem = certificate_request(name)
    media = "application/apply-patch+yaml"
    path = f"{ROOT}/{name}?fieldManager=t"
    for code in (201, 200):
        reply = api.request("PATCH", path, body(name, pem), content_type=media)
        assert (reply.code, reply.json["spec"]["username"]) == (code, "admin")


def test_only_who_may_approve_for_the_signer_approves(api: ApiServer, namespace: str) -> None:
    name = f"approve-{namespace}"
    _, pem = certificate_request(name)
    api.create(ROOT, body(name, pem))
    ann = {"impersonate_user": name}
    assert verdict(api, name, "approval", "Approved", **ann).code == 403
    rules = [
        {
            "apiGroups": [GROUP],
            "resources": ["certificatesigningrequests/approval"],
            "verbs": ["update"],
        }
    ]
    api.create(f"{RBAC}/clusterroles", {"metadata": {"name": name}, "rules": rules})
    bind(api, name, name)
    reply = verdict(api, name, "approval", "Approved", **ann)
    assert (reply.code, reply.json["message"]) == (
        403,
        f'certificatesigningrequests.{GROUP} "{name}" is forbidden: user not permitted to approve '
        f'requests with signerName "{SIGNER}"',
    )
    bind(api, f"{name}-signers", "system:certificates.k8s.io:kube-apiserver-client-approver", name)
    assert verdict(api, name, "approval", "Approved", **ann).code == 200


def bind(api: ApiServer, name: str, role: str, user: str = "") -> None:
    group = "rbac.authorization.k8s.io"
    subjects = [{"kind": "User", "apiGroup": group, "name": user or name}]
    reference = {"apiGroup": group, "kind": "ClusterRole", "name": role}
    binding = {"metadata": {"name": name}, "roleRef": reference, "subjects": subjects}
    api.create(f"{RBAC}/clusterrolebindings", binding)


def test_only_who_may_sign_for_the_signer_writes_a_certificate(
    api: ApiServer, namespace: str
) -> None:
    name = f"sign-{namespace}"
    _, pem = certificate_request(name)
    signer = "example.com/mine"
    api.create(ROOT, body(name, pem, signerName=signer))
    resources = ["certificatesigningrequests/status"]
    rules = [{"apiGroups": [GROUP], "resources": resources, "verbs": ["update"]}]
    api.create(f"{RBAC}/clusterroles", {"metadata": {"name": name}, "rules": rules})
    bind(api, name, name)
    certificate = base64.b64encode((api.directory / "admin.crt").read_bytes()).decode()

    def write(**headers: str) -> Reply:
        current = api.get(f"{ROOT}/{name}").json
        current["status"] = {"certificate": certificate}
        return api.request("PUT", f"{ROOT}/{name}/status", current, **headers)

    reply = write(impersonate_user=name)
    assert reply.code == 403
    assert f'not permitted to sign requests with signerName "{signer}"' in reply.json["message"]
    rule = {"apiGroups": [GROUP], "resources": ["signers"], "verbs": ["sign"]}
    rules = [rule | {"resourceNames": ["example.com/*"]}]
    api.create(f"{RBAC}/clusterroles", {"metadata": {"name": f"{name}-s"}, "rules": rules})
    bind(api, f"{name}-s", f"{name}-s", name)
    reply = write(impersonate_user=name)
    assert (reply.code, reply.json["status"]["certificate"]) == (200, certificate)


def test_nobody_becomes_a_master_by_a_request(api: ApiServer, namespace: str) -> None:
    _, pem = certificate_request("eve", "system:masters")
    reply = api.post(ROOT, body(f"eve-{namespace}", pem))
    assert (reply.code, reply.json["message"]) == (
        403,
        f'certificatesigningrequests.{GROUP} "eve-{namespace}" is forbidden: use of {SIGNER} '
        "signer with system:masters group is not allowed",
    )
    other = api.post(ROOT, body(f"eve-{namespace}", pem, signerName="example.com/other"))
    assert other.code == 201


@pytest.mark.parametrize("how", ["create", "apply"])
def test_what_is_no_request_is_refused(api: ApiServer, namespace: str, how: str) -> None:
    name = f"bad-{namespace}"
    bad = body(name, b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n")
    if how == "create":
        reply = api.post(ROOT, bad)
    else:
        media = "application/apply-patch+yaml"
        reply = api.request("PATCH", f"{ROOT}/{name}?fieldManager=t", bad, content_type=media)
    assert reply.code == 422
    assert [one["field"] for one in reply.json["details"]["causes"]] == ["spec.request"]
    assert api.get(f"{ROOT}/{name}").code == 404


def test_verdicts_are_given_through_approval_alone_and_stay(api: ApiServer, namespace: str) -> None:
    name = f"verdict-{namespace}"
    _, pem = certificate_request(name)
    api.create(ROOT, body(name, pem))
    reply = verdict(api, name, "status", "Approved")
    assert (reply.code, reply.json["details"]["causes"][0]["message"]) == (
        422,
        'Forbidden: updates may not add a condition of type "Approved"',
    )
    reply = verdict(api, name, "approval", "Approved")
    [condition] = reply.json["status"]["conditions"]
    assert condition["lastUpdateTime"] and condition["lastTransitionTime"]
    for types, why in (
        ((), 'updates may not remove a condition of type "Approved"'),
        (("Approved", "Denied"), "Approved and Denied conditions are mutually exclusive"),
    ):
        reply = verdict(api, name, "approval", *types)
        assert reply.code == 422
        assert why in reply.json["message"]
    reply = verdict(api, name, "status", "Approved", "Failed")
    assert reply.code == 422
    assert 'may not modify a condition of type "Approved"' in reply.json["message"]

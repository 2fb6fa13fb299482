"""Joining by the API: tokens, what they open, and the certificate that they lead to."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from minikube8s.api import bootstraptokens
from minikube8s.registry import clusterinfo
from tests.api.apiserver import ApiServer
from tests.api.controllers import controlled
from tests.support.requests import certificate_request
from tests.support.wait import until

SECRETS = "/api/v1/namespaces/kube-system/secrets"
REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
SIGNER = "kubernetes.io/kube-apiserver-client-kubelet"
USAGES = ["digital signature", "client auth"]
KEY = "0123456789abcdef"


@pytest.fixture(scope="module")
def joinable(api: ApiServer) -> Iterator[ApiServer]:
    """The API server with the controllers."""
    with controlled(api):
        yield api


def make(api: ApiServer, id_: str, seconds: float | None = 3600, **data: str) -> str:
    """Make a token, with other data than usual; returns it."""
    until_ = None if seconds is None else datetime.now(UTC) + timedelta(seconds=seconds)
    secret = bootstraptokens.make(id_, KEY, until_)
    secret["data"] |= {
        key.replace("_", "-"): base64.b64encode(value.encode()).decode()
        for key, value in data.items()
    }
    assert api.request("POST", SECRETS, secret).code == 201
    return f"{id_}.{KEY}"


def ask(
    api: ApiServer, token: str, method: str, path: str, body: Any = None, user: str = ""
) -> Any:
    """Ask as the token's bearer, or as a user."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return api.request(method, path, body, user=user, **headers)


def request_for(api: ApiServer, token: str, name: str, node: str, **spec: Any) -> Any:
    user = spec.pop("user", "")
    pem = spec.pop("pem", None) or certificate_request(f"system:node:{node}", "system:nodes")[1]
    body = {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": name},
        "spec": {
            "request": base64.b64encode(pem).decode(),
            "signerName": SIGNER,
            "usages": USAGES,
            **spec,
        },
    }
    return ask(api, token, "POST", REQUESTS, body, user)


def conditions(api: ApiServer, name: str) -> dict[str, dict[str, Any]]:
    status = api.get(f"{REQUESTS}/{name}").json["status"]
    return {one["type"]: one for one in status.get("conditions", [])}


def test_a_token_makes_its_bearer_a_bootstrapper_with_the_tokens_groups(
    joinable: ApiServer,
) -> None:
    token = make(joinable, "aaaaa1")
    user = ask(joinable, token, "POST", WHO, REVIEW).json["status"]["userInfo"]
    assert user["username"] == "system:bootstrap:aaaaa1"
    assert user["groups"] == [
        "system:bootstrappers",
        "system:bootstrappers:kubeadm:default-node-token",
        "system:authenticated",
    ]
    review = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": {"token": token},
    }
    said = joinable.request("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review).json
    assert said["status"]["authenticated"] is True
    assert said["status"]["user"]["username"] == "system:bootstrap:aaaaa1"


@pytest.mark.parametrize(
    ("id_", "data", "token"),
    [
        ("bbbbb1", {}, "bbbbb1.0123456789abcdeX"),
        ("bbbbb2", {}, "bbbbb2.0123456789abcdee"),
        ("bbbbb3", {"usage_bootstrap_authentication": "false"}, f"bbbbb3.{KEY}"),
        ("bbbbb4", {"auth_extra_groups": "system:masters"}, f"bbbbb4.{KEY}"),
        ("bbbbb5", {"token_id": "bbbbbx"}, f"bbbbb5.{KEY}"),
        ("bbbbb6", {}, f"nobody.{KEY}"),
    ],
    ids=["form", "secret", "usage", "groups", "id", "unknown"],
)
def test_other_tokens_are_refused(
    joinable: ApiServer, id_: str, data: dict[str, str], token: str
) -> None:
    make(joinable, id_, **data)
    assert ask(joinable, token, "POST", WHO, REVIEW).code == 401


def test_an_expired_token_is_refused_and_its_secret_removed(joinable: ApiServer) -> None:
    token = make(joinable, "ccccc1", 1.5)
    gone = f"{SECRETS}/bootstrap-token-ccccc1"
    until("it is removed on time", lambda: joinable.get(gone).code == 404)
    assert ask(joinable, token, "POST", WHO, REVIEW).code == 401
    make(joinable, "ccccc2", None)
    assert joinable.get(f"{SECRETS}/bootstrap-token-ccccc2").code == 200


def test_everybody_may_read_how_to_trust_the_cluster_and_nothing_else_there(
    joinable: ApiServer,
) -> None:
    info = clusterinfo.ClusterInfo("https://10.0.0.5:6443", b"PEM", {"name": "mk8s"})
    joinable.run(clusterinfo.publish(joinable.registry, info))
    maps = "/api/v1/namespaces/kube-public/configmaps"
    said = joinable.request("GET", f"{maps}/cluster-info", user="")
    assert "server: https://10.0.0.5:6443" in said.json["data"]["kubeconfig"]
    assert joinable.request("GET", maps, user="").code == 403
    config = "/api/v1/namespaces/kube-system/configmaps/mk8s-config"
    assert joinable.request("GET", config, user="").code == 403
    assert ask(joinable, make(joinable, "ddddd1"), "GET", config).json["data"] == {"name": "mk8s"}


def test_each_token_signs_what_is_told_of_the_cluster_as_long_as_it_is_there(
    joinable: ApiServer,
) -> None:
    import jwt

    info = clusterinfo.ClusterInfo("https://10.0.0.6:6443", b"PEM", {"name": "mk8s"})
    joinable.run(clusterinfo.publish(joinable.registry, info))
    make(joinable, "iiiii1")
    make(joinable, "iiiii2", usage_bootstrap_signing="false")
    place = "/api/v1/namespaces/kube-public/configmaps/cluster-info"

    def signed() -> Any:
        data = joinable.get(place).json["data"]
        return data if "jws-kubeconfig-iiiii1" in data else None

    data = until("it is signed", signed)
    assert "jws-kubeconfig-iiiii2" not in data
    header, _, mark = data["jws-kubeconfig-iiiii1"].split(".")
    body = base64.urlsafe_b64encode(data["kubeconfig"].encode()).rstrip(b"=").decode()
    whole = jwt.api_jws.decode_complete(f"{header}.{body}.{mark}", KEY, algorithms=["HS256"])
    assert whole["header"]["kid"] == "iiiii1"
    assert b"server: https://10.0.0.6:6443" in whole["payload"]
    assert joinable.request("DELETE", f"{SECRETS}/bootstrap-token-iiiii1").code == 200
    until("its signature goes, too", lambda: not signed())


def test_a_bootstrappers_request_for_a_node_is_approved_and_signed(joinable: ApiServer) -> None:
    token = make(joinable, "eeeee1")
    assert request_for(joinable, token, "join-1", "joiner1").code == 201

    def issued() -> Any:
        return ask(joinable, token, "GET", f"{REQUESTS}/join-1").json["status"].get("certificate")

    assert base64.b64decode(until("issued", issued)).startswith(b"-----BEGIN CERTIFICATE-----")
    verdict = conditions(joinable, "join-1")["Approved"]
    assert verdict["reason"] == "AutoApproved"
    assert verdict["message"] == (
        "Auto approving kubelet client certificate after SubjectAccessReview."
    )


def test_the_name_of_a_ready_node_is_refused(joinable: ApiServer) -> None:
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "taken"}}
    assert joinable.request("POST", "/api/v1/nodes", node).code == 201
    ready = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    merge = "application/merge-patch+json"
    path = "/api/v1/nodes/taken/status"
    said = joinable.request("PATCH", path, ready, content_type=merge)
    assert said.code == 200
    request_for(joinable, make(joinable, "fffff1"), "join-2", "taken")
    until("a verdict", lambda: conditions(joinable, "join-2"))
    assert 'node "taken" exists and is Ready' in conditions(joinable, "join-2")["Denied"]["message"]


def test_what_is_no_nodes_request_waits_for_a_human_and_is_not_signed_then(
    joinable: ApiServer,
) -> None:
    token = make(joinable, "ggggg1")
    masters = certificate_request("system:node:x", "system:nodes", "system:masters")[1]
    named = certificate_request("system:node:x", "system:nodes", host="example.com")[1]
    request_for(joinable, token, "odd-1", "x", pem=masters)
    request_for(joinable, token, "odd-2", "x", pem=named)
    request_for(joinable, token, "odd-3", "x", usages=["client auth", "server auth"])
    request_for(joinable, token, "plain", "x")
    until("the plain one is approved", lambda: conditions(joinable, "plain"))
    for name in ("odd-1", "odd-2", "odd-3"):
        current = joinable.get(f"{REQUESTS}/{name}").json
        assert "conditions" not in current["status"]
        approved = {"type": "Approved", "status": "True", "reason": "Fine"}
        current["status"] = {"conditions": [approved]}
        joinable.request("PUT", f"{REQUESTS}/{name}/approval", current)
        until("it fails", lambda: "Failed" in conditions(joinable, name))  # noqa: B023


def test_others_requests_for_nodes_wait_for_a_human(joinable: ApiServer) -> None:
    """But for a node's own one, when it renews its certificate."""
    pem = certificate_request("system:node:n1", "system:nodes")[1]
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "guests-may-ask"},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "system:node-bootstrapper",
        },
        "subjects": [{"kind": "Group", "name": "visitors"}],
    }
    joinable.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding)
    assert request_for(joinable, "", "others", "n1", pem=pem, user="guest").code == 201
    request_for(joinable, "", "own", "n1", pem=pem, user="node")
    until("its own is approved", lambda: "Approved" in conditions(joinable, "own"))
    assert "self kubelet client" in conditions(joinable, "own")["Approved"]["message"]
    assert conditions(joinable, "others") == {}

"""Tokens that live in Secrets of type kubernetes.io/service-account-token."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from tests.api.apiserver import ApiServer, Reply
from tests.api.controllers import controlled
from tests.support.wait import until

NAME = "kubernetes.io/service-account.name"
REVIEWS = "/apis/authentication.k8s.io/v1"


@pytest.fixture(scope="module")
def filled(api: ApiServer) -> Iterator[ApiServer]:
    """The server with the controllers."""
    with controlled(api):
        yield api


def secret(name: str, account: str) -> dict[str, Any]:
    metadata = {"name": name, "annotations": {NAME: account}}
    return {"metadata": metadata, "type": "kubernetes.io/service-account-token"}


@pytest.fixture
def bearer(filled: ApiServer, namespace: str) -> str:
    """The token in the Secret `s` of the account `robot`."""
    root = f"/api/v1/namespaces/{namespace}"
    filled.create(f"{root}/serviceaccounts", {"metadata": {"name": "robot"}})
    filled.create(f"{root}/secrets", secret("s", "robot"))
    return token(filled, namespace)


def token(api: ApiServer, namespace: str) -> str:
    data = until("the token", lambda: read(api, namespace)["data"]["token"])
    return base64.b64decode(data).decode()


def read(api: ApiServer, namespace: str) -> dict[str, Any]:
    reply = api.get(f"/api/v1/namespaces/{namespace}/secrets/s")
    found: dict[str, Any] = reply.json
    return found


def whoami(api: ApiServer, bearer: str) -> Reply:
    path = f"{REVIEWS}/selfsubjectreviews"
    return api.request("POST", path, {}, user="", authorization=f"Bearer {bearer}")


def test_the_secret_is_filled_with_what_a_client_needs(
    filled: ApiServer, bearer: str, namespace: str
) -> None:
    stored = read(filled, namespace)
    told = {key: base64.b64decode(value).decode() for key, value in stored["data"].items()}
    assert told["namespace"] == namespace
    assert told["ca.crt"] == (filled.directory / "ca.crt").read_text()
    account = filled.get(f"/api/v1/namespaces/{namespace}/serviceaccounts/robot").json
    uid = account["metadata"]["uid"]
    assert stored["metadata"]["annotations"]["kubernetes.io/service-account.uid"] == uid
    claims = jwt.decode(bearer, options={"verify_signature": False})
    assert claims["iss"] == "kubernetes/serviceaccount"
    assert "exp" not in claims


def test_its_bearer_is_the_account(filled: ApiServer, bearer: str, namespace: str) -> None:
    info = whoami(filled, bearer).json["status"]["userInfo"]
    assert info["username"] == f"system:serviceaccount:{namespace}:robot"
    assert f"system:serviceaccounts:{namespace}" in info["groups"]
    review = filled.post(f"{REVIEWS}/tokenreviews", {"spec": {"token": bearer}}).json["status"]
    assert review["authenticated"] is True


def test_it_ends_with_its_secret(filled: ApiServer, bearer: str, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/secrets"
    assert filled.request("DELETE", f"{path}/s").code == 200
    assert whoami(filled, bearer).code == 401
    # Nor does another Secret of the name bring it back.
    filled.create(path, {"metadata": {"name": "s"}})
    assert whoami(filled, bearer).code == 401


def test_a_token_taken_out_is_replaced_and_ends(
    filled: ApiServer, bearer: str, namespace: str
) -> None:
    path = f"/api/v1/namespaces/{namespace}/secrets/s"
    media = "application/merge-patch+json"
    other = {"data": {"token": base64.b64encode(b"other").decode()}}
    assert filled.request("PATCH", path, other, content_type=media).code == 200
    assert whoami(filled, bearer).code == 401
    emptied = {"data": {"token": None}}
    assert filled.request("PATCH", path, emptied, content_type=media).code == 200
    assert whoami(filled, token(filled, namespace)).code == 201


def test_the_secret_goes_with_its_account(filled: ApiServer, bearer: str, namespace: str) -> None:
    root = f"/api/v1/namespaces/{namespace}"
    filled.request("DELETE", f"{root}/serviceaccounts/robot")
    assert whoami(filled, bearer).code == 401
    until("removed", lambda: filled.get(f"{root}/secrets/s").code == 404)


def test_a_forged_claim_is_refused(filled: ApiServer, bearer: str) -> None:
    head, claims, signature = bearer.split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    said["sub"] = "system:serviceaccount:kube-system:admin"
    forged = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    assert whoami(filled, ".".join((head, forged, signature))).code == 401

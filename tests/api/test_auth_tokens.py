"""ServiceAccount tokens: made, used, bound, reviewed, and checked by somebody else."""

from typing import Any

import jwt
import pytest

from minikube8s.api.resources import PODS, SECRETS, SERVICEACCOUNTS
from minikube8s.registry import DeleteOptions
from tests.api.apiserver import ApiServer, Reply, pod

ISSUER = "https://kubernetes.default.svc.cluster.local"
REVIEWS = "/apis/authentication.k8s.io/v1"


@pytest.fixture
def account(api: ApiServer, namespace: str) -> str:
    """The path of a ServiceAccount."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    api.create(path, {"metadata": {"name": "robot"}})
    return f"{path}/robot"


def request(api: ApiServer, account: str, **spec: Any) -> Reply:
    return api.post(f"{account}/token", {"spec": spec})


def token(api: ApiServer, account: str, **spec: Any) -> str:
    reply = request(api, account, **spec)
    assert reply.code == 201, reply.data
    value: str = reply.json["status"]["token"]
    return value


def whoami(api: ApiServer, bearer: str) -> Reply:
    return api.request(
        "POST", f"{REVIEWS}/selfsubjectreviews", {}, user="", authorization=f"Bearer {bearer}"
    )


def review(api: ApiServer, bearer: str, *audiences: str) -> dict[str, Any]:
    spec = {"token": bearer, "audiences": list(audiences)}
    reply = api.post(f"{REVIEWS}/tokenreviews", {"spec": spec})
    assert reply.code == 201
    status: dict[str, Any] = reply.json["status"]
    return status


def test_a_token_makes_its_bearer_the_account(api: ApiServer, account: str, namespace: str) -> None:
    info = whoami(api, token(api, account)).json["status"]["userInfo"]
    assert info["username"] == f"system:serviceaccount:{namespace}:robot"
    assert info["uid"] == api.get(account).json["metadata"]["uid"]
    assert info["groups"] == [
        "system:serviceaccounts",
        f"system:serviceaccounts:{namespace}",
        "system:authenticated",
    ]


def test_anybody_can_check_a_token_with_the_published_keys(api: ApiServer, account: str) -> None:
    bearer = token(api, account, audiences=["vault"], expirationSeconds=7200)
    issuer = api.get("/.well-known/openid-configuration")
    assert issuer.headers["Cache-Control"] == "public, max-age=3600"
    assert issuer.json["issuer"] == ISSUER
    assert issuer.json["id_token_signing_alg_values_supported"] == ["ES256"]
    published = api.get("/openid/v1/jwks")
    assert published.headers["Content-Type"] == "application/jwk-set+json"
    keys = {key["kid"]: jwt.PyJWK(key) for key in published.json["keys"]}
    key = keys[jwt.get_unverified_header(bearer)["kid"]]
    claims = jwt.decode(bearer, key, algorithms=["ES256"], audience="vault", issuer=ISSUER)
    assert claims["exp"] - claims["iat"] == 7200
    assert claims["kubernetes.io"]["serviceaccount"]["name"] == "robot"


def test_an_account_may_read_how_tokens_are_checked(api: ApiServer, account: str) -> None:
    bearer = f"Bearer {token(api, account)}"
    assert api.get("/openid/v1/jwks", user="", authorization=bearer).code == 200
    assert api.get("/openid/v1/jwks", user="guest").code == 403


def test_a_token_for_another_audience_is_not_for_this_server(api: ApiServer, account: str) -> None:
    bearer = token(api, account, audiences=["vault"])
    assert whoami(api, bearer).code == 401
    assert review(api, bearer, "vault", "other")["audiences"] == ["vault"]
    refused = review(api, bearer)
    assert "authenticated" not in refused
    assert refused["error"] == (
        f'token audiences ["vault"] is invalid for the target audiences ["{ISSUER}"]'
    )


@pytest.mark.parametrize("bearer", ["x", "a.b.c", "e30.e30.e30", "\u00e9"])
def test_what_is_no_token_is_refused(api: ApiServer, bearer: str) -> None:
    reply = whoami(api, bearer)
    assert reply.code == 401
    assert reply.json["reason"] == "Unauthorized"
    # a certificate counts first, as in Kubernetes
    assert api.get("/api/v1/pods", authorization=f"Bearer {bearer}").code == 200


def test_a_token_that_somebody_else_signed_is_refused(api: ApiServer, account: str) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    claims = jwt.decode(token(api, account), options={"verify_signature": False})
    forged = jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), algorithm="ES256")
    unsigned = jwt.encode(claims, None, algorithm="none")
    symmetric = jwt.encode(claims, "a secret that is long enough for it", algorithm="HS256")
    for bearer in (forged, unsigned, symmetric):
        assert whoami(api, bearer).code == 401
        assert review(api, bearer)["error"].startswith("invalid bearer token")


def test_a_token_ends_with_its_account(api: ApiServer, account: str, namespace: str) -> None:
    bearer = token(api, account)
    assert whoami(api, bearer).code == 201
    api.run(api.registry.delete(SERVICEACCOUNTS, namespace, "robot"))
    assert whoami(api, bearer).code == 401
    api.create(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "robot"}})
    assert whoami(api, bearer).code == 401


def test_a_token_ends_with_the_pod_that_it_is_bound_to(
    api: ApiServer, account: str, namespace: str
) -> None:
    pods = f"/api/v1/namespaces/{namespace}/pods"
    body = pod("p")
    body["spec"]["serviceAccountName"] = "robot"
    created = api.create(pods, body)
    bearer = token(api, account, boundObjectRef={"kind": "Pod", "apiVersion": "v1", "name": "p"})
    extra = whoami(api, bearer).json["status"]["userInfo"]["extra"]
    assert extra["authentication.kubernetes.io/pod-name"] == ["p"]
    assert extra["authentication.kubernetes.io/pod-uid"] == [created["metadata"]["uid"]]
    api.run(api.registry.delete(PODS, namespace, "p", DeleteOptions(grace_period_seconds=0)))
    assert whoami(api, bearer).code == 401


def test_a_token_ends_with_the_secret_that_it_is_bound_to(
    api: ApiServer, account: str, namespace: str
) -> None:
    api.create(f"/api/v1/namespaces/{namespace}/secrets", {"metadata": {"name": "s"}})
    bearer = token(api, account, boundObjectRef={"kind": "Secret", "name": "s"})
    assert whoami(api, bearer).code == 201
    api.run(api.registry.delete(SECRETS, namespace, "s"))
    assert whoami(api, bearer).code == 401


def test_a_token_is_bound_to_a_node_too(api: ApiServer, account: str) -> None:
    api.create("/api/v1/nodes", {"metadata": {"name": "n1"}})
    bearer = token(api, account, boundObjectRef={"kind": "Node", "name": "n1"})
    extra = whoami(api, bearer).json["status"]["userInfo"]["extra"]
    assert extra["authentication.kubernetes.io/node-name"] == ["n1"]


@pytest.mark.parametrize(
    ("spec", "code", "message"),
    [
        ({"expirationSeconds": 599}, 422, "may not specify a duration less than 10 minutes"),
        ({"expirationSeconds": 2**33}, 422, "larger than 2^32 seconds"),
        ({"boundObjectRef": {"kind": "Pod", "name": "absent"}}, 404, 'pods "absent" not found'),
        ({"boundObjectRef": {"kind": "Service", "name": "x"}}, 400, "object of type Service"),
        ({"audiences": "x"}, 400, "audiences"),
    ],
)
def test_a_request_that_cannot_be_met_is_explained(
    api: ApiServer, account: str, spec: dict[str, Any], code: int, message: str
) -> None:
    reply = request(api, account, **spec)
    assert reply.code == code
    assert message in reply.json["message"]


def test_a_pod_of_another_account_cannot_be_bound(
    api: ApiServer, account: str, namespace: str
) -> None:
    api.create(f"/api/v1/namespaces/{namespace}/pods", pod("p"))
    reply = request(api, account, boundObjectRef={"kind": "Pod", "name": "p"})
    assert reply.code == 400
    assert "different serviceaccount name" in reply.json["message"]


def test_the_token_of_an_absent_account_is_not_found(api: ApiServer, namespace: str) -> None:
    reply = request(api, f"/api/v1/namespaces/{namespace}/serviceaccounts/absent")
    assert (reply.code, reply.json["message"]) == (404, 'serviceaccounts "absent" not found')

"""Nothing is reachable without a check: every route, for those who have no rights."""

import pytest

from minikube8s.api.resources import RESOURCES, Resource
from tests.api.apiserver import ApiServer

METHODS = {
    "get": "GET",
    "list": "GET",
    "watch": "GET",
    "create": "POST",
    "update": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
    "deletecollection": "DELETE",
}
OF_A_COLLECTION = {"list", "watch", "create", "deletecollection"}
FOR_EVERYBODY = {
    "selfsubjectaccessreviews",
    "selfsubjectrulesreviews",
    "selfsubjectreviews",
}
CERTIFICATES = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
FOR_AGENTS = {
    ("GET", "/api/v1/nodes/x"),
    ("POST", CERTIFICATES),
    ("GET", CERTIFICATES),
    ("GET", f"{CERTIFICATES}?watch=1"),
    ("GET", f"{CERTIFICATES}/x"),
}
"""What renews an agent's certificate, and tells whether its Node is ready."""
_POD = "/api/v1/namespaces/default/pods/x"
GONE = {("DELETE", _POD), ("POST", f"{_POD}/eviction")}
"""What a node that leaves the cluster is answered about a pod that has left before it."""


def root(resource: Resource) -> str:
    base = f"/apis/{resource.group}" if resource.group else "/api"
    return f"{base}/{resource.version}"


def routes(resource: Resource) -> list[tuple[str, str]]:
    places = [f"{root(resource)}/{resource.plural}"]
    if resource.namespaced:
        places.append(f"{root(resource)}/namespaces/default/{resource.plural}")
    found = []
    for verb in resource.verbs:
        for place in places if verb in OF_A_COLLECTION else places[-1:]:
            path = place if verb in OF_A_COLLECTION else f"{place}/x"
            found.append((METHODS[verb], f"{path}?watch=1" if verb == "watch" else path))
    for name, sub in resource.subresources.items():
        found += [(METHODS[verb], f"{places[-1]}/x/{name}") for verb in sub.verbs]
    return found


@pytest.mark.parametrize("resource", RESOURCES.all(), ids=lambda row: row.group_resource)
def test_no_route_of_a_resource_is_open(api: ApiServer, resource: Resource) -> None:
    for user in ("", "guest", "node"):
        if user and resource.plural in FOR_EVERYBODY:
            continue
        for method, path in routes(resource):
            if user == "node" and (method, path) in FOR_AGENTS:
                continue
            body = None if method == "GET" else {}
            reply = api.request(method, path, body, user=user)
            gone = user == "node" and (method, path) in GONE
            refusal = (404, "NotFound") if gone else (403, "Forbidden")
            assert (reply.code, reply.json["reason"]) == refusal, (user, method, path)


def test_every_path_that_the_server_tells_is_behind_a_check(api: ApiServer) -> None:
    """And what is added to them later, too."""
    paths = api.get("/").json["paths"]
    assert {"/metrics", "/openapi/v2", "/apis/apps/v1"} <= set(paths)
    for path in ["/", *paths]:
        for user, open_ones in (("", PUBLIC), ("guest", PUBLIC | DISCOVERY)):
            reply = api.get(path, user=user)
            first = "/" + path.strip("/").partition("/")[0]
            expected = 200 if first in open_ones else 403
            assert reply.code == expected, (user, path)


PUBLIC = {"/healthz", "/livez", "/readyz", "/version"}
DISCOVERY = {"/api", "/apis", "/openapi"}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize(
    "path",
    ["/", "/metrics", "/debug/pprof", "/logs", "/api/v1/unknown", "/apis/x.io/v1/namespaces/n/y/z"],
)
def test_no_other_path_is_open(api: ApiServer, method: str, path: str) -> None:
    for user in ("", "guest", "node"):
        assert api.request(method, path, user=user).code == 403


@pytest.mark.parametrize(
    "path",
    ["//api/v1/pods", "/api/v1/pods/", "/api/./v1/pods", "/api/v1/../v1/secrets", "/API/v1/pods"],
)
def test_odd_spellings_open_nothing(api: ApiServer, path: str) -> None:
    assert api.get(path, user="guest").code in {403, 404}
    assert api.get(path, user="").code == 403


def test_an_agent_may_only_look_what_there_is_and_ask_for_its_certificate(api: ApiServer) -> None:
    assert api.get("/api/v1", user="node").code == 200
    assert api.get("/version", user="node").code == 200
    assert api.get("/api/v1/nodes/n1", user="node").code == 404
    assert api.get("/api/v1/nodes", user="node").code == 403
    assert api.post(CERTIFICATES, {}, user="node").code == 422
    assert api.get(f"{CERTIFICATES}/x", user="node").code == 404
    assert api.request("DELETE", f"{CERTIFICATES}/x", user="node").code == 403

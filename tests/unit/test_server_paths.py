import pytest

from minikube8s.server.paths import ApiPath, parse


@pytest.mark.parametrize(
    ("path", "meaning"),
    [
        ("/api/v1/nodes", ApiPath("", "v1", None, "nodes", "", "")),
        ("/api/v1/nodes/n1/status", ApiPath("", "v1", None, "nodes", "n1", "status")),
        ("/api/v1/pods", ApiPath("", "v1", None, "pods", "", "")),
        ("/api/v1/namespaces/a/pods", ApiPath("", "v1", "a", "pods", "", "")),
        ("/api/v1/namespaces/a/pods/p/log", ApiPath("", "v1", "a", "pods", "p", "log")),
        ("/api/v1/namespaces", ApiPath("", "v1", None, "namespaces", "", "")),
        ("/api/v1/namespaces/a", ApiPath("", "v1", None, "namespaces", "a", "")),
        ("/api/v1/namespaces/a/status", ApiPath("", "v1", None, "namespaces", "a", "status")),
        ("/api/v1/namespaces/a/finalize", ApiPath("", "v1", None, "namespaces", "a", "finalize")),
        ("/api/v1/namespaces/a/pods/p:80/proxy", ApiPath("", "v1", "a", "pods", "p:80", "proxy")),
        ("/api/v1/namespaces/a/pods/p/proxy//x/", ApiPath("", "v1", "a", "pods", "p", "proxy")),
        ("/api/v1/nodes/n/proxy/pods/x/y", ApiPath("", "v1", None, "nodes", "n", "proxy")),
        (
            "/apis/apps/v1/namespaces/a/deployments/d/scale",
            ApiPath("apps", "v1", "a", "deployments", "d", "scale"),
        ),
    ],
)
def test_a_path_names_its_resource(path: str, meaning: ApiPath) -> None:
    assert parse(path) == meaning


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/v1",
        "/apis/apps",
        "/apis/apps/v1",
        "/healthz",
        "/version/x",
        "/api/v1/namespaces/a/pods/p/log/more",
        "/api/v1/namespaces//pods",
        "/api/v1/pods//log",
    ],
)
def test_a_path_without_a_resource_names_none(path: str) -> None:
    assert parse(path) is None

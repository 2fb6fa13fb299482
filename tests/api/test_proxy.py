"""pods/proxy and services/proxy: HTTP through the API server to a real web server."""

from __future__ import annotations

import gzip
import http.client
import json
import signal
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.apiserver import ApiServer, Reply, pod
from tests.api.kubectl import Kubectl
from tests.support.backend import Backend, backend, closed_port
from tests.support.dialogues import SocketStreams

ADDRESS = "10.244.0.9"


@pytest.fixture(scope="module")
def web() -> Iterator[Backend]:
    with backend() as server:
        yield server


@pytest.fixture
def sockets(api: ApiServer) -> SocketStreams:
    return SocketStreams(api.pod_streams)


@pytest.fixture
def place(api: ApiServer, web: Backend, sockets: SocketStreams, namespace: str) -> str:
    """A namespace with the pod `p`, and the service `web` whose endpoint it is."""
    run_pod(api, namespace, "p", web.port)
    publish(api, namespace, "web", web.port)
    return f"/api/v1/namespaces/{namespace}"


def run_pod(api: ApiServer, namespace: str, name: str, port: int, address: str = ADDRESS) -> None:
    body = pod(name)
    body["spec"]["nodeName"] = "node1"
    body["spec"]["containers"][0]["ports"] = [{"containerPort": port}]
    api.create(f"/api/v1/namespaces/{namespace}/pods", body)
    body["status"] = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}
    path = f"/api/v1/namespaces/{namespace}/pods/{name}/status"
    assert api.request("PUT", path, body).code == 200


def publish(
    api: ApiServer, namespace: str, service: str, port: int, pod_name: str = "p", **port_fields: Any
) -> None:
    """Make a service with one port, 80, and its slice with the one endpoint."""
    path = f"/api/v1/namespaces/{namespace}/services"
    spec = {"ports": [{"port": 80, "targetPort": port, **port_fields}]}
    api.create(path, {"metadata": {"name": service}, "spec": spec})
    target = {"kind": "Pod", "name": pod_name, "namespace": namespace}
    body = {
        "metadata": {"name": service, "labels": {"kubernetes.io/service-name": service}},
        "addressType": "IPv4",
        "ports": [{"port": port, **port_fields}],
        "endpoints": [{"addresses": [ADDRESS], "targetRef": target, "conditions": {"ready": True}}],
    }
    api.create(f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices", body)


def told(reply: Reply) -> dict[str, Any]:
    assert reply.code == 200, reply.data
    got: dict[str, Any] = reply.json
    return got | {"headers": dict(got["headers"])}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_method_goes_through_with_path_query_and_body(
    api: ApiServer, place: str, method: str
) -> None:
    path = f"{place}/pods/p/proxy/a%2Fb//c%20d/?x=1&y=%26&command=a&command=b"
    got = told(api.request(method, path, None if method == "GET" else b"body"))
    assert (got["method"], got["path"]) == (
        method,
        "/a%2Fb//c%20d/?x=1&y=%26&command=a&command=b",
    )
    assert got["body"] == ("" if method == "GET" else "body")


def test_the_name_says_scheme_and_port(
    api: ApiServer, web: Backend, place: str, sockets: SocketStreams
) -> None:
    for name in ("pods/p", f"pods/p:{web.port}", f"pods/http:p:{web.port}", "pods/http:p:"):
        told(api.get(f"{place}/{name}/proxy/"))
    for name in ("services/web:80", "services/web", "services/http:web:80", "services/web%3A80"):
        told(api.get(f"{place}/{name}/proxy/"))
    assert set(sockets.asked) == {("node1", ADDRESS, web.port)}


def test_a_port_of_a_service_can_be_named(api: ApiServer, web: Backend, place: str) -> None:
    publish(api, place.rpartition("/")[2], "named", web.port, name="http")
    for name in ("named:http", "named:80"):
        told(api.get(f"{place}/services/{name}/proxy/"))
    reply = api.get(f"{place}/services/named/proxy/")
    assert (reply.code, reply.json["message"]) == (
        503,
        'no endpoints available for service "named"',
    )


def test_who_the_client_is_stays_here(api: ApiServer, place: str) -> None:
    got = told(
        api.get(
            f"{place}/pods/p/proxy/",
            authorization="Bearer secret",
            impersonate_user="admin",
            impersonate_group="system:masters",
            x_remote_user="root",
            proxy_authorization="Basic x",
            connection="keep-alive, x-private",
            x_private="1",
            x_kept="2",
            x_forwarded_for="1.2.3.4",
            cookie="c=1",
        )
    )
    headers = got["headers"]
    assert {key for key in headers if not key.startswith("x-forwarded")} == {
        "host",
        "accept-encoding",
        "x-kept",
        "cookie",
    }
    assert headers["x-forwarded-for"] == "1.2.3.4, 127.0.0.1"
    assert headers["x-forwarded-uri"] == f"{place}/pods/p/proxy/"
    assert headers["x-forwarded-proto"] == "https"
    assert headers["host"] == headers["x-forwarded-host"]


def test_the_answer_comes_as_it_is(api: ApiServer, place: str) -> None:
    reply = api.get(f"{place}/pods/p/proxy/odd")
    assert (reply.code, reply.data, reply.headers["X-Odd"]) == (418, b"short and stout", "yes")
    assert "Keep-Alive" not in reply.headers
    head = api.request("HEAD", f"{place}/pods/p/proxy/odd")
    assert (head.code, head.data, head.headers["Content-Length"]) == (418, b"", "15")


def test_without_a_path_the_client_is_led_to_the_root(api: ApiServer, place: str) -> None:
    reply = api.get(f"{place}/services/web/proxy?a=1")
    assert (reply.code, reply.headers["Location"]) == (301, f"{place}/services/web/proxy/?a=1")
    assert told(api.request("POST", f"{place}/services/web/proxy", b"x"))["path"] == "/"


def test_redirects_and_absolute_links_lead_through_the_proxy(api: ApiServer, place: str) -> None:
    prefix = f"{place}/services/web:80/proxy"
    assert api.get(f"{prefix}/redirect").headers["Location"] == f"{prefix}/landing?a=1"
    page = api.get(f"{prefix}/page")
    assert page.data.decode() == (
        f'<html><a href="{prefix}/x">x</a><img src="pic.png"><a href="https://other/">o</a></html>'
    )


def test_an_answer_flows_before_it_has_ended(api: ApiServer, web: Backend, place: str) -> None:
    web.go_on.clear()
    connection = api.connect()
    connection.request("GET", f"{place}/pods/p/proxy/flow")
    response = connection.getresponse()
    assert response.read(5) == b"first"
    web.go_on.set()
    assert response.read() == b"last"
    connection.close()


def test_large_bodies_go_both_ways(api: ApiServer, place: str) -> None:
    assert len(api.get(f"{place}/pods/p/proxy/large").data) == 8 << 20
    size = 12 << 20
    assert told(api.post(f"{place}/pods/p/proxy/", b"y" * size))["length"] == size


def test_bodies_may_be_chunked_and_compressed(api: ApiServer, place: str) -> None:
    connection = api.connect()
    connection.request("POST", f"{place}/pods/p/proxy/", iter([b"ab", b"cd"]), encode_chunked=True)
    assert json.loads(connection.getresponse().read())["body"] == "abcd"
    connection.close()
    reply = api.post(f"{place}/pods/p/proxy/", gzip.compress(b"plain"), content_encoding="gzip")
    assert told(reply)["body"] == "plain"


def test_a_connection_may_leave_http(api: ApiServer, place: str) -> None:
    connection = api.connect()
    headers = {"Connection": "Upgrade", "Upgrade": "shouting"}
    connection.request("GET", f"{place}/pods/p/proxy/switch", headers=headers)
    raw = connection.sock
    assert raw is not None
    got = b""
    while not got.endswith(b"early "):
        got += raw.recv(65536)
    assert got.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert b"\r\nUpgrade: shouting\r\n" in got
    raw.sendall(b"hello")
    assert raw.recv(65536) == b"HELLO"
    connection.close()


def test_https_is_spoken_without_knowing_the_certificate(api: ApiServer, place: str) -> None:
    with backend(api.directory / "server.crt") as secure:
        got = told(api.get(f"{place}/pods/https:p:{secure.port}/proxy/x"))
    assert got["path"] == "/x"


def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one(api: ApiServer, place: str) -> None:
    with pytest.raises(http.client.IncompleteRead):
        api.get(f"{place}/pods/p/proxy/cut")


def test_an_address_that_is_no_pods_is_not_reached(
    api: ApiServer, web: Backend, place: str, sockets: SocketStreams
) -> None:
    publish(api, place.rpartition("/")[2], "stray", web.port, pod_name="other")
    reply = api.get(f"{place}/services/stray/proxy/")
    assert (reply.code, reply.json["message"]) == (
        503,
        'no endpoints available for service "stray"',
    )
    run_pod(api, place.rpartition("/")[2], "local", web.port, "127.0.0.1")
    reply = api.get(f"{place}/pods/local/proxy/")
    assert (reply.code, reply.json["message"]) == (400, "address not allowed")
    assert not sockets.asked


@pytest.mark.parametrize(
    ("name", "code", "reason", "message"),
    [
        ("pods/ftp:p:80", 400, "BadRequest", 'invalid pod request "ftp:p:80"'),
        ("pods/p:http", 400, "BadRequest", 'invalid pod request "p:http"'),
        ("pods/p:0", 400, "BadRequest", 'invalid pod request "p:0"'),
        ("pods/p:65536", 400, "BadRequest", 'invalid pod request "p:65536"'),
        ("pods/a:b:c:d", 400, "BadRequest", 'invalid pod request "a:b:c:d"'),
        ("pods/nope", 404, "NotFound", 'pods "nope" not found'),
        ("services/:80", 400, "BadRequest", 'invalid service request ":80"'),
        ("services/nope:80", 404, "NotFound", 'services "nope" not found'),
        (
            "services/web:81",
            503,
            "ServiceUnavailable",
            'no service port 81 found for service "web"',
        ),
        (
            "services/web:x",
            503,
            "ServiceUnavailable",
            'no endpoints available for service "web"',
        ),
    ],
)
def test_what_cannot_be_reached_is_refused(
    api: ApiServer, place: str, name: str, code: int, reason: str, message: str
) -> None:
    reply = api.get(f"{place}/{name}/proxy/x")
    status = reply.json
    assert (reply.code, status["reason"], status["message"]) == (code, reason, message)


def test_a_side_that_does_not_answer_is_named(api: ApiServer, place: str) -> None:
    port = closed_port()
    reply = api.get(f"{place}/pods/p:{port}/proxy/")
    assert (reply.code, reply.json["reason"]) == (503, "ServiceUnavailable")
    why = f"dial tcp {ADDRESS}:{port}: connect: connection refused"
    assert reply.json["message"] == f"error trying to reach service: {why}"
    reply = api.get(f"{place}/pods/p/proxy/hang-up")
    assert (reply.code, reply.json["message"]) == (503, "error trying to reach service: EOF")
    reply = api.get(f"{place}/pods/https:p:{port}/proxy/")
    assert reply.code == 503
    assert api.request("TRACE", f"{place}/pods/p/proxy/").code == 405


def test_rights_to_proxy_go_by_verb(api: ApiServer, place: str) -> None:
    namespace = place.rpartition("/")[2]
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    rule = {"apiGroups": [""], "resources": ["pods/proxy"], "verbs": ["get", "create"]}
    api.create(f"{rbac}/roles", {"metadata": {"name": "r"}, "rules": [rule]})
    body = {
        "metadata": {"name": "b"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
        "subjects": [{"kind": "User", "name": "guest", "apiGroup": "rbac.authorization.k8s.io"}],
    }
    api.create(f"{rbac}/rolebindings", body)
    codes = {
        method: api.request(method, f"{place}/pods/p/proxy/x", user="guest").code
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    }
    assert codes == {
        "GET": 200,
        "POST": 200,
        "PUT": 403,
        "PATCH": 403,
        "DELETE": 403,
        "OPTIONS": 403,
    }
    assert api.get(f"{place}/services/web/proxy/", user="guest").code == 403


def test_kubectl_reaches_a_service_raw_and_through_its_own_proxy(
    kubectl: Kubectl, api: ApiServer, web: Backend, place: str
) -> None:
    path = f"{place}/services/web:80/proxy/hello"
    assert json.loads(kubectl("get", "--raw", path))["path"] == "/hello"
    with kubectl.start("proxy", "--port=0") as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split()[-1]
            with urllib.request.urlopen(f"http://{address}{path}?q=1", timeout=20) as reply:
                assert json.loads(reply.read())["path"] == "/hello?q=1"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def test_cluster_info_names_the_services_of_the_cluster(kubectl: Kubectl, api: ApiServer) -> None:
    name = f"dash-{kubectl.namespace}"
    body = {
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/cluster-service": "true",
                "kubernetes.io/name": "Dashboard",
            },
        },
        "spec": {"ports": [{"name": "http", "port": 80}]},
    }
    api.create("/api/v1/namespaces/kube-system/services", body)
    shown = kubectl("cluster-info")
    assert f"/api/v1/namespaces/kube-system/services/{name}:http/proxy" in shown

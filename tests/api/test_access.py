"""Who gets in, what is public, and what the server says about itself."""

import http.client
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from minikube8s.cluster.authority import signing
from tests.api.apiserver import ApiServer
from tests.support.requests import certificate_request


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz", "/version", "/readyz?verbose"])
def test_health_and_version_need_no_certificate(api: ApiServer, path: str) -> None:
    assert api.get(path, user="").code == 200


@pytest.mark.parametrize("path", ["/api", "/apis", "/openapi/v2", "/nowhere", "/api/v1//pods"])
def test_nobody_reads_anything_else(api: ApiServer, path: str) -> None:
    reply = api.get(path, user="")
    assert reply.code == 403
    assert reply.json["kind"] == "Status"
    assert reply.json["message"] == (f'forbidden: User "system:anonymous" cannot get path "{path}"')


def test_another_user_is_forbidden_in_the_words_of_kubernetes(api: ApiServer) -> None:
    reply = api.get("/apis/apps/v1/namespaces/default/deployments", user="guest")
    assert reply.code == 403
    assert reply.json["reason"] == "Forbidden"
    assert reply.json["details"] == {"group": "apps", "kind": "deployments"}
    assert reply.json["message"] == (
        'deployments.apps is forbidden: User "guest" cannot list resource "deployments" '
        'in API group "apps" in the namespace "default"'
    )
    reply = api.get("/api/v1/nodes/n1", user="guest")
    assert reply.json["message"] == (
        'nodes "n1" is forbidden: User "guest" cannot get resource "nodes" '
        'in API group "" at the cluster scope'
    )
    reply = api.get("/metrics", user="guest")
    assert reply.json["message"] == 'forbidden: User "guest" cannot get path "/metrics"'


def test_a_certificate_of_another_authority_is_refused(
    api: ApiServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from minikube8s.cluster.authority.certificates import Authority

    elsewhere = tmp_path_factory.mktemp("elsewhere")
    Authority(elsewhere).client("admin", "admin", ["system:masters"])
    context = ssl.create_default_context(cafile=str(api.directory / "ca.crt"))
    context.load_cert_chain(elsewhere / "admin.crt", elsewhere / "admin.key")
    connection = http.client.HTTPSConnection(
        "127.0.0.1", api.server.port, context=context, timeout=10
    )
    with pytest.raises((ssl.SSLError, OSError)):
        connection.request("GET", "/version")
        connection.getresponse()


def test_an_expired_certificate_is_refused(api: ApiServer, tmp_path: Path) -> None:
    made = datetime.now(UTC) - timedelta(days=2)
    key, request = certificate_request("admin", "system:masters")
    (tmp_path / "late.key").write_bytes(key)
    (tmp_path / "late.crt").write_bytes(signing.signer(api.directory)(request, 3600, made))
    context = api.tls("")
    context.load_cert_chain(tmp_path / "late.crt", tmp_path / "late.key")
    connection = http.client.HTTPSConnection(
        "127.0.0.1", api.server.port, context=context, timeout=10
    )
    with pytest.raises((ssl.SSLError, OSError)):
        connection.request("GET", "/version")
        connection.getresponse()


def test_old_tls_is_refused(api: ApiServer) -> None:
    context = api.tls()
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    connection = http.client.HTTPSConnection(
        "127.0.0.1", api.server.port, context=context, timeout=10
    )
    with pytest.raises((ssl.SSLError, OSError)):
        connection.connect()


def test_the_version_is_one_that_clients_can_compare(api: ApiServer) -> None:
    version = api.get("/version").json
    assert (version["major"], version["minor"]) == ("1", "36")
    assert version["gitVersion"].startswith("v1.36.0+mk8s.")


def test_a_taken_port_is_explained() -> None:
    import asyncio
    import dataclasses
    import tempfile

    from minikube8s.server import CannotListen, Server

    with tempfile.TemporaryDirectory() as directory:
        first = ApiServer(Path(directory))
        first.start()
        try:
            taken = dataclasses.replace(first.config, port=first.server.port)
            second = Server(first.registry, taken, first.pod_streams)
            with pytest.raises(CannotListen, match="the port is taken by another process"):
                asyncio.run(second.start())
        finally:
            first.stop()

"""Discovery in both forms, and the OpenAPI documents."""

import gzip

import pytest

from tests.api.apiserver import ApiServer

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"


def test_legacy_discovery_lists_groups_and_resources(api: ApiServer) -> None:
    assert api.get("/api").json["versions"] == ["v1"]
    groups = {group["name"]: group for group in api.get("/apis").json["groups"]}
    assert groups["apps"]["preferredVersion"] == {"groupVersion": "apps/v1", "version": "v1"}
    assert api.get("/apis/apps").json["name"] == "apps"
    core = api.get("/api/v1").json
    assert core["kind"] == "APIResourceList"
    pods = next(entry for entry in core["resources"] if entry["name"] == "pods")
    assert pods["shortNames"] == ["po"]
    assert "watch" in pods["verbs"]
    apps = {entry["name"]: entry for entry in api.get("/apis/apps/v1").json["resources"]}
    scale = apps["deployments/scale"]
    assert (scale["group"], scale["version"], scale["kind"]) == ("autoscaling", "v1", "Scale")


@pytest.mark.parametrize("version", ["v2", "v2beta1"])
def test_aggregated_discovery_answers_with_the_content_type_asked_for(
    api: ApiServer, version: str
) -> None:
    accept = AGGREGATED.format(version)
    core, others = api.get("/api", accept=accept), api.get("/apis", accept=accept)
    assert core.headers["Content-Type"] == others.headers["Content-Type"] == accept
    (only,) = core.json["items"]
    resources = {entry["resource"]: entry for entry in only["versions"][0]["resources"]}
    assert resources["pods"]["scope"] == "Namespaced"
    assert resources["nodes"]["scope"] == "Cluster"
    assert {item["metadata"]["name"] for item in others.json["items"]} >= {"apps"}


def test_discovery_that_did_not_change_is_not_sent_again(api: ApiServer) -> None:
    accept = AGGREGATED.format("v2")
    first = api.get("/apis", accept=accept)
    again = api.get("/apis", accept=accept, if_none_match=first.headers["ETag"])
    assert (again.code, again.data) == (304, b"")


@pytest.mark.parametrize("path", ["/api/v2", "/apis/nope", "/apis/apps/v9", "/api/v1/things", "/x"])
def test_what_is_not_there_is_a_status(api: ApiServer, path: str) -> None:
    reply = api.get(path)
    assert reply.code == 404
    assert reply.json["message"] == "the server could not find the requested resource"


def test_openapi_v3_names_one_document_a_group_version(api: ApiServer) -> None:
    paths = api.get("/openapi/v3").json["paths"]
    url = paths["apis/apps/v1"]["serverRelativeURL"]
    document = api.get(url).json
    patch = document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert "application/strategic-merge-patch+json" in patch["requestBody"]["content"]
    assert api.get("/openapi/v3/apis/nope/v1").code == 404


def test_openapi_v2_comes_as_json_and_as_protobuf_compressed_on_request(api: ApiServer) -> None:
    assert api.get("/openapi/v2").json["swagger"] == "2.0"
    protobuf = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
    reply = api.get("/openapi/v2", accept=protobuf, accept_encoding="gzip")
    assert reply.headers["Content-Type"] == protobuf.replace("@", ".")
    assert reply.headers["Content-Encoding"] == "gzip"
    assert b"io.k8s.api.core.v1.Pod" in gzip.decompress(reply.data)

import json
from collections.abc import Iterator
from typing import Any

import pytest

from minikube8s.api.openapi import documents, gnostic
from minikube8s.api.openapi.operations import operations
from minikube8s.api.openapi.publisher import Publisher
from minikube8s.api.resources import PODS, RESOURCES, ResourceTable

PUBLISHED = Publisher()
POD = "io.k8s.api.core.v1.Pod"
PATHS = documents.v3_paths(RESOURCES)
# Reviews are only created, metrics and definitions of custom resources only read: no patches.
_UNPATCHED = ("apis/authentication", "apis/authorization", "apis/apiextensions", "apis/metrics")
PATCHED = [path for path in PATHS if not path.startswith(_UNPATCHED)]


def v3(path: str) -> dict[str, Any]:
    return json.loads(PUBLISHED.v3_document(path).plain())  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def v2() -> dict[str, Any]:
    return json.loads(PUBLISHED.v2_document().plain())  # type: ignore[no-any-return]


def walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)


def patches(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [item["patch"] for item in document["paths"].values() if "patch" in item]


@pytest.mark.parametrize("path", PATHS)
def test_every_v3_document_is_complete_and_speaks_of_nothing_else(path: str) -> None:
    document = v3(path)
    schemas = document["components"]["schemas"]
    prefix = "#/components/schemas/"
    # a JSON schema has a field of that name itself, whose own description is a map
    references = (item.get("$ref") for item in walk(document))
    named = {name.removeprefix(prefix) for name in references if isinstance(name, str)}
    assert named <= set(schemas)
    assert all(key.startswith(f"/{path}/") for key in document["paths"])


def test_the_v2_document_is_complete(v2: dict[str, Any]) -> None:
    references = {item["$ref"] for item in walk(v2) if isinstance(item.get("$ref"), str)}
    assert references <= {f"#/definitions/{name}" for name in v2["definitions"]}
    assert {row.schema for row in RESOURCES.all()} <= set(v2["definitions"])


def test_types_are_plain_as_real_servers_publish_them(v2: dict[str, Any]) -> None:
    for document in (v2["definitions"], v3("api/v1")["components"]):
        for item in walk(document):
            assert isinstance(item.get("type", ""), str | dict)
            assert "enum" not in item or isinstance(item["enum"], dict)


def test_the_index_lists_every_group_version_with_a_hash_that_follows_the_content() -> None:
    index = json.loads(PUBLISHED.v3_index().plain())["paths"]
    assert sorted(index) == PATHS
    for path, entry in index.items():
        etag = PUBLISHED.v3_document(path).etag
        assert entry["serverRelativeURL"] == f"/openapi/v3/{path}?hash={etag}"
    other = Publisher(ResourceTable([PODS]))
    assert other.v3_document("api/v1").etag != PUBLISHED.v3_document("api/v1").etag


def test_a_path_that_is_no_group_version_has_no_document() -> None:
    with pytest.raises(LookupError):
        PUBLISHED.v3_document("apis/nonsense/v1")


@pytest.mark.parametrize("path", PATCHED)
def test_kubectl_finds_that_the_server_validates_and_which_patches_it_takes(path: str) -> None:
    found = patches(v3(path))
    assert found
    for operation in found:
        assert {"group", "kind", "version"} == set(operation["x-kubernetes-group-version-kind"])
        assert "fieldValidation" in {item["name"] for item in operation["parameters"]}
        assert set(operation["requestBody"]["content"]) == {
            "application/apply-patch+yaml",
            "application/json-patch+json",
            "application/merge-patch+json",
            "application/strategic-merge-patch+json",
        }


def test_v2_says_the_same_about_patches(v2: dict[str, Any]) -> None:
    for operation in patches(v2):
        assert "fieldValidation" in {item["name"] for item in operation["parameters"]}
        assert "application/strategic-merge-patch+json" in operation["consumes"]


def test_verbs_appear_under_the_paths_that_clients_use() -> None:
    paths = v3("api/v1")["paths"]
    assert {"get", "post", "delete"} <= set(paths["/api/v1/namespaces/{namespace}/pods"])
    assert {"get", "put", "patch", "delete"} <= set(
        paths["/api/v1/namespaces/{namespace}/pods/{name}"]
    )
    assert {"get", "put", "patch"} <= set(
        paths["/api/v1/namespaces/{namespace}/pods/{name}/status"]
    )
    assert set(paths["/api/v1/pods"]) == {"get"}
    assert "delete" not in paths["/api/v1/namespaces"]
    assert "/api/v1/namespaces/{namespace}/nodes" not in paths
    log = paths["/api/v1/namespaces/{namespace}/pods/{name}/log"]["get"]
    assert log["responses"]["200"]["content"]["text/plain"]["schema"] == {"type": "string"}


def test_operation_identifiers_are_kubernetes_own_and_unique() -> None:
    identifiers = [operation.identifier for operation in operations(RESOURCES.all())]
    assert len(set(identifiers)) == len(identifiers)
    assert {
        "listCoreV1NamespacedPod",
        "listCoreV1PodForAllNamespaces",
        "createCoreV1NamespacedPod",
        "readCoreV1NamespacedPodLog",
        "replaceCoreV1NodeStatus",
        "deleteCoreV1CollectionNamespacedPod",
        "patchAppsV1NamespacedDeploymentScale",
        "readCoordinationV1NamespacedLease",
    } <= set(identifiers)


def test_a_scale_is_about_its_own_group() -> None:
    path = "/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale"
    operation = v3("apis/apps/v1")["paths"][path]["patch"]
    assert operation["x-kubernetes-group-version-kind"] == {
        "group": "autoscaling",
        "kind": "Scale",
        "version": "v1",
    }


def test_schemas_keep_what_apply_and_explain_read(v2: dict[str, Any]) -> None:
    spec = v3("api/v1")["components"]["schemas"]["io.k8s.api.core.v1.PodSpec"]
    containers = spec["properties"]["containers"]
    assert containers["x-kubernetes-patch-merge-key"] == "name"
    assert containers["x-kubernetes-patch-strategy"] == "merge"
    assert "containers" in spec["required"]
    assert containers["description"]
    security = spec["properties"]["securityContext"]
    assert "$ref" not in security
    assert security["allOf"] == [
        {"$ref": "#/components/schemas/io.k8s.api.core.v1.PodSecurityContext"}
    ]
    pod = v2["definitions"][POD]
    assert pod["x-kubernetes-group-version-kind"] == [{"group": "", "kind": "Pod", "version": "v1"}]
    intstr = v2["definitions"]["io.k8s.apimachinery.pkg.util.intstr.IntOrString"]
    assert (intstr["type"], intstr["format"]) == ("string", "int-or-string")


def test_a_document_is_built_once_and_then_the_same_bytes() -> None:
    publisher = Publisher()
    first = publisher.v3_document("apis/apps/v1")
    assert publisher.v3_document("apis/apps/v1") is first
    assert Publisher().v3_document("apis/apps/v1") == first


def fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """A second, independent reader of the wire form: (field number, int or bytes)."""
    position = 0

    def varint() -> int:
        nonlocal position
        number = shift = 0
        while True:
            byte = data[position]
            position += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    while position < len(data):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
            continue
        assert key & 7 == 2
        size = varint()
        yield key >> 3, data[position : position + size]
        position += size


def test_the_protobuf_holds_every_definition_and_path_under_gnostics_numbers(
    v2: dict[str, Any],
) -> None:
    document = list(fields(PUBLISHED.v2_protobuf().plain()))
    assert (1, b"2.0") in document
    definitions = {}
    for entry in fields(dict(document)[9]):
        named = dict(fields(entry[1]))
        definitions[named[1].decode()] = named[2]
    assert set(definitions) == set(v2["definitions"])
    pod = list(fields(definitions[POD]))
    assert dict(pod)[4].decode() == v2["definitions"][POD]["description"]
    extension = dict(fields(dict(pod)[31]))
    assert extension[1] == b"x-kubernetes-group-version-kind"
    assert json.loads(dict(fields(extension[2]))[2]) == [
        {"group": "", "kind": "Pod", "version": "v1"}
    ]
    properties = [dict(fields(entry)) for _, entry in fields(dict(pod)[25])]
    assert {entry[1].decode() for entry in properties} == set(v2["definitions"][POD]["properties"])
    paths = [dict(fields(entry)) for _, entry in fields(dict(document)[8])]
    assert {entry[1].decode() for entry in paths} == set(v2["paths"])


def test_the_protobuf_writer_refuses_to_drop_what_it_has_no_field_for() -> None:
    with pytest.raises(LookupError):
        gnostic.encode("Schema", {"type": "string", "surprise": 1})

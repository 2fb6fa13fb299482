"""Bad input, one line each: the code, the reason, the field and the words of its Status."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from tests.api.apiserver import ApiServer, configmap, pod

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"


class Bad(NamedTuple):
    """A request that is refused; `field` is that of the first cause, "" where there is none."""

    method: str
    path: str
    body: Any
    code: int
    words: str
    field: str = ""
    media: str = JSON


def named(**metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": "x"} | metadata}


def with_container(**fields: Any) -> dict[str, Any]:
    body = pod("x")
    body["spec"]["containers"][0] |= fields
    return body


def port(**fields: Any) -> dict[str, Any]:
    return with_container(ports=[fields])


def resources(**fields: Any) -> dict[str, Any]:
    return with_container(resources=fields)


MAIN = "spec.containers[0]"
SUBDOMAIN = "a lowercase RFC 1123 subdomain must consist of"
UNRECOGNIZED = "the object provided is unrecognized (must be of type ConfigMap): "
MODIFIED = (
    'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply'
    " your changes to the latest version and try again"
)
BODIES = [
    Bad("POST", "configmaps", b"", 400, UNRECOGNIZED + "couldn't get version/kind; json parse"),
    Bad("POST", "configmaps", b'{"a"', 400, UNRECOGNIZED),
    Bad("POST", "configmaps", b"[]", 400, UNRECOGNIZED),
    Bad("POST", "configmaps", b"a: [", 400, UNRECOGNIZED, media=YAML),
    Bad("POST", "configmaps", b"a: 1\n---\nb: 2", 400, "a single document", media=YAML),
    Bad("POST", "configmaps", b"k8s\x00\xff", 400, UNRECOGNIZED, media=PROTOBUF),
    Bad("POST", "configmaps", b"{}", 400, UNRECOGNIZED, media=PROTOBUF),
    Bad("POST", "configmaps", b"\x1f\x8b\x08", 400, UNRECOGNIZED),
    Bad("POST", "configmaps", b"x", 415, "accepted media types include: ", media="text/plain"),
    Bad("POST", "configmaps", b" " * (3 * 1024 * 1024 + 1), 413, "limit is 3145728"),
    Bad("POST", "configmaps", {"kind": "Pod"}, 400, "cannot be handled as a ConfigMap"),
    Bad(
        "POST",
        "configmaps",
        {"apiVersion": "v2"},
        400,
        "the API version in the data (v2) does not match the expected API version (v1)",
    ),
    Bad("POST", "configmaps", {"kind": 1}, 400, "does not match the expected kind"),
    Bad("POST", "configmaps", {"metadata": "x"}, 400, 'invalid type for "metadata"'),
    Bad("POST", "pods", port(containerPort="80"), 400, f"{MAIN}.ports[0].containerPort"),
    Bad("POST", "pods", port(containerPort=2**40), 400, "out of range for int32"),
    Bad("POST", "pods", with_container(env="x"), 400, f'"{MAIN}.env": got string "x", expected'),
    Bad(
        "POST",
        "pods?fieldValidation=Strict",
        with_container(imagee="x"),
        400,
        f'strict decoding error: unknown field "{MAIN}.imagee"',
    ),
    Bad(
        "POST",
        "configmaps?fieldValidation=Strict",
        b'{"metadata":{"name":"x","name":"y"}}',
        400,
        'strict decoding error: duplicate field "metadata.name"',
    ),
]
OPTIONS = [
    Bad(
        "POST",
        "configmaps?fieldValidation=Loose",
        named(),
        422,
        'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Loose": '
        'supported values: "", "Ignore", "Strict", "Warn"',
        "fieldValidation",
    ),
    Bad(
        "POST",
        "configmaps?dryRun=Maybe",
        named(),
        422,
        'dryRun: Unsupported value: ["Maybe"]: supported values: "All"',
        "dryRun",
    ),
    Bad("DELETE", "configmaps/a?dryRun=x", None, 422, 'DeleteOptions.meta.k8s.io ""', "dryRun"),
    Bad(
        "POST",
        f"configmaps?fieldManager={'m' * 129}",
        named(),
        422,
        "fieldManager: Too long: may not be more than 128 bytes",
        "fieldManager",
    ),
    Bad("PATCH", "configmaps/a?force=true", {}, 422, "non-apply patch", "force", MERGE),
    Bad("PATCH", "configmaps/a", {}, 422, "is required for apply patch", "fieldManager", APPLY),
    Bad("DELETE", "configmaps/a", {"kind": "Pod"}, 400, "expected kind (DeleteOptions)"),
    Bad("DELETE", "configmaps/a", b"{", 400, "the DeleteOptions cannot be read: "),
    Bad(
        "DELETE",
        "configmaps/a",
        {"propagationPolicy": "Sideways"},
        422,
        'propagationPolicy: Unsupported value: "Sideways"',
        "propagationPolicy",
    ),
    Bad("DELETE", "configmaps/a", {"preconditions": {"uid": "u"}}, 409, "the UID in the precond"),
]
NAMES = [
    Bad("POST", "configmaps", {"metadata": {}}, 422, "name or generateName", "metadata.name"),
    Bad("POST", "configmaps", named(name="Upper"), 422, SUBDOMAIN, "metadata.name"),
    Bad("POST", "configmaps", named(name="a/b"), 422, SUBDOMAIN, "metadata.name"),
    Bad("POST", "configmaps", named(name="a" * 254), 422, "no more than 253", "metadata.name"),
    Bad("POST", "services", named(name="9a"), 422, "a DNS-1035 label must", "metadata.name"),
    Bad("POST", "configmaps", named(namespace="other"), 400, "(other) does not match the names"),
    Bad("POST", "configmaps", named(labels={"a b": "c"}), 422, "name part", "metadata.labels"),
    Bad("POST", "configmaps", named(labels={"a": "b" * 64}), 422, "no more", "metadata.labels"),
    Bad("POST", "configmaps", named(labels={"a": 1}), 400, '"metadata.labels.a": got integer 1'),
    Bad("POST", "configmaps", named(annotations={"a b": ""}), 422, "", "metadata.annotations"),
    Bad(
        "POST",
        "configmaps",
        named(annotations={"a": "b" * 262_144}),
        422,
        "Too long: may not be more than 262144 bytes",
        "metadata.annotations",
    ),
    Bad(
        "POST",
        "configmaps",
        named(finalizers=["x"]),
        422,
        "name is neither a standard finalizer name nor is it fully qualified",
        "metadata.finalizers[0]",
    ),
    Bad(
        "POST",
        "configmaps",
        named(ownerReferences=[{"kind": "X", "name": "x", "uid": "u"}]),
        422,
        "",
        "metadata.ownerReferences.apiVersion",
    ),
    Bad("POST", "configmaps", named() | {"data": {"a b": ""}}, 422, "a valid config", "data[a b]"),
    Bad("POST", "configmaps", named() | {"binaryData": {"a": "!"}}, 400, "illegal base64 data"),
]
VALUES = [
    Bad("POST", "pods", named(), 422, "Required value", "spec.containers"),
    Bad("POST", "pods", with_container(name="B_d"), 422, "RFC 1123 label", f"{MAIN}.name"),
    Bad("POST", "pods", with_container(env=[{"name": ""}]), 422, "", f"{MAIN}.env[0].name"),
    Bad(
        "POST",
        "pods",
        with_container(imagePullPolicy="Sometimes"),
        422,
        'Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
        f"{MAIN}.imagePullPolicy",
    ),
    Bad("POST", "pods", port(), 422, "Required value", f"{MAIN}.ports[0].containerPort"),
    Bad(
        "POST",
        "pods",
        port(containerPort=65536),
        422,
        "Invalid value: 65536: must be between 1 and 65535, inclusive",
        f"{MAIN}.ports[0].containerPort",
    ),
    Bad(
        "POST",
        "pods",
        port(containerPort=1, protocol="ICMP"),
        422,
        'Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
        f"{MAIN}.ports[0].protocol",
    ),
    Bad(
        "POST",
        "services",
        {
            "metadata": {"name": "s"},
            "spec": {"type": "NodePort", "ports": [{"port": 1, "nodePort": 1}]},
        },
        422,
        "The range of valid ports is 30000-32767",
        "spec.ports[0].nodePort",
    ),
    Bad(
        "POST", "pods", resources(requests={"cpu": "1x"}), 400, "unable to parse quantity's suffix"
    ),
    Bad(
        "POST",
        "pods",
        resources(requests={"cpu": "-1"}),
        422,
        'Invalid value: "-1": must be greater than or equal to 0',
        f"{MAIN}.resources.requests[cpu]",
    ),
    Bad(
        "POST",
        "pods",
        resources(requests={"cpu": "2"}, limits={"cpu": "1"}),
        422,
        'Invalid value: "2": must be less than or equal to cpu limit of 1',
        f"{MAIN}.resources.requests",
    ),
    Bad(
        "POST",
        "pods",
        resources(requests={"pears": "1"}),
        422,
        "must be a standard resource type or fully qualified",
        f"{MAIN}.resources.requests[pears]",
    ),
]
REVISIONS = [
    Bad("POST", "configmaps", named(resourceVersion="5"), 400, "resourceVersion should not be set"),
    Bad("PUT", "configmaps/a", named(name="a", resourceVersion="1"), 409, MODIFIED),
    Bad("PATCH", "configmaps/a", named(name="a", resourceVersion="1"), 409, MODIFIED, media=MERGE),
    Bad("PUT", "configmaps/a", named(name="a", uid="u"), 409, "UID in precondition: u"),
    Bad("PUT", "configmaps/a", named(), 400, "(x) does not match the name on the URL (a)"),
    Bad("PUT", "configmaps/none", named(name="none"), 404, 'configmaps "none" not found'),
    Bad(
        "PUT",
        "pods/p",
        pod("p") | {"spec": {"containers": [{"name": "x", "image": "x"}]}},
        422,
        "",
        "spec",
    ),
]
TEST_FAILED = 'operation 0 ("test" on "/data/k") cannot be applied: testing value /data/k failed'
PATCHES = [
    Bad("PATCH", "configmaps/a", {}, 415, f"accepted media types include: {JSON_PATCH}, {MERGE}"),
    Bad("PATCH", "configmaps/a", b"{", 400, "error decoding patch: ", media=MERGE),
    Bad("PATCH", "configmaps/a", [], 400, "the patch must be an object", media=MERGE),
    Bad("PATCH", "configmaps/a", {"data": "x"}, 400, 'invalid type for "data"', media=MERGE),
    Bad("PATCH", "configmaps/a", {"kind": "Pod"}, 400, "the expected kind", media=MERGE),
    Bad("PATCH", "configmaps/a", named(), 400, "does not match the name on the URL", media=MERGE),
    Bad("PATCH", "configmaps/none", {}, 404, 'configmaps "none" not found', media=MERGE),
    Bad("PATCH", "configmaps/a", {}, 400, "must be a list of operations", media=JSON_PATCH),
    Bad("PATCH", "configmaps/a", [{"op": "fly", "path": "/a"}], 400, "fly", media=JSON_PATCH),
    Bad("PATCH", "configmaps/a", [{"op": "remove", "path": "/x"}], 422, "0", media=JSON_PATCH),
    Bad(
        "PATCH", "configmaps/a", [{"op": "add", "path": "x", "value": 1}], 422, "", media=JSON_PATCH
    ),
    Bad(
        "PATCH",
        "configmaps/a",
        [{"op": "test", "path": "/data/k", "value": "other"}],
        422,
        TEST_FAILED,
        media=JSON_PATCH,
    ),
    Bad(
        "PATCH",
        "configmaps/a",
        [{"op": "test", "path": "/data/k", "value": "v"}] * 10_001,
        413,
        "The allowed maximum operations in a JSON patch is 10000, got 10001",
        media=JSON_PATCH,
    ),
    Bad(
        "PATCH",
        "pods/p",
        {"spec": {"containers": [{"image": "x"}]}},
        400,
        "does not contain declared merge key: name",
        media=STRATEGIC,
    ),
    Bad("PATCH", "pods/p", {"spec": {"$patch": "burn"}}, 400, "burn", media=STRATEGIC),
    Bad("PATCH", "configmaps/a?fieldManager=m", b"a: [", 400, "error decoding YAML", media=APPLY),
    Bad(
        "PATCH",
        "configmaps/a?fieldManager=m",
        {"apiVersion": "v1", "kind": "ConfigMap", "dat": {}},
        400,
        ".dat: field not declared in schema",
        media=APPLY,
    ),
    Bad(
        "PATCH",
        "configmaps/a?fieldManager=m",
        {"apiVersion": "v1", "kind": "Secret"},
        400,
        "Incorrect kind specified in apply patch",
        media=APPLY,
    ),
]
TABLE = [*BODIES, *OPTIONS, *NAMES, *VALUES, *REVISIONS, *PATCHES]
REASONS = {
    400: "BadRequest",
    404: "NotFound",
    409: "Conflict",
    413: "RequestEntityTooLarge",
    415: "UnsupportedMediaType",
    422: "Invalid",
}


@pytest.fixture(scope="module")
def base(api: ApiServer) -> str:
    path = "/api/v1/namespaces/bad"
    api.create("/api/v1/namespaces", {"metadata": {"name": "bad"}})
    api.create(f"{path}/serviceaccounts", {"metadata": {"name": "default"}})
    api.create(f"{path}/configmaps", configmap("a", {"k": "v"}))
    api.create(f"{path}/pods", pod("p"))
    return path


@pytest.mark.parametrize("bad", TABLE, ids=range(len(TABLE)))
def test_bad_input_is_refused_with_its_reason_and_field(
    api: ApiServer, base: str, bad: Bad
) -> None:
    before = api.registry.revision
    path = f"{base}/{bad.path}"
    reply = api.request(bad.method, path, bad.body, content_type=bad.media)
    status = reply.json
    assert (reply.code, status["reason"]) == (bad.code, REASONS[bad.code]), status
    assert (status["kind"], status["status"], status["code"]) == ("Status", "Failure", bad.code)
    assert bad.words in status["message"]
    causes = (status.get("details") or {}).get("causes") or [{"field": ""}]
    assert causes[0].get("field", "") == bad.field
    assert api.registry.revision == before
    assert len(json.dumps(status)) < 8192

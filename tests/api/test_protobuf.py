"""What typed Go clients send and are answered in protobuf, read by a second implementation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from minikube8s.api import protobuf
from minikube8s.api.protobuf import wire
from minikube8s.api.resources import RESOURCES, Resource
from tests.api.apiserver import ApiServer, Reply, configmap, pod
from tests.api.test_kinds import FILE
from tests.support import protoreader

PROTOBUF = "application/vnd.kubernetes.protobuf"
CLIENT_GO = f"{PROTOBUF},application/json"
METADATA = (
    f"{PROTOBUF};as=PartialObjectMetadata;g=meta.k8s.io;v=v1,"
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
)
INITIAL = "allowWatchBookmarks=1&sendInitialEvents=1&resourceVersionMatch=NotOlderThan"
INITIAL_END = {"k8s.io/initial-events-end": "true"}
OBJECTS: list[dict[str, Any]] = [
    *yaml.safe_load_all(FILE.read_text()),
    configmap("settings", {"k": "v"}),
    pod("web", app="web"),
    {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "type": "Opaque",
        "data": {"k": "dg=="},
    },
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c", "image": "nginx"}]},
            },
        },
    },
    {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "lock"},
        "spec": {"holderIdentity": "me", "renewTime": "2024-01-01T00:00:00.000001Z"},
    },
    {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": "e"},
        "regarding": {"apiVersion": "v1", "kind": "Node", "name": "n1"},
        "eventTime": "2024-01-01T00:00:00.000001Z",
        "reason": "Because",
        "action": "Looked",
        "type": "Normal",
        "reportingController": "test",
        "reportingInstance": "one",
    },
]


def row_of(obj: dict[str, Any]) -> Resource:
    row = RESOURCES.by_api_version(obj["apiVersion"], obj["kind"])
    assert row is not None
    return row


def base_of(row: Resource, namespace: str) -> str:
    root = f"/apis/{row.api_version}" if row.group else f"/api/{row.version}"
    return (
        f"{root}/namespaces/{namespace}/{row.plural}" if row.namespaced else f"{root}/{row.plural}"
    )


def said(reply: Reply, code: int = 200) -> dict[str, Any]:
    assert reply.code == code, reply.data
    assert reply.headers["Content-Type"] == PROTOBUF
    return protoreader.read(reply.data)


def watched(api: ApiServer, path: str, accept: str = CLIENT_GO) -> Iterator[dict[str, Any]]:
    """The events of a watch as they come; the path carries the parameters."""
    with api.watch(path, accept=accept) as reply:
        assert reply.response.headers["Content-Type"] == f"{PROTOBUF};stream=watch"
        while head := reply.response.read(4):
            yield protoreader.read_event(reply.response.read(int.from_bytes(head)))


def initial(api: ApiServer, base: str, accept: str = CLIENT_GO) -> list[dict[str, Any]]:
    """The events of a watch up to the bookmark behind what exists already."""
    events = []
    for event in watched(api, f"{base}?watch=1&{INITIAL}", accept):
        events.append(event)
        if event["object"]["metadata"].get("annotations") == INITIAL_END:
            break
    return events


def full(value: Any) -> Any:
    """JSON without what protobuf has no place for: nulls, empty lists, the kind of items."""
    if isinstance(value, dict):
        kept = {key: full(item) for key, item in value.items() if item is not None and item != []}
        listed = kept.get("items", ()) if str(kept.get("kind")).endswith("List") else ()
        for item in [*listed, *kept.get("volumeClaimTemplates", ())]:
            item.pop("apiVersion", None)
            item.pop("kind", None)
        return kept
    return [full(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("obj", OBJECTS, ids=lambda obj: f"{obj['kind']}-{obj['apiVersion']}")
def test_every_kind_is_created_read_listed_watched_replaced_and_deleted_in_protobuf(
    api: ApiServer, namespace: str, obj: dict[str, Any]
) -> None:
    row = row_of(obj)
    base, name = base_of(row, namespace), obj["metadata"]["name"]
    sent = {"content_type": PROTOBUF, "accept": CLIENT_GO}
    if obj["kind"] == "Event":
        obj = obj | {"regarding": obj["regarding"] | {"namespace": namespace}}
    created = said(api.post(base, protobuf.encode(obj), **sent), 201)
    assert created["metadata"]["uid"]
    path = f"{base}/{name}"
    shown = said(api.get(path, accept=CLIENT_GO))
    assert shown == full(api.get(path).json)
    assert said(api.get(base, accept=CLIENT_GO)) == full(api.get(base).json)
    assert said(api.get(path, accept=METADATA))["metadata"] == shown["metadata"]
    assert {"type": "ADDED", "object": shown} in initial(api, base)
    replaced = said(api.request("PUT", path, protobuf.encode(shown), **sent))
    assert replaced["metadata"]["resourceVersion"] == shown["metadata"]["resourceVersion"]
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0}
    gone = said(api.request("DELETE", path, protobuf.encode(options), **sent))
    assert gone["kind"] in {"Status", row.kind}


def test_every_kind_that_is_listed_is_listed_in_protobuf(api: ApiServer) -> None:
    for row in RESOURCES.all():
        if "list" in row.verbs and row.group != "metrics.k8s.io":
            listed = said(api.get(base_of(row, "default"), accept=CLIENT_GO))
            assert listed["kind"] == f"{row.kind}List"
            assert listed["metadata"]["resourceVersion"]


def test_a_refusal_is_a_status_in_protobuf(api: ApiServer, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    missing = said(api.get(f"{path}/x", accept=CLIENT_GO), 404)
    assert missing == api.get(f"{path}/x").json | {"metadata": {}}
    bad = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {}}
    reply = api.post(path, protobuf.encode(bad), content_type=PROTOBUF, accept=CLIENT_GO)
    assert said(reply, 422)["details"]["causes"][0]["field"] == "spec.containers"
    denied = api.request("GET", path, user="guest", accept=PROTOBUF)
    assert said(denied, 403)["reason"] == "Forbidden"


def test_a_refusal_that_cannot_be_read_as_asked_is_json(api: ApiServer) -> None:
    for accept in ("application/cbor", f"{PROTOBUF};as=Table;g=meta.k8s.io;v=v1"):
        reply = api.get("/api/v1/pods", accept=accept)
        assert reply.code == 406
        assert reply.headers["Content-Type"] == "application/json"
        assert reply.json["reason"] == "NotAcceptable"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_write_whose_answer_is_not_acceptable_does_nothing(
    api: ApiServer, namespace: str, method: str
) -> None:
    base = f"/api/v1/namespaces/{namespace}/configmaps"
    api.create(base, configmap("kept", {"k": "v"}))
    before = api.get(base).json
    path = base if method == "POST" else f"{base}/kept"
    obj = configmap("new" if method == "POST" else "kept", {"k": "w"})
    body = None if method == "DELETE" else obj
    assert api.request(method, path, body, accept="text/html").code == 406
    assert api.get(base).json == before


def test_a_part_of_an_object_whose_answer_is_not_acceptable_is_not_written(
    api: ApiServer, namespace: str
) -> None:
    deployment = next(obj for obj in OBJECTS if obj["kind"] == "Deployment")
    scaled = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
    api.create(scaled.removesuffix("/web"), deployment)
    pods = f"/api/v1/namespaces/{namespace}/pods"
    api.create(pods, pod("web"))
    merge = "application/merge-patch+json"
    scale = api.get(f"{scaled}/scale").json | {"spec": {"replicas": 5}}
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "web"}}
    bound = {"metadata": {"name": "web"}, "target": {"kind": "Node", "name": "n1"}}
    refused = [
        api.request("PUT", f"{scaled}/scale", scale, accept="text/html"),
        api.request("PATCH", f"{scaled}/scale", scale, content_type=merge, accept="text/html"),
        api.post(f"{pods}/web/eviction", eviction, accept="text/html"),
        api.post(f"{pods}/web/binding", bound, accept="text/html"),
    ]
    assert [reply.code for reply in refused] == [406] * 4
    assert api.get(scaled).json["spec"]["replicas"] == 0
    assert "nodeName" not in api.get(f"{pods}/web").json["spec"]


def test_a_scale_is_read_and_written_in_protobuf(api: ApiServer, namespace: str) -> None:
    deployment = next(obj for obj in OBJECTS if obj["kind"] == "Deployment")
    base = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    api.create(base, deployment)
    scale = said(api.get(f"{base}/web/scale", accept=CLIENT_GO))
    assert (scale["apiVersion"], scale["kind"]) == ("autoscaling/v1", "Scale")
    scale["spec"] = {"replicas": 3}
    body = protobuf.encode(scale)
    put = api.request("PUT", f"{base}/web/scale", body, content_type=PROTOBUF, accept=CLIENT_GO)
    assert said(put)["spec"] == {"replicas": 3}
    merge = "application/merge-patch+json"
    patch = {"spec": {"replicas": 2}}
    reply = api.request("PATCH", f"{base}/web/scale", patch, content_type=merge, accept=CLIENT_GO)
    assert said(reply)["spec"] == {"replicas": 2}
    patched = api.request("PATCH", f"{base}/web", patch, content_type=merge, accept=CLIENT_GO)
    assert said(patched)["spec"]["replicas"] == 2


REVIEWS: list[tuple[str, dict[str, Any], str]] = [
    ("authentication.k8s.io", {"kind": "SelfSubjectReview"}, "userInfo"),
    ("authentication.k8s.io", {"kind": "TokenReview", "spec": {"token": "x"}}, "error"),
    (
        "authorization.k8s.io",
        {"kind": "SelfSubjectRulesReview", "spec": {"namespace": "default"}},
        "resourceRules",
    ),
    *(
        ("authorization.k8s.io", {"kind": kind, "spec": spec}, "allowed")
        for kind, spec in (
            ("SelfSubjectAccessReview", {"resourceAttributes": {"verb": "get"}}),
            ("SubjectAccessReview", {"user": "u", "resourceAttributes": {"verb": "get"}}),
        )
    ),
]


@pytest.mark.parametrize(("group", "review", "told"), REVIEWS, ids=lambda value: str(value)[:40])
def test_reviews_are_answered_in_protobuf(
    api: ApiServer, group: str, review: dict[str, Any], told: str
) -> None:
    body = {"apiVersion": f"{group}/v1", "metadata": {}, **review}
    path = f"/apis/{group}/v1/{review['kind'].lower()}s"
    reply = api.post(path, protobuf.encode(body), content_type=PROTOBUF, accept=CLIENT_GO)
    answer = said(reply, 201)
    assert answer["kind"] == review["kind"]
    assert told in answer["status"]


def test_tokens_and_evictions_are_answered_in_protobuf(api: ApiServer, namespace: str) -> None:
    base = f"/api/v1/namespaces/{namespace}"
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}}
    api.create(f"{base}/serviceaccounts", account)
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    sent = {"content_type": PROTOBUF, "accept": CLIENT_GO}
    reply = api.post(f"{base}/serviceaccounts/robot/token", protobuf.encode(asked), **sent)
    assert said(reply, 201)["status"]["token"].count(".") == 2
    api.create(f"{base}/pods", pod("web"))
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "web"}}
    reply = api.post(f"{base}/pods/web/eviction", protobuf.encode(eviction), **sent)
    assert said(reply, 201)["status"] == "Success"


def test_a_collection_is_deleted_and_answered_in_protobuf(api: ApiServer, namespace: str) -> None:
    base = f"/api/v1/namespaces/{namespace}/configmaps"
    for name in ("a", "b"):
        api.create(base, configmap(name))
    gone = said(api.request("DELETE", f"{base}?fieldSelector=metadata.name=a", accept=CLIENT_GO))
    assert [item["metadata"]["name"] for item in gone["items"]] == ["a"]


def test_metadata_is_listed_and_watched_in_protobuf(api: ApiServer, namespace: str) -> None:
    base = f"/api/v1/namespaces/{namespace}/configmaps"
    api.create(base, configmap("a", {"secret": "x"}, app="web"))
    listed = said(api.get(base, accept=METADATA))
    assert (listed["apiVersion"], listed["kind"]) == (
        "meta.k8s.io/v1",
        "PartialObjectMetadataList",
    )
    assert [set(item) for item in listed["items"]] == [{"metadata"}]
    events = initial(api, base, METADATA)
    assert [event["type"] for event in events] == ["ADDED", "BOOKMARK"]
    assert {event["object"]["kind"] for event in events} == {"PartialObjectMetadata"}
    assert events[0]["object"]["metadata"] == listed["items"][0]["metadata"]


def test_a_watch_from_a_lost_revision_ends_with_a_status_in_protobuf(
    api: ApiServer, namespace: str
) -> None:
    base = f"/api/v1/namespaces/{namespace}/configmaps"
    for number in range(1001):
        obj = {"metadata": {"name": f"c-{number}", "namespace": namespace}}
        api.run(api.registry.create(row_of(configmap("x")), namespace, obj))
    (event,) = watched(api, f"{base}?watch=1&resourceVersion=1")
    assert event["type"] == "ERROR"
    assert (event["object"]["kind"], event["object"]["code"]) == ("Status", 410)


def test_a_change_and_a_removal_are_watched_in_protobuf(api: ApiServer, namespace: str) -> None:
    base = f"/api/v1/namespaces/{namespace}/configmaps"
    created = api.create(base, configmap("a", app="web"))
    revision = created["metadata"]["resourceVersion"]
    api.request("PUT", f"{base}/a", configmap("a", {"k": "v"}, app="other"))
    query = f"watch=1&resourceVersion={revision}"
    left = next(watched(api, f"{base}?{query}&labelSelector=app=web"))
    assert left["type"] == "DELETED"
    assert left["object"]["metadata"]["labels"] == {"app": "web"}
    changed = next(watched(api, f"{base}?{query}"))
    assert changed["type"] == "MODIFIED"
    assert changed["object"] == full(api.get(f"{base}/a").json)


def test_discovery_is_answered_in_protobuf_and_aggregated_where_asked(api: ApiServer) -> None:
    for path in ("/api", "/apis", "/apis/apps", "/api/v1", "/apis/apps/v1"):
        assert said(api.get(path, accept=CLIENT_GO)) == api.get(path).json | {
            "apiVersion": api.get(path).json.get("apiVersion", "")
        }
    aggregated = "g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    for path in ("/api", "/apis"):
        reply = api.get(path, accept=f"{PROTOBUF};{aggregated},{CLIENT_GO}")
        assert reply.headers["Content-Type"] == f"{PROTOBUF};{aggregated}"
        wanted = api.get(path, accept=f"application/json;{aggregated}").json
        assert protoreader.read(reply.data) == full(wanted)


def envelope(kind: bytes, raw: bytes) -> bytes:
    types = wire.field(1, b"v1") + wire.field(2, kind)
    return protobuf.MAGIC + wire.field(1, types) + wire.field(2, raw)


MISFIT = 'ConfigMap in version "v1" cannot be handled as a ConfigMap: the body is not valid'


def nested(levels: int) -> bytes:
    raw = b""
    for _ in range(levels):
        raw = wire.field(1, raw)
    return raw


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "does not start with the bytes of Kubernetes protobuf (<empty>)"),
        (b'{"kind":"ConfigMap"}', "does not start with the bytes of Kubernetes protobuf"),
        (protobuf.MAGIC + b"\xff", "an integer does not end"),
        (
            protobuf.encode(configmap("x", {"k": "v" * 99}))[:-10],
            "a field is longer than its message",
        ),
        (envelope(b"Pod", b""), "expected kind (ConfigMap)"),
        (
            envelope(b"Gizmo", b""),
            'Gizmo in version "v1" cannot be handled as a ConfigMap: there is no protobuf',
        ),
        (
            envelope(b"ConfigMap", b"\x0b"),
            f"{MISFIT} protobuf: wire type 3 is not used by Kubernetes",
        ),
        (envelope(b"ConfigMap", b"\x08\x05"), f"{MISFIT} protobuf: field 1 of"),
        (envelope(b"ConfigMap", b"\x80" * 11), "an integer does not end"),
        (envelope(b"ConfigMap", wire.field(1, wire.field(1, b"\xff"))), "is not UTF-8"),
        (envelope(b"ConfigMap", nested(5000)), "is not UTF-8"),
    ],
)
def test_a_bad_protobuf_body_is_refused_with_a_reason(
    api: ApiServer, namespace: str, body: bytes, words: str
) -> None:
    base = f"/api/v1/namespaces/{namespace}/configmaps"
    reply = api.post(base, body, content_type=PROTOBUF)
    assert reply.code == 400, reply.data
    assert reply.json["reason"] == "BadRequest"
    assert words in reply.json["message"]


ENCODINGS = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
PATCHES = (
    "application/json-patch+json, application/merge-patch+json, "
    "application/strategic-merge-patch+json, application/apply-patch+yaml"
)


@pytest.mark.parametrize(
    ("method", "content_type", "accepted"),
    [
        ("POST", "application/json-patch+json", ENCODINGS),
        ("POST", "application/cbor", ENCODINGS),
        ("POST", "text/plain", ENCODINGS),
        ("PUT", "application/merge-patch+json", ENCODINGS),
        ("PUT", "application/json; charset", ENCODINGS),
        ("DELETE", "text/yaml", ENCODINGS),
        ("PATCH", "application/json", PATCHES),
        ("PATCH", "application/yaml", PATCHES),
        ("PATCH", PROTOBUF, PATCHES),
        ("PATCH", "", PATCHES),
    ],
)
def test_a_body_of_a_wrong_type_is_refused_with_the_right_ones(
    api: ApiServer, namespace: str, method: str, content_type: str, accepted: str
) -> None:
    base = f"/api/v1/namespaces/{namespace}/configmaps"
    path = base if method == "POST" else f"{base}/a"
    body = json.dumps(configmap("a")).encode()
    if method != "POST":
        api.create(base, configmap("a"))
    reply = api.request(method, path, body, content_type=content_type)
    assert reply.code == 415, reply.data
    assert reply.json["reason"] == "UnsupportedMediaType"
    assert reply.json["message"] == (
        "the body of the request was in an unknown format - accepted media types include: "
        f"{accepted}"
    )


def test_a_list_is_written_in_yaml_and_a_watch_is_not(api: ApiServer, namespace: str) -> None:
    base = f"/api/v1/namespaces/{namespace}/configmaps"
    for name in ("a", "b"):
        api.create(base, configmap(name, {"k": "x" * 5000}))
    reply = api.get(base, accept="application/yaml")
    assert reply.headers["Content-Type"] == "application/yaml"
    assert yaml.safe_load(reply.data) == api.get(base).json
    refused = api.get(f"{base}?watch=1", accept="application/yaml")
    assert refused.code == 406
    assert "application/json;stream=watch" in yaml.safe_load(refused.data)["message"]

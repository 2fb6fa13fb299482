"""What lists and watches may be asked for: every rule, in Kubernetes' words."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.api.apiserver import ApiServer, configmap, pod

MATCH = "resourceVersionMatch"
FORBIDDEN = "FieldValueForbidden"
UNSUPPORTED = "FieldValueNotSupported"


@pytest.fixture
def base(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}"


def names(document: dict[str, Any]) -> str:
    return ",".join(item["metadata"]["name"] for item in document["items"])


@pytest.mark.parametrize(
    ("query", "field", "reason", "message"),
    [
        (
            {MATCH: "Exact"},
            MATCH,
            FORBIDDEN,
            "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
        ),
        (
            {MATCH: "Exact", "resourceVersion": "0"},
            MATCH,
            FORBIDDEN,
            'Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
        ),
        (
            {MATCH: "NotOlderThan", "resourceVersion": "1", "continue": "x"},
            MATCH,
            FORBIDDEN,
            "Forbidden: resourceVersionMatch is forbidden when continue is provided",
        ),
        (
            {MATCH: "Sometimes", "resourceVersion": "1"},
            MATCH,
            UNSUPPORTED,
            'Unsupported value: "Sometimes": supported values: "Exact", "NotOlderThan", ""',
        ),
        (
            {"sendInitialEvents": "false"},
            "sendInitialEvents",
            FORBIDDEN,
            "Forbidden: sendInitialEvents is forbidden for list",
        ),
        (
            {"watch": "true", "sendInitialEvents": "true"},
            MATCH,
            FORBIDDEN,
            "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        ),
        (
            {"watch": "true", MATCH: "NotOlderThan", "resourceVersion": "1"},
            MATCH,
            FORBIDDEN,
            "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is"
            " provided",
        ),
        (
            {"shardSelector": "shardRange(object.metadata.uid, '0x0', '0x8')"},
            "shardSelector",
            FORBIDDEN,
            "Forbidden: shardSelector is forbidden: this server does not shard lists and watches",
        ),
    ],
)
def test_parameters_that_do_not_go_together_are_invalid(
    api: ApiServer, base: str, query: dict[str, str], field: str, reason: str, message: str
) -> None:
    reply = api.get(f"{base}/configmaps?{urlencode(query)}")
    assert (reply.code, reply.json["reason"]) == (422, "Invalid")
    details = reply.json["details"]
    assert (details["group"], details["kind"]) == ("meta.k8s.io", "ListOptions")
    assert details["causes"] == [{"reason": reason, "message": message, "field": field}]
    told = f'ListOptions.meta.k8s.io "" is invalid: {field}: {message}'
    assert reply.json["message"] == told


def test_several_faults_are_told_at_once(api: ApiServer, base: str) -> None:
    query = f"watch=true&{MATCH}=Exact"
    causes = api.get(f"{base}/pods?{query}").json["details"]["causes"]
    assert [cause["reason"] for cause in causes] == [FORBIDDEN, UNSUPPORTED]


def test_a_page_has_the_revision_of_its_list(api: ApiServer, base: str) -> None:
    for name in "ab":
        api.create(f"{base}/configmaps", configmap(name))
    token = api.get(f"{base}/configmaps?limit=1").json["metadata"]["continue"]
    reply = api.get(f"{base}/configmaps?limit=1&continue={token}&resourceVersion=5")
    assert (reply.code, reply.json["message"]) == (
        400,
        "specifying resource version is not allowed when using continue",
    )
    assert names(api.get(f"{base}/configmaps?continue={token}&resourceVersion=0").json) == "b"


def test_a_token_of_another_kind_or_namespace_shows_nothing_of_it(
    api: ApiServer, base: str
) -> None:
    api.create(f"{base}/secrets", {"metadata": {"name": "hidden"}})
    api.create(f"{base}/configmaps", configmap("a"))
    body = {"v": "meta.k8s.io/v1", "rv": -1, "start": "secrets/"}
    token = base64.urlsafe_b64encode(json.dumps(body).encode()).decode().rstrip("=")
    assert names(api.get(f"{base}/configmaps?continue={token}").json) == ""


@pytest.mark.parametrize(
    ("version", "match", "code"),
    [
        ("", "", 200),
        ("0", "", 200),
        ("1", "", 200),
        ("1", "NotOlderThan", 200),
        ("0", "NotOlderThan", 200),
        ("1", "Exact", 410),
        ("999999", "", 504),
        ("999999", "NotOlderThan", 504),
        ("999999", "Exact", 504),
    ],
)
def test_a_list_is_as_new_as_asked_for(
    api: ApiServer, base: str, version: str, match: str, code: int
) -> None:
    api.create(f"{base}/configmaps", configmap("a"))
    query = f"resourceVersion={version}" + (f"&{MATCH}={match}" if match else "")
    reply = api.get(f"{base}/configmaps?{query}")
    assert reply.code == code
    if code == 410:
        assert reply.json["reason"] == "Expired"
    if code == 504:
        assert reply.json["reason"] == "Timeout"
        cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
        assert reply.json["details"] == {"retryAfterSeconds": 1, "causes": [cause]}


def test_the_present_can_be_asked_for_exactly(api: ApiServer, base: str) -> None:
    api.create(f"{base}/configmaps", configmap("a"))
    now = api.get(f"{base}/configmaps").json["metadata"]["resourceVersion"]
    listed = api.get(f"{base}/configmaps?resourceVersion={now}&{MATCH}=Exact").json
    assert (names(listed), listed["metadata"]["resourceVersion"]) == ("a", now)


LABELS: dict[str, dict[str, str]] = {
    "front": {"tier": "front", "weight": "10", "app.kubernetes.io/name": "web"},
    "back": {"tier": "back", "weight": "9"},
    "empty": {"tier": ""},
    "bare": {},
}


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("tier=front", "front"),
        ("tier==front", "front"),
        ("tier!=front", "back,bare,empty"),
        ("tier in (front, back)", "back,front"),
        ("tier notin (front,back)", "bare,empty"),
        ("tier in (front,)", "empty,front"),
        ("tier", "back,empty,front"),
        ("!tier", "bare"),
        ("tier=", "empty"),
        ("tier!=", "back,bare,front"),
        ("weight>9", "front"),
        ("weight<10", "back"),
        ("tier>1", ""),
        (" tier = front , weight ", "front"),
        ("app.kubernetes.io/name=web", "front"),
        ("tier=front,tier=back", ""),
        ("in in (in)", ""),
    ],
)
def test_every_operator_of_label_selectors_selects(
    api: ApiServer, base: str, selector: str, found: str
) -> None:
    for name, labels in LABELS.items():
        body = configmap(name)
        body["metadata"]["labels"] = labels
        api.create(f"{base}/configmaps", body)
    assert names(api.get(f"{base}/configmaps?labelSelector={quote(selector)}").json) == found


@pytest.mark.parametrize(
    ("selector", "told"),
    [
        ("a in", "unable to parse requirement: found '' expected: '('"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        ("a in ()x", "found 'x', expected: ',' or 'end of string'"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("=a", "found '=', expected: !, identifier, or 'end of string'"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        ("a,,b", "found ',', expected: identifier after ','"),
        ("a>b", "unable to parse requirement: for 'Gt', 'Lt' operators, "),
        ("a>1.5", "unable to parse requirement: for 'Gt', 'Lt' operators, "),
        ("a in (-)", 'unable to parse requirement: Invalid value: "-"'),
        ("-a", 'unable to parse requirement: Invalid value: "-a"'),
        ("a/b/c", 'unable to parse requirement: Invalid value: "a/b/c"'),
        ("a=" + "b" * 64, "unable to parse requirement: Invalid value: "),
        ("(", "found '(', expected: !, identifier, or 'end of string'"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a=\x00", "unable to parse requirement: Invalid value: "),
    ],
)
def test_a_bad_label_selector_is_a_bad_request(
    api: ApiServer, base: str, selector: str, told: str
) -> None:
    reply = api.get(f"{base}/configmaps?labelSelector={quote(selector)}")
    assert (reply.code, reply.json["reason"]) == (400, "BadRequest")
    assert reply.json["message"].startswith(told)


@pytest.mark.parametrize(
    ("plural", "field", "value"),
    [
        ("pods", "metadata.name", "p"),
        ("pods", "spec.nodeName", "node1"),
        ("pods", "spec.host", "node1"),
        ("pods", "spec.restartPolicy", "Always"),
        ("pods", "spec.schedulerName", "default-scheduler"),
        ("pods", "spec.serviceAccountName", "default"),
        ("pods", "spec.hostNetwork", "false"),
        ("pods", "status.phase", "Pending"),
        ("pods", "status.podIP", ""),
        ("pods", "status.podIPs", ""),
        ("pods", "status.nominatedNodeName", ""),
        ("services", "spec.type", "ClusterIP"),
        ("services", "spec.clusterIP", "None"),
        ("secrets", "type", "Opaque"),
        ("events", "involvedObject.kind", "Pod"),
        ("events", "involvedObject.name", "p"),
        ("events", "involvedObject.uid", "u"),
        ("events", "involvedObject.apiVersion", "v1"),
        ("events", "involvedObject.fieldPath", "spec"),
        ("events", "involvedObject.resourceVersion", ""),
        ("events", "reason", "Because"),
        ("events", "reportingComponent", ""),
        ("events", "source", "me"),
        ("events", "type", "Normal"),
        ("replicationcontrollers", "status.replicas", "0"),
        ("configmaps", "metadata.name", "p"),
    ],
)
def test_a_kind_is_selected_by_each_of_its_fields(
    api: ApiServer, base: str, plural: str, field: str, value: str
) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod("x")["spec"]}
    namespace = base.rpartition("/")[2]
    about = {"kind": "Pod", "name": "p", "uid": "u", "apiVersion": "v1", "fieldPath": "spec"}
    bodies: dict[str, dict[str, Any]] = {
        "pods": {"spec": pod("x")["spec"] | {"nodeName": "node1"}},
        "services": {"spec": {"clusterIP": "None", "ports": [{"port": 80}]}},
        "secrets": {},
        "configmaps": {},
        "events": {
            "involvedObject": about | {"namespace": namespace},
            "reason": "Because",
            "source": {"component": "me"},
            "type": "Normal",
        },
        "replicationcontrollers": {"spec": {"selector": {"a": "b"}, "template": template}},
    }
    api.create(f"{base}/{plural}", {"metadata": {"name": "p"}} | bodies[plural])
    for sign, found in (("=", "p"), ("==", "p"), ("!=", "")):
        selector = quote(f"{field}{sign}{value}")
        assert names(api.get(f"{base}/{plural}?fieldSelector={selector}").json) == found


@pytest.mark.parametrize(
    ("path", "field", "message"),
    [
        ("/api/v1/pods", "spec.x", "field label not supported: spec.x"),
        ("/api/v1/nodes", "status.phase", "field label not supported: status.phase"),
        ("/api/v1/nodes", "metadata.namespace", "field label not supported: metadata.namespace"),
        ("/api/v1/namespaces", "spec.x", "field label not supported: spec.x"),
        ("/apis/batch/v1/jobs", "spec.x", 'field label "spec.x" not supported for batchv1.Job'),
        (
            "/api/v1/configmaps",
            "data.x",
            '"data.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
        ),
    ],
)
def test_a_field_that_a_kind_does_not_offer_is_refused(
    api: ApiServer, path: str, field: str, message: str
) -> None:
    for query in ("", "&watch=true"):
        reply = api.get(f"{path}?fieldSelector={field}%3D1{query}")
        assert (reply.code, reply.json["message"]) == (400, message)


@pytest.mark.parametrize("selector", ["metadata.name", "a=b\\x", "metadata.name=a=b"])
def test_a_bad_field_selector_is_a_bad_request(api: ApiServer, base: str, selector: str) -> None:
    reply = api.get(f"{base}/configmaps?fieldSelector={quote(selector)}")
    assert (reply.code, reply.json["reason"]) == (400, "BadRequest")
    assert "invalid" in reply.json["message"]


PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
INITIAL = f"watch=true&sendInitialEvents=true&{MATCH}=NotOlderThan&allowWatchBookmarks=true"


def test_initial_events_are_those_of_the_selection(api: ApiServer, base: str) -> None:
    api.create(f"{base}/configmaps", configmap("a", color="red"))
    api.create(f"{base}/configmaps", configmap("b", color="blue"))
    path = f"{base}/configmaps?{INITIAL}&labelSelector=color%3Dblue"
    with api.watch(path, accept=PARTIAL) as watch:
        first, bookmark = watch.next(), watch.next()
        assert (first["type"], first["object"]["metadata"]["name"]) == ("ADDED", "b")
        assert (first["object"]["kind"], bookmark["type"]) == ("PartialObjectMetadata", "BOOKMARK")
        assert bookmark["object"]["metadata"]["annotations"] == {
            "k8s.io/initial-events-end": "true"
        }
        body = configmap("a", {"k": "v"}, color="blue")
        api.request("PUT", f"{base}/configmaps/a", body)
        entered = watch.next()
        assert (entered["type"], "data" in entered["object"]) == ("ADDED", False)


def test_without_initial_events_a_watch_begins_now(api: ApiServer, base: str) -> None:
    api.create(f"{base}/configmaps", configmap("a"))
    query = f"watch=true&sendInitialEvents=false&{MATCH}=NotOlderThan"
    with api.watch(f"{base}/configmaps?{query}&resourceVersion=0") as watch:
        api.create(f"{base}/configmaps", configmap("b"))
        assert watch.next()["object"]["metadata"]["name"] == "b"

"""Server-side apply and managedFields as clients see them, request by request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.apiserver import ApiServer, Reply, configmap, pod

Object = dict[str, Any]
APPLY = "application/apply-patch+yaml"


def url(namespace: str, name: str = "x", *, kind: str = "configmaps", query: str = "") -> str:
    root = "/apis/apps/v1" if kind == "deployments" else "/api/v1"
    return f"{root}/namespaces/{namespace}/{kind}/{name}{query}"


def apply(
    api: ApiServer, path: str, body: Object | bytes, manager: str = "me", **headers: str
) -> Reply:
    joint = "&" if "?" in path else "?"
    path = f"{path}{joint}fieldManager={manager}" if manager else path
    return api.request("PATCH", path, body, content_type=APPLY, **headers)


def config(name: str = "x", **data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def deployment(**spec: Any) -> Object:
    labels = {"app": "x"}
    containers = [{"name": "c", "image": "i:1"}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "x"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
            **spec,
        },
    }


def entries(obj: Object) -> list[Object]:
    found: list[Object] = obj["metadata"].get("managedFields", [])
    return found


def managers(obj: Object) -> list[tuple[str, str]]:
    return [(entry["manager"], entry["operation"]) for entry in entries(obj)]


def test_applying_creates_and_then_changes(api: ApiServer, namespace: str) -> None:
    created = apply(api, url(namespace), config(a="1"))
    assert created.code == 201
    (entry,) = entries(created.json)
    assert entry.pop("time").endswith("Z")
    assert entry == {
        "manager": "me",
        "operation": "Apply",
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:data": {"f:a": {}}},
    }
    changed = apply(api, url(namespace), config(b="2"))
    assert changed.code == 200
    assert changed.json["data"] == {"b": "2"}


def test_applying_the_same_again_writes_nothing(api: ApiServer, namespace: str) -> None:
    path = url(namespace, kind="deployments")
    first = apply(api, path, deployment(replicas=2)).json
    second = apply(api, path, deployment(replicas=2)).json
    assert first == second
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "x"},
        "stringData": {"a": "b"},
    }
    path = url(namespace, kind="secrets")
    assert apply(api, path, secret).json == apply(api, path, secret).json


def test_yaml_is_read(api: ApiServer, namespace: str) -> None:
    body = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  a: '1'\n"
    assert apply(api, url(namespace), body).json["data"] == {"a": "1"}


def test_a_dry_run_stores_nothing(api: ApiServer, namespace: str) -> None:
    path = url(namespace, query="?dryRun=All")
    assert apply(api, path, config(a="1")).code == 201
    assert api.get(url(namespace)).code == 404


def test_defaults_have_no_owner(api: ApiServer, namespace: str) -> None:
    created = apply(api, url(namespace, kind="deployments"), deployment()).json
    assert created["spec"]["replicas"] == 1
    (entry,) = entries(created)
    assert "f:replicas" not in entry["fieldsV1"]["f:spec"]
    scaled = apply(api, url(namespace, kind="deployments"), deployment(replicas=3), "other")
    assert scaled.json["spec"]["replicas"] == 3


def test_a_conflict_names_the_manager_and_force_overrules_it(
    api: ApiServer, namespace: str
) -> None:
    path = url(namespace, kind="deployments")
    apply(api, path, deployment(replicas=2))
    patch = {"spec": {"replicas": 5}}
    edited = api.request(
        "PATCH",
        f"{path}?fieldManager=kubectl-edit",
        patch,
        content_type="application/strategic-merge-patch+json",
    )
    assert managers(edited.json) == [("me", "Apply"), ("kubectl-edit", "Update")]
    refused = apply(api, path, deployment(replicas=2))
    assert refused.code == 409
    assert refused.json["reason"] == "Conflict"
    assert refused.json["message"] == (
        'Apply failed with 1 conflict: conflict with "kubectl-edit" using apps/v1: .spec.replicas'
    )
    assert refused.json["details"]["causes"] == [
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "kubectl-edit" using apps/v1',
            "field": ".spec.replicas",
        }
    ]
    forced = apply(api, f"{path}?force=true", deployment(replicas=2)).json
    assert forced["spec"]["replicas"] == 2
    assert managers(forced) == [("me", "Apply")]


def test_status_is_owned_through_its_own_endpoint(api: ApiServer, namespace: str) -> None:
    path = url(namespace, kind="deployments")
    made = apply(api, path, deployment() | {"status": {"replicas": 7}}).json
    assert "f:status" not in entries(made)[0]["fieldsV1"]
    made["status"] = {"replicas": 1, "observedGeneration": 1}
    made["spec"]["replicas"] = 9
    api.request("PUT", f"{path}/status?fieldManager=controller", made)
    status = {"readyReplicas": 1}
    body = deployment(replicas=9) | {"status": status}
    after = apply(api, f"{path}/status", body, "reporter").json
    assert after["status"] == {"replicas": 1, "observedGeneration": 1, "readyReplicas": 1}
    assert after["spec"]["replicas"] == 1
    known = {(e["manager"], e.get("subresource", "")): e["fieldsV1"] for e in entries(after)}
    assert known["reporter", "status"] == {"f:status": {"f:readyReplicas": {}}}
    assert known["controller", "status"] == {
        "f:status": {"f:observedGeneration": {}, "f:replicas": {}}
    }
    assert apply(api, url(namespace, "none", kind="deployments") + "/status", body).code == 400
    missing = body | {"metadata": {"name": "none"}}
    assert apply(api, url(namespace, "none", kind="deployments") + "/status", missing).code == 404


def test_scale_is_written_under_its_own_name(api: ApiServer, namespace: str) -> None:
    path = url(namespace, kind="deployments")
    apply(api, path, deployment(replicas=2))
    scale = {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": "x", "namespace": namespace},
        "spec": {"replicas": 4},
    }
    assert api.request("PUT", f"{path}/scale?fieldManager=scaler", scale).code == 200
    refused = apply(api, path, deployment(replicas=2))
    told = 'conflict with "scaler" with subresource "scale" using apps/v1: .spec.replicas'
    assert told in refused.json["message"]
    assert apply(api, f"{path}/scale", scale | {"spec": {"replicas": 6}}).code == 409
    forced = apply(api, f"{path}/scale?force=true", scale | {"spec": {"replicas": 6}})
    assert forced.json["spec"] == {"replicas": 6}
    assert api.get(path).json["spec"]["replicas"] == 6


def test_the_writer_is_the_field_manager_or_the_user_agents_first_word(
    api: ApiServer, namespace: str
) -> None:
    collection = f"/api/v1/namespaces/{namespace}/configmaps"
    agent = {"user-agent": "kubectl/v1.33.0 (linux/amd64)"}
    made = api.post(collection, configmap("x", {"a": "1"}), **agent).json
    assert managers(made) == [("kubectl", "Update")]
    assert entries(made)[0]["fieldsV1"] == {"f:data": {".": {}, "f:a": {}}}
    named = api.post(f"{collection}?fieldManager=boss", configmap("y", {"a": "1"}), **agent).json
    assert managers(named) == [("boss", "Update")]


def test_an_update_that_changes_nothing_leaves_the_entries(api: ApiServer, namespace: str) -> None:
    path = url(namespace)
    made = apply(api, path, config(a="1")).json
    again = api.request("PUT", f"{path}?fieldManager=other", made).json
    assert again == made
    del made["metadata"]["managedFields"]
    forgetful = api.request("PUT", f"{path}?fieldManager=other", made).json
    assert entries(forgetful) == entries(again)


@pytest.mark.parametrize("reset", [[], [{}]])
def test_an_empty_list_of_entries_forgets_all_owners(
    api: ApiServer, namespace: str, reset: list[Any]
) -> None:
    path = url(namespace)
    made = apply(api, path, config(a="1")).json
    made["metadata"]["managedFields"] = reset
    assert "managedFields" not in api.request("PUT", path, made).json["metadata"]
    refused = apply(api, path, config(a="2"))
    assert 'conflict with "before-first-apply" using v1: .data.a' in refused.json["message"]
    merge = "application/merge-patch+json"
    patch = {"metadata": {"managedFields": reset}}
    api.request("PATCH", path, patch, content_type=merge)
    assert "managedFields" not in api.get(path).json["metadata"]


def test_client_side_owners_are_moved_with_a_json_patch(api: ApiServer, namespace: str) -> None:
    collection = f"/api/v1/namespaces/{namespace}/configmaps"
    query = "?fieldManager=kubectl-client-side-apply"
    made = api.post(collection + query, configmap("x", {"a": "1"})).json
    entry = entries(made)[0] | {"manager": "kubectl", "operation": "Apply"}
    patch = [
        {"op": "replace", "path": "/metadata/managedFields", "value": [entry]},
        {
            "op": "replace",
            "path": "/metadata/resourceVersion",
            "value": made["metadata"]["resourceVersion"],
        },
    ]
    path = url(namespace)
    moved = api.request("PATCH", path, patch, content_type="application/json-patch+json")
    assert managers(moved.json) == [("kubectl", "Apply")]
    assert apply(api, path, config(b="1"), "kubectl").json["data"] == {"b": "1"}


def test_entries_that_cannot_be_read_are_not_taken(api: ApiServer, namespace: str) -> None:
    path = url(namespace)
    made = apply(api, path, config(a="1")).json
    broken = json.loads(json.dumps(made))
    broken["metadata"]["managedFields"][0]["fieldsV1"] = {"nonsense": {}}
    assert entries(api.request("PUT", path, broken).json) == entries(made)


def test_ports_are_told_apart_by_number_and_protocol(api: ApiServer, namespace: str) -> None:
    path = url(namespace, kind="services")
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}}
    both = [
        {"name": "tcp", "port": 53},
        {"name": "udp", "port": 53, "protocol": "UDP"},
    ]
    made = apply(api, path, service | {"spec": {"ports": both, "selector": {"a": "b"}}}).json
    assert [port["protocol"] for port in made["spec"]["ports"]] == ["TCP", "UDP"]
    assert "f:clusterIP" not in entries(made)[0]["fieldsV1"]["f:spec"]
    less = apply(api, path, service | {"spec": {"ports": both[:1], "selector": {"a": "b"}}}).json
    assert [port["name"] for port in less["spec"]["ports"]] == ["tcp"]
    assert less["spec"]["clusterIP"] == made["spec"]["clusterIP"]


def test_pods_of_nobody_belong_to_whoever_was_before_the_first_apply(
    api: ApiServer, namespace: str
) -> None:
    async def make() -> None:
        from minikube8s.api.resources import PODS

        await api.registry.create(PODS, namespace, pod("x"))

    api.run(make())
    assert entries(api.get(url(namespace, kind="pods")).json) == []
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "x", "labels": {"a": "b"}},
    }
    after = apply(api, url(namespace, kind="pods"), body).json
    assert managers(after) == [("me", "Apply"), ("before-first-apply", "Update")]


REFUSED = [
    ({}, "", 422, "fieldManager: Required value: is required for apply patch"),
    ({}, "m" * 129, 422, "fieldManager: Too long: may not be more than 128 bytes"),
    ({"metadata": {"name": "x", "managedFields": []}}, "me", 400, "managedFields must be nil"),
    ({"metadata": {"name": "y"}}, "me", 400, "does not match"),
    ({"apiVersion": "v2"}, "me", 400, "Incorrect version specified in apply patch"),
    ({"kind": "Secret"}, "me", 400, "kind"),
    ({"dat": {}}, "me", 400, "x; v1, Kind=ConfigMap): .dat: field not declared in schema"),
    ({"data": {"a": 1}}, "me", 400, ".data.a"),
    ({"metadata": {"name": "x", "uid": "nope"}}, "me", 409, "no existing object was found"),
    ({"metadata": {"name": "x", "resourceVersion": "7"}}, "me", 409, "no existing object"),
]


@pytest.mark.parametrize(("change", "manager", "code", "why"), REFUSED)
def test_what_cannot_be_applied_is_refused(
    api: ApiServer, namespace: str, change: Object, manager: str, code: int, why: str
) -> None:
    reply = apply(api, url(namespace), config() | change, manager)
    assert reply.code == code, reply.data
    assert why in reply.json["message"]
    assert api.get(url(namespace)).code == 404


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"a: b: c", b"\xff", b"- " * 3000, b"{}"])
def test_what_is_no_configuration_is_refused(api: ApiServer, namespace: str, body: bytes) -> None:
    assert apply(api, url(namespace), body).code == 400


def test_items_without_a_name_of_their_own_are_refused(api: ApiServer, namespace: str) -> None:
    body = deployment()
    containers = body["spec"]["template"]["spec"]["containers"]
    containers.append(dict(containers[0]))
    refused = apply(api, url(namespace, kind="deployments"), body)
    assert refused.code == 400
    assert '.containers: duplicate entries for key [name="c"]' in refused.json["message"]


def test_a_stale_revision_or_another_uid_is_a_conflict(api: ApiServer, namespace: str) -> None:
    path = url(namespace)
    made = apply(api, path, config(a="1")).json
    for field in ("resourceVersion", "uid"):
        body = config(a="2")
        body["metadata"][field] = "1"
        assert apply(api, path, body).code == 409
        body["metadata"][field] = made["metadata"][field]
        assert apply(api, path, body).code == 200
        made = api.get(path).json


def test_force_is_for_applying_only(api: ApiServer, namespace: str) -> None:
    apply(api, url(namespace), config(a="1"))
    merge = "application/merge-patch+json"
    reply = api.request("PATCH", url(namespace, query="?force=true"), {}, content_type=merge)
    assert reply.code == 422
    assert "force: Forbidden: may not be specified for non-apply patch" in reply.json["message"]


def test_cbor_is_declined(api: ApiServer, namespace: str) -> None:
    path = url(namespace, query="?fieldManager=me")
    reply = api.request("PATCH", path, b"x", content_type="application/apply-patch+cbor")
    assert reply.code == 415
    assert APPLY in reply.json["message"]

"""create, get, update, patch, delete, and their refusals."""

import pytest

from tests.api.apiserver import ApiServer, configmap, pod


def path(namespace: str, name: str = "", plural: str = "configmaps") -> str:
    return f"/api/v1/namespaces/{namespace}/{plural}" + (f"/{name}" if name else "")


def test_an_object_is_the_same_bytes_created_read_listed(api: ApiServer, namespace: str) -> None:
    created = api.post(path(namespace), configmap("a", {"k": "v"})).data
    assert api.get(path(namespace, "a")).data == created
    assert created in api.get(path(namespace)).data


def test_names_are_generated_and_taken_names_refused(api: ApiServer, namespace: str) -> None:
    body = configmap("")
    body["metadata"] = {"generateName": "web-"}
    assert api.create(path(namespace), body)["metadata"]["name"].startswith("web-")
    api.create(path(namespace), configmap("a"))
    reply = api.post(path(namespace), configmap("a"))
    assert (reply.code, reply.json["reason"]) == (409, "AlreadyExists")
    assert reply.json["message"] == 'configmaps "a" already exists'


def test_a_dry_run_stores_nothing(api: ApiServer, namespace: str) -> None:
    assert api.post(path(namespace) + "?dryRun=All", configmap("a")).code == 201
    assert api.get(path(namespace, "a")).code == 404
    refused = api.post(path(namespace) + "?dryRun=Some", configmap("a"))
    assert (refused.code, refused.json["reason"]) == (422, "Invalid")


def test_an_unknown_field_is_refused_warned_of_or_dropped(api: ApiServer, namespace: str) -> None:
    body = pod("p")
    body["spec"]["containers"][0]["imagee"] = "x"
    strict = api.post(path(namespace, plural="pods") + "?fieldValidation=Strict", body)
    assert strict.code == 400
    assert 'unknown field "spec.containers[0].imagee"' in strict.json["message"]
    assert '(did you mean "image"?)' in strict.json["message"]
    warned = api.post(path(namespace, plural="pods"), body)
    assert warned.code == 201
    assert warned.headers["Warning"].startswith('299 - "unknown field \\"spec.containers[0].imagee')
    assert b"imagee" not in warned.data
    body["metadata"]["name"] = "q"
    ignored = api.post(path(namespace, plural="pods") + "?fieldValidation=Ignore", body)
    assert (ignored.code, ignored.headers["Warning"]) == (201, None)


def test_an_invalid_object_is_refused_with_its_causes(api: ApiServer, namespace: str) -> None:
    body = pod("p")
    del body["spec"]["containers"][0]["image"]
    reply = api.post(path(namespace, plural="pods"), body)
    assert (reply.code, reply.json["reason"]) == (422, "Invalid")
    assert reply.json["details"]["causes"][0]["field"] == "spec.containers[0].image"


def test_an_update_with_an_old_revision_conflicts(api: ApiServer, namespace: str) -> None:
    first = api.create(path(namespace), configmap("a"))
    second = first | {"data": {"k": "1"}}
    assert api.request("PUT", path(namespace, "a"), second).code == 200
    reply = api.request("PUT", path(namespace, "a"), first | {"data": {"k": "2"}})
    assert (reply.code, reply.json["reason"]) == (409, "Conflict")
    del first["metadata"]["resourceVersion"]
    forced = api.request("PUT", path(namespace, "a"), first | {"data": {"k": "3"}})
    assert forced.json["data"] == {"k": "3"}


def test_names_in_body_and_url_must_agree(api: ApiServer, namespace: str) -> None:
    api.create(path(namespace), configmap("a"))
    reply = api.request("PUT", path(namespace, "a"), configmap("b"))
    assert reply.code == 400
    assert reply.json["message"] == (
        "the name of the object (b) does not match the name on the URL (a)"
    )


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/merge-patch+json", {"data": {"k": "new"}}),
        ("application/strategic-merge-patch+json", {"data": {"k": "new"}}),
        ("application/json-patch+json", [{"op": "replace", "path": "/data/k", "value": "new"}]),
    ],
)
def test_three_kinds_of_patches(api: ApiServer, namespace: str, kind: str, body: object) -> None:
    api.create(path(namespace), configmap("a", {"k": "old", "other": "stays"}))
    reply = api.request("PATCH", path(namespace, "a"), body, content_type=kind)
    assert reply.code == 200, reply.data
    assert reply.json["data"] == {"k": "new", "other": "stays"}


def test_a_strict_patch_with_an_unknown_field_is_refused(api: ApiServer, namespace: str) -> None:
    api.create(path(namespace), configmap("a"))
    reply = api.request(
        "PATCH",
        path(namespace, "a") + "?fieldValidation=Strict",
        {"dta": {}},
        content_type="application/merge-patch+json",
    )
    assert reply.code == 400
    assert 'unknown field "dta"' in reply.json["message"]


def test_status_and_spec_are_written_through_their_own_endpoints(
    api: ApiServer, namespace: str
) -> None:
    created = api.create(path(namespace, plural="pods"), pod("p"))
    created["status"]["phase"] = "Running"
    created["metadata"]["labels"] = {"sneaked": "in"}
    reply = api.request("PUT", path(namespace, "p/status", "pods"), created)
    assert reply.code == 200, reply.data
    assert reply.json["status"]["phase"] == "Running"
    again = reply.json
    again["status"] = {}
    again["metadata"]["labels"] = {"a": "b"}
    reply = api.request("PUT", path(namespace, "p", "pods"), again)
    assert reply.json["status"]["phase"] == "Running"
    assert reply.json["metadata"]["labels"] == {"a": "b"}


def test_delete_tells_the_uid_and_honours_preconditions(api: ApiServer, namespace: str) -> None:
    uid = api.create(path(namespace), configmap("a"))["metadata"]["uid"]
    wrong = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": "other"}}
    assert api.request("DELETE", path(namespace, "a"), wrong).code == 409
    reply = api.request("DELETE", path(namespace, "a"), {"propagationPolicy": "Background"})
    assert reply.json["status"] == "Success"
    assert reply.json["details"] == {"name": "a", "kind": "configmaps", "uid": uid}
    assert api.request("DELETE", path(namespace, "a")).code == 404


def test_delete_options_come_in_the_query_too(api: ApiServer, namespace: str) -> None:
    api.create(path(namespace), configmap("a"))
    bad = api.request("DELETE", path(namespace, "a") + "?propagationPolicy=Sideways")
    assert bad.code == 422
    dry = api.request("DELETE", path(namespace, "a") + "?dryRun=All&gracePeriodSeconds=0")
    assert dry.code == 200
    assert api.get(path(namespace, "a")).code == 200


def test_a_collection_is_deleted_by_selector(api: ApiServer, namespace: str) -> None:
    for name, label in (("a", "x"), ("b", "x"), ("c", "y")):
        api.create(path(namespace), configmap(name, tier=label))
    reply = api.request("DELETE", path(namespace) + "?labelSelector=tier%3Dx")
    assert [item["metadata"]["name"] for item in reply.json["items"]] == ["a", "b"]
    left = api.get(path(namespace)).json["items"]
    assert [item["metadata"]["name"] for item in left] == ["c"]


def test_yaml_goes_in_and_out(api: ApiServer, namespace: str) -> None:
    text = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n"
    assert api.post(path(namespace), text, content_type="application/yaml").code == 201
    reply = api.get(path(namespace, "a"), accept="application/yaml")
    assert reply.headers["Content-Type"] == "application/yaml"
    assert b"data:\n  k: v\n" in reply.data


def test_pretty_is_indented(api: ApiServer, namespace: str) -> None:
    api.create(path(namespace), configmap("a"))
    assert b'\n  "kind": "ConfigMap"' in api.get(path(namespace, "a") + "?pretty=true").data
    assert b"\n  " not in api.get(path(namespace, "a")).data


def test_a_large_list_is_compressed_for_those_who_take_it(api: ApiServer, namespace: str) -> None:
    import gzip

    for name in ("a", "b"):
        api.create(path(namespace), configmap(name, {"k": "x" * 100_000}))
    reply = api.get(path(namespace), accept_encoding="gzip")
    assert reply.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(reply.data) == api.get(path(namespace)).data


def test_a_body_beyond_the_limit_is_refused(api: ApiServer, namespace: str) -> None:
    reply = api.post(path(namespace), b" " * (3 * 1024 * 1024 + 1))
    assert (reply.code, reply.json["reason"]) == (413, "RequestEntityTooLarge")


def test_wrong_methods_and_media_types_are_statuses(api: ApiServer, namespace: str) -> None:
    assert api.request("POST", path(namespace, "a"), {}).json["reason"] == "MethodNotAllowed"
    assert api.request("PUT", path(namespace), {}).code == 405
    assert api.post(path(namespace), b"x", content_type="text/plain").code == 415
    assert api.get(path(namespace), accept="image/png").code == 406


def test_an_object_needs_a_namespace_that_exists(api: ApiServer) -> None:
    reply = api.post(path("missing"), configmap("a"))
    assert reply.code == 404
    assert reply.json["message"] == 'namespaces "missing" not found'

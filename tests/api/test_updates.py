"""What a PUT means for each kind: with and without a revision, of what is there and what is not."""

import pytest

from tests.api.apiserver import ApiServer

LEASE = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "a"}}
ROLE = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "a"}}
BUDGET = {
    "apiVersion": "policy/v1",
    "kind": "PodDisruptionBudget",
    "metadata": {"name": "a"},
    "spec": {"minAvailable": 1, "selector": {}},
}


def collection(namespace: str, body: dict, plural: str) -> str:
    version = body["apiVersion"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    return f"{root}/namespaces/{namespace}/{plural}"


@pytest.mark.parametrize(("body", "plural"), [(LEASE, "leases"), (ROLE, "roles")])
def test_some_kinds_are_created_by_an_update(api: ApiServer, namespace: str, body, plural) -> None:
    where = f"{collection(namespace, body, plural)}/a"
    created = api.request("PUT", where, body)
    assert created.code == 201
    assert api.get(where).json == created.json
    known = {**body, "metadata": {"name": "b", "resourceVersion": "1"}}
    missing = api.request("PUT", f"{collection(namespace, body, plural)}/b", known)
    assert (missing.code, missing.json["reason"]) == (404, "NotFound")


def test_others_are_not_created_by_an_update(api: ApiServer, namespace: str) -> None:
    where = f"{collection(namespace, BUDGET, 'poddisruptionbudgets')}/a"
    assert api.request("PUT", where, BUDGET).code == 404


@pytest.mark.parametrize(("body", "plural"), [(LEASE, "leases"), (BUDGET, "poddisruptionbudgets")])
def test_some_kinds_are_updated_with_their_revision_only(
    api: ApiServer, namespace: str, body, plural
) -> None:
    created = api.create(collection(namespace, body, plural), body)
    where = f"{collection(namespace, body, plural)}/a"
    refused = api.request("PUT", where, body)
    assert (refused.code, refused.json["reason"]) == (422, "Invalid")
    assert refused.json["message"].endswith(
        "is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update"
    )
    assert api.request("PUT", where, created).code == 200


def test_users_of_endpoints_are_told_of_slices(api: ApiServer, namespace: str) -> None:
    reply = api.get(f"/api/v1/namespaces/{namespace}/endpoints")
    assert reply.headers["Warning"] == (
        '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"'
    )


def test_a_finalizer_has_a_domain(api: ApiServer, namespace: str) -> None:
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "finalizers": ["mine"]},
    }
    reply = api.post(f"/api/v1/namespaces/{namespace}/configmaps", body)
    assert reply.json["details"]["causes"] == [
        {
            "reason": "FieldValueInvalid",
            "field": "metadata.finalizers[0]",
            "message": 'Invalid value: "mine": name is neither a standard finalizer name nor is it'
            " fully qualified",
        }
    ]

"""Deletion through the API: options in body and query, in Kubernetes' codes and words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.apiserver import ApiServer, configmap, pod


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"propagationPolicy": "Orphan", "orphanDependents": True},
            'propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation'
            " cannot be both set",
        ),
        (
            {"propagationPolicy": "Sideways"},
            'propagationPolicy: Unsupported value: "Sideways": supported values: "Foreground",'
            ' "Background", "Orphan", "nil"',
        ),
        ({"dryRun": ["Some"]}, 'dryRun: Unsupported value: ["Some"]: supported values: "All"'),
    ],
)
def test_options_that_make_no_sense_are_invalid(
    api: ApiServer, namespace: str, options: dict[str, Any], message: str
) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps/x"
    reply = api.request("DELETE", path, options)
    assert (reply.code, reply.json["reason"]) == (422, "Invalid")
    assert reply.json["message"] == f'DeleteOptions.meta.k8s.io "" is invalid: {message}'


def test_orphan_dependents_is_still_understood(api: ApiServer, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    api.create(path, configmap("x"))
    reply = api.request("DELETE", f"{path}/x?orphanDependents=true")
    assert reply.json["metadata"]["finalizers"] == ["orphan"]


def test_a_body_wins_over_the_query(api: ApiServer, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    api.create(path, configmap("x"))
    body = {"propagationPolicy": "Background"}
    reply = api.request("DELETE", f"{path}/x?propagationPolicy=Foreground", body)
    assert reply.json["status"] == "Success"
    assert reply.json["details"]["uid"]


def test_a_collection_heeds_selectors_and_options(api: ApiServer, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    for name, color in (("a", "red"), ("b", "blue")):
        api.create(path, configmap(name, color=color))
    selected = f"{path}?labelSelector=color=red"
    reply = api.request("DELETE", selected, {"dryRun": ["All"]})
    assert [one["metadata"]["name"] for one in reply.json["items"]] == ["a"]
    assert api.get(f"{path}/a").code == 200
    api.request("DELETE", selected, {"propagationPolicy": "Orphan"})
    assert api.get(f"{path}/a").json["metadata"]["finalizers"] == ["orphan"]
    assert api.get(f"{path}/b").code == 200


def budget(api: ApiServer, namespace: str, name: str, allowed: int | None) -> str:
    """Create a budget for pods labelled app=web that allows so many disruptions.

    With None nobody has counted yet.
    """
    root = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets"
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    made = api.create(root, {"metadata": {"name": name}, "spec": spec})
    if allowed is not None:
        made["status"] = {
            "observedGeneration": made["metadata"]["generation"],
            "disruptionsAllowed": allowed,
            "currentHealthy": 1 + allowed,
            "desiredHealthy": 1,
            "expectedPods": 2,
        }
        reply = api.request("PUT", f"{root}/{name}/status", made)
        assert reply.code == 200, reply.data
    return f"{root}/{name}"


def running(api: ApiServer, namespace: str, name: str) -> str:
    path = f"/api/v1/namespaces/{namespace}/pods"
    made = api.create(path, pod(name, app="web"))
    ready = {"type": "Ready", "status": "True"}
    made["status"] |= {"phase": "Running", "conditions": [ready]}
    assert api.request("PUT", f"{path}/{name}/status", made).code == 200
    return f"{path}/{name}"


def evict(api: ApiServer, path: str, version: str = "policy/v1", **fields: Any) -> Any:
    name = path.rpartition("/")[2]
    body = {"apiVersion": version, "kind": "Eviction", "metadata": {"name": name}, **fields}
    return api.post(f"{path}/eviction", body)


def test_an_eviction_takes_what_the_budget_allows_and_no_more(
    api: ApiServer, namespace: str
) -> None:
    first, second = running(api, namespace, "a"), running(api, namespace, "b")
    path = budget(api, namespace, "web", 1)
    assert evict(api, first, deleteOptions={"dryRun": ["All"]}).code == 201
    assert api.get(path).json["status"]["disruptionsAllowed"] == 1
    assert evict(api, first, "policy/v1beta1").code == 201
    status = api.get(path).json["status"]
    assert (status["disruptionsAllowed"], list(status["disruptedPods"])) == (0, ["a"])
    assert api.get(first).code == 404
    reply = evict(api, second)
    assert (reply.code, reply.json["reason"]) == (429, "TooManyRequests")
    assert reply.json["message"] == (
        "Cannot evict pod as it would violate the pod's disruption budget."
    )
    assert reply.json["details"]["causes"] == [
        {
            "reason": "DisruptionBudget",
            "message": "The disruption budget web does not allow evicting pods currently",
        }
    ]
    assert api.get(second).code == 200


def test_a_pod_that_does_not_run_is_evicted_whatever_the_budget(
    api: ApiServer, namespace: str
) -> None:
    budget(api, namespace, "web", 0)
    path = f"/api/v1/namespaces/{namespace}/pods"
    api.create(path, pod("waiting", app="web"))
    assert evict(api, f"{path}/waiting").code == 201


def test_two_budgets_of_one_pod_are_too_many(api: ApiServer, namespace: str) -> None:
    path = running(api, namespace, "a")
    budget(api, namespace, "one", 1)
    budget(api, namespace, "two", 1)
    reply = evict(api, path)
    assert reply.code == 500
    assert reply.json["message"] == (
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not"
        " support."
    )


def test_a_budget_that_nobody_counted_yet_allows_nothing_and_says_when_to_ask_again(
    api: ApiServer, namespace: str
) -> None:
    path = running(api, namespace, "a")
    budget(api, namespace, "web", None)
    reply = evict(api, path)
    assert (reply.code, reply.headers["Retry-After"]) == (429, "10")
    (cause,) = reply.json["details"]["causes"]
    assert cause["message"] == "The disruption budget web is still being processed by the server."


def test_an_evicted_pod_says_so(api: ApiServer, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    held = pod("held", app="web")
    held["metadata"]["finalizers"] = ["example.com/hold"]
    made = api.create(path, held)
    wrong = {"preconditions": {"uid": "another"}}
    assert evict(api, f"{path}/held", deleteOptions=wrong).code == 409
    assert "DisruptionTarget" not in str(api.get(f"{path}/held").json["status"])
    revision = api.get(f"{path}/held").json["metadata"]["resourceVersion"]
    right = {"preconditions": {"uid": made["metadata"]["uid"], "resourceVersion": revision}}
    assert evict(api, f"{path}/held", deleteOptions=right).code == 201
    conditions = api.get(f"{path}/held").json["status"]["conditions"]
    (target,) = [one for one in conditions if one["type"] == "DisruptionTarget"]
    assert (target["status"], target["reason"]) == ("True", "EvictionByEvictionAPI")
    assert target["message"] == "Eviction API: evicting"
    api.request(
        "PATCH",
        f"{path}/held",
        {"metadata": {"finalizers": None}},
        content_type="application/merge-patch+json",
    )

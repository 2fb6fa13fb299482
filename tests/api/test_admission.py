"""Admission through the API: quotas, limits, priorities and accounts as clients meet them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.api.apiserver import ApiServer, configmap, pod
from tests.api.kubectl import Kubectl


def make(api: ApiServer, namespace: str, plural: str, name: str, spec: Any) -> None:
    api.create(
        f"/api/v1/namespaces/{namespace}/{plural}", {"metadata": {"name": name}, "spec": spec}
    )


def test_a_quota_answers_403_with_a_status(api: ApiServer, namespace: str) -> None:
    make(api, namespace, "resourcequotas", "q", {"hard": {"count/configmaps": "1"}})
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    assert api.post(f"{path}?dryRun=All", configmap("a")).code == 201
    api.create(path, configmap("a"))
    for query in ("", "?dryRun=All"):
        reply = api.post(path + query, configmap("b"))
        assert reply.code == 403
        assert (reply.json["reason"], reply.json["details"]["kind"]) == ("Forbidden", "configmaps")
        assert reply.json["message"] == (
            'configmaps "b" is forbidden: exceeded quota: q, requested: count/configmaps=1,'
            " used: count/configmaps=1, limited: count/configmaps=1"
        )


def test_an_applied_object_meets_the_quota_too(api: ApiServer, namespace: str) -> None:
    make(api, namespace, "resourcequotas", "q", {"hard": {"count/configmaps": "0"}})
    reply = api.request(
        "PATCH",
        f"/api/v1/namespaces/{namespace}/configmaps/a?fieldManager=me",
        configmap("a"),
        content_type="application/apply-patch+yaml",
    )
    assert (reply.code, reply.json["reason"]) == (403, "Forbidden")


def test_a_dry_run_shows_what_admission_adds(api: ApiServer, namespace: str) -> None:
    limit = {"type": "Container", "default": {"cpu": "1"}, "defaultRequest": {"cpu": "100m"}}
    make(api, namespace, "limitranges", "usual", {"limits": [limit]})
    body = pod("")
    body["metadata"] = {"generateName": "x-"}
    reply = api.post(f"/api/v1/namespaces/{namespace}/pods?dryRun=All", body)
    assert reply.code == 201
    assert re.fullmatch("x-[a-z0-9]{5}", reply.json["metadata"]["name"])
    (container,) = reply.json["spec"]["containers"]
    assert container["resources"] == {"limits": {"cpu": "1"}, "requests": {"cpu": "100m"}}
    assert api.get(f"/api/v1/namespaces/{namespace}/pods").json["items"] == []


def test_what_admission_adds_belongs_to_nobody(api: ApiServer, namespace: str) -> None:
    created = api.create(f"/api/v1/namespaces/{namespace}/pods?fieldManager=me", pod("x"))
    (entry,) = created["metadata"]["managedFields"]
    assert "f:tolerations" not in entry["fieldsV1"]["f:spec"]
    assert created["spec"]["tolerations"]


@pytest.mark.parametrize("apply", ["create", "apply"])
def test_kubectl_is_told_of_limits(kubectl: Kubectl, api: ApiServer, apply: str) -> None:
    limit = {"type": "Container", "max": {"cpu": "1"}}
    make(api, kubectl.namespace, "limitranges", "usual", {"limits": [limit]})
    body = pod("big")
    body["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "2"}}
    told = kubectl.fails(apply, "-f", "-", stdin=json.dumps(body))
    assert 'pods "big" is forbidden: maximum cpu usage per Container is 1, but limit is 2' in told


def test_kubectl_is_told_of_missing_classes_and_accounts(kubectl: Kubectl) -> None:
    body = pod("x")
    body["spec"]["priorityClassName"] = "nope"
    told = kubectl.fails("create", "-f", "-", stdin=json.dumps(body))
    assert 'pods "x" is forbidden: no PriorityClass with name nope was found' in told
    body = pod("x")
    body["spec"]["serviceAccountName"] = "robot"
    told = kubectl.fails("create", "-f", "-", stdin=json.dumps(body))
    assert (
        f"error looking up service account {kubectl.namespace}/robot:"
        ' serviceaccount "robot" not found' in told
    )

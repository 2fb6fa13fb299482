"""What a node's certificate opens at a real API server: its own Node, its own pods, no more."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator

import pytest

from tests.api.apiserver import ApiServer

PODS = "/api/v1/namespaces/default/pods"
MERGE = "application/merge-patch+json"


@pytest.fixture
def nodes(api: ApiServer) -> Iterator[None]:
    """Nodes n1, whose certificate the client has, and n2; a pod on each."""
    for name in ("n1", "n2"):
        api.create("/api/v1/nodes", {"metadata": {"name": name}})
        api.create(PODS, pod(f"on-{name}", name))
    yield
    for name in ("n1", "n2"):
        api.request("DELETE", f"/api/v1/nodes/{name}")
        api.request("DELETE", f"{PODS}/on-{name}", {"gracePeriodSeconds": 0})


def pod(name: str, node: str) -> dict[str, object]:
    containers = [{"name": "c", "image": "i"}]
    return {"metadata": {"name": name}, "spec": {"containers": containers, "nodeName": node}}


def test_a_node_empties_closes_and_deletes_itself_and_nothing_of_another(
    api: ApiServer, nodes: None
) -> None:
    closed = {"spec": {"unschedulable": True}}
    own = api.request("PATCH", "/api/v1/nodes/n1", closed, user="node", content_type=MERGE)
    assert own.json["spec"]["unschedulable"]
    labelled = {"metadata": {"labels": {"a": "b"}}}
    for path, body in (("n2", closed), ("n1", labelled), ("n1/status", {"status": {}})):
        place = f"/api/v1/nodes/{path}"
        assert api.request("PATCH", place, body, user="node", content_type=MERGE).code == 403

    listed = api.get("/api/v1/pods?fieldSelector=spec.nodeName%3Dn1", user="node")
    assert [one["metadata"]["name"] for one in listed.json["items"]] == ["on-n1"]
    for selector in ("", "?fieldSelector=spec.nodeName%3Dn2", "?fieldSelector=spec.nodeName!%3Dn1"):
        assert api.get(f"/api/v1/pods{selector}", user="node").code == 403
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "on-n2"}}
    assert api.post(f"{PODS}/on-n2/eviction", eviction, user="node").code == 403
    assert api.request("DELETE", f"{PODS}/on-n2", user="node").code == 403
    now = {"gracePeriodSeconds": 0}
    assert api.request("DELETE", f"{PODS}/on-n1", now, user="node").code == 200

    # a pod that went in the meantime is no obstacle to who empties a node
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "on-n1"}}
    assert api.post(f"{PODS}/on-n1/eviction", eviction, user="node").code == 404
    assert api.request("DELETE", f"{PODS}/on-n1", now, user="node").code == 404

    assert api.request("DELETE", "/api/v1/nodes/n2", user="node").code == 403
    assert api.request("DELETE", "/api/v1/nodes/n1", user="node").code == 200


def test_a_body_that_is_held_back_ends_no_pod_that_came_meanwhile(
    api: ApiServer, nodes: None
) -> None:
    """The right is asked for again when the body is there: the name may be another node's now."""
    body = json.dumps({"gracePeriodSeconds": 0}).encode()
    connection = api.connect("node")
    connection.putrequest("DELETE", f"{PODS}/on-n1")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders()
    connection.send(body[:5])
    api.request("DELETE", f"{PODS}/on-n1", {"gracePeriodSeconds": 0})
    api.create(PODS, pod("on-n1", "n2"))
    connection.send(body[5:])
    response: http.client.HTTPResponse = connection.getresponse()
    assert response.status == 403
    connection.close()
    assert api.get(f"{PODS}/on-n1").json["spec"]["nodeName"] == "n2"

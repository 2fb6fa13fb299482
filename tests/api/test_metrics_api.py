"""metrics.k8s.io: what nodes and pods use, as kubectl top reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.apiserver import ApiServer, pod
from tests.api.kubectl import Kubectl

ROOT = "/apis/metrics.k8s.io/v1beta1"
AT = "2024-01-31T09:05:00Z"


def use(milli: int, mebibytes: int) -> dict[str, Any]:
    return {
        "cpu": {"time": AT, "usageNanoCores": milli * 10**6, "usageCoreNanoSeconds": 1},
        "memory": {"time": AT, "workingSetBytes": mebibytes << 20, "usageBytes": 1, "rssBytes": 1},
    }


@pytest.fixture(scope="module")
def nodes(api: ApiServer) -> Iterator[ApiServer]:
    """The nodes n1, which answers, and n2, which does not."""
    for name in ("n1", "n2"):
        node = {"metadata": {"name": name, "labels": {"name": name}}}
        api.create("/api/v1/nodes", node)
        status = {"capacity": {"cpu": "4", "memory": "8Gi"}}
        status |= {"allocatable": status["capacity"]}
        assert (
            api.request("PUT", f"/api/v1/nodes/{name}/status", node | {"status": status}).code
            == 200
        )
    yield api


@pytest.fixture
def measured(nodes: ApiServer, namespace: str) -> str:
    """A namespace with the pods `a` and `b` on n1, `c` on n2, and `d` on none."""
    told = []
    for name, node in (("a", "n1"), ("b", "n1"), ("c", "n2"), ("d", "")):
        body = pod(name, app=name)
        body["spec"] |= {"nodeName": node} if node else {}
        made = nodes.create(f"/api/v1/namespaces/{namespace}/pods", body)
        ref = {"name": name, "namespace": namespace, "uid": made["metadata"]["uid"]}
        if node == "n1":
            containers = [{"name": "main", **use(150, 32)}, {"name": "side", **use(50, 32)}]
            told.append(
                {"podRef": ref, "containers": containers if name == "a" else containers[1:]}
            )
    summary = {"node": {"nodeName": "n1", **use(1500, 2048)}, "pods": told}
    nodes.pod_streams.measured = {"n1": {"windowSeconds": 12.345, "summary": summary}}
    return namespace


def test_a_node_is_measured(api: ApiServer, measured: str) -> None:
    reply = api.get(f"{ROOT}/nodes/n1")
    assert reply.code == 200
    assert reply.json == {
        "kind": "NodeMetrics",
        "apiVersion": "metrics.k8s.io/v1beta1",
        "metadata": {"name": "n1", "labels": {"name": "n1"}, "creationTimestamp": AT},
        "timestamp": AT,
        "window": "12.345s",
        "usage": {"cpu": "1500m", "memory": "2Gi"},
    }


def test_who_does_not_answer_is_left_out(api: ApiServer, measured: str) -> None:
    listed = api.get(f"{ROOT}/nodes").json
    assert listed["kind"] == "NodeMetricsList"
    assert [one["metadata"]["name"] for one in listed["items"]] == ["n1"]
    pods = api.get(f"{ROOT}/namespaces/{measured}/pods").json["items"]
    assert [one["metadata"]["name"] for one in pods] == ["a", "b"]


def test_pods_are_measured_by_container_and_selected_by_their_labels(
    api: ApiServer, measured: str
) -> None:
    (only,) = api.get(f"{ROOT}/namespaces/{measured}/pods?labelSelector=app%3Da").json["items"]
    assert only["containers"] == [
        {"name": "main", "usage": {"cpu": "150m", "memory": "32Mi"}},
        {"name": "side", "usage": {"cpu": "50m", "memory": "32Mi"}},
    ]
    everywhere = api.get(f"{ROOT}/pods?fieldSelector=metadata.name%3Da").json["items"]
    assert measured in [one["metadata"]["namespace"] for one in everywhere]
    assert api.get(f"{ROOT}/namespaces/{measured}/pods/a").json["metadata"]["name"] == "a"


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        ("nodes/nope", 404, 'nodemetrics.metrics.k8s.io "nope" not found'),
        ("nodes/n2", 404, 'nodemetrics.metrics.k8s.io "n2" not found'),
        ("namespaces/NS/pods/c", 404, 'podmetrics.metrics.k8s.io "NS/c" not found'),
        ("namespaces/NS/pods/d", 404, 'podmetrics.metrics.k8s.io "NS/d" not found'),
        ("namespaces/NS/pods/x", 404, 'podmetrics.metrics.k8s.io "NS/x" not found'),
        ("nodes?labelSelector=%3D%3D", 400, None),
        (
            "nodes?fieldSelector=spec.x%3D1",
            400,
            '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
        ),
    ],
)
def test_what_is_not_measured_is_not_found(
    api: ApiServer, measured: str, path: str, code: int, message: str | None
) -> None:
    reply = api.get(f"{ROOT}/{path.replace('NS', measured)}")
    assert reply.code == code
    if message is not None:
        assert reply.json["message"] == message.replace("NS", measured)


def test_metrics_are_only_read(api: ApiServer, measured: str) -> None:
    for method in ("PUT", "PATCH", "DELETE"):
        assert api.request(method, f"{ROOT}/nodes/n1", {}).code == 405
    assert api.get(f"{ROOT}/nodes?watch=1").code == 405
    assert api.get(f"{ROOT}/nodes/n1/status").code == 404


def test_a_table_has_the_columns_of_metrics_server(api: ApiServer, measured: str) -> None:
    table = "application/json;as=Table;v=v1;g=meta.k8s.io"
    told = api.get(f"{ROOT}/namespaces/{measured}/pods", accept=table).json
    assert [one["name"] for one in told["columnDefinitions"]] == ["Name", "cpu", "memory", "Window"]
    assert told["rows"][0]["cells"] == ["a", "200m", "64Mi", "12.345s"]


def test_viewers_may_look_at_what_pods_use(api: ApiServer) -> None:
    rules = api.get(
        "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:aggregated-metrics-reader"
    )
    assert rules.json["rules"] == [
        {
            "verbs": ["get", "list", "watch"],
            "apiGroups": ["metrics.k8s.io"],
            "resources": ["pods", "nodes"],
        }
    ]


def test_kubectl_top_shows_nodes(kubectl: Kubectl, api: ApiServer, measured: str) -> None:
    assert kubectl("top", "node", "n1").splitlines()[1].split() == [
        "n1",
        "1500m",
        "37%",
        "2048Mi",
        "25%",
    ]
    first = kubectl("top", "nodes", "--sort-by=cpu").splitlines()[1]
    assert first.split()[:2] == ["n1", "1500m"]


def test_kubectl_top_shows_pods(kubectl: Kubectl, api: ApiServer, measured: str) -> None:
    lines = kubectl("top", "pods", "--sort-by=memory").splitlines()
    assert [line.split() for line in lines[1:]] == [["a", "200m", "64Mi"], ["b", "50m", "32Mi"]]
    lines = kubectl("top", "pod", "a", "--containers", "--no-headers").splitlines()
    assert [line.split() for line in lines] == [
        ["a", "main", "150m", "32Mi"],
        ["a", "side", "50m", "32Mi"],
    ]
    assert [line.split()[0] for line in kubectl("top", "pod", "-l", "app=b").splitlines()[1:]] == [
        "b"
    ]
    assert measured in kubectl("top", "pod", "-A")

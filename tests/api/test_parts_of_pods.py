"""Endpoints beside objects: bindings, ephemeral containers, resize, component statuses, nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.apiserver import ApiServer, pod
from tests.api.kubectl import Kubectl
from tests.support.backend import Backend, backend
from tests.support.dialogues import SocketStreams

STRATEGIC = "application/strategic-merge-patch+json"
AT = "2024-01-31T09:05:00Z"


@pytest.fixture
def path(api: ApiServer, namespace: str) -> str:
    """A pod that requests a tenth of a processor."""
    body = pod("p")
    body["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "100m"}}
    api.create(f"/api/v1/namespaces/{namespace}/pods", body)
    return f"/api/v1/namespaces/{namespace}/pods/p"


def patched(api: ApiServer, path: str, spec: dict[str, Any]) -> Any:
    return api.request("PATCH", path, {"spec": spec}, content_type=STRATEGIC)


def test_an_ephemeral_container_joins_a_pod_and_stays_as_it_is(api: ApiServer, path: str) -> None:
    joining = {"name": "debug", "image": "busybox"}
    reply = patched(api, f"{path}/ephemeralcontainers", {"ephemeralContainers": [joining]})
    assert reply.code == 200
    (one,) = reply.json["spec"]["ephemeralContainers"]
    assert (one["name"], one["terminationMessagePolicy"]) == ("debug", "File")
    assert reply.json["metadata"]["generation"] == 2
    assert reply.headers["Warning"] is None
    changed = patched(
        api, f"{path}/ephemeralcontainers", {"ephemeralContainers": [joining | {"image": "x"}]}
    )
    assert changed.code == 422
    assert 'existing ephemeral containers "debug" may not be changed' in changed.json["message"]
    obj = api.get(f"{path}/ephemeralcontainers").json
    del obj["spec"]["ephemeralContainers"]
    removed = api.request("PUT", f"{path}/ephemeralcontainers", obj)
    assert 'existing ephemeral containers "debug" may not be removed' in removed.json["message"]
    assert removed.json["details"]["causes"][0]["field"] == "spec.ephemeralContainers"


def test_an_endpoint_of_a_part_changes_nothing_else(api: ApiServer, path: str) -> None:
    obj = api.get(path).json
    obj["metadata"]["labels"] = {"new": "label"}
    obj["spec"]["containers"][0] |= {"image": "other", "resources": {"requests": {"cpu": "2"}}}
    obj["spec"]["ephemeralContainers"] = [{"name": "debug", "image": "busybox"}]
    for part in ("ephemeralcontainers", "resize"):
        del obj["metadata"]["resourceVersion"]
        obj["metadata"].pop("generation")
        got = api.request("PUT", f"{path}/{part}", obj).json
        assert got["spec"]["containers"][0]["image"] == "nginx:latest"
        assert "labels" not in got["metadata"] or got["metadata"]["labels"] == {}
        obj["metadata"] |= {"resourceVersion": "1", "generation": 1}
    assert got["spec"]["containers"][0]["resources"] == {"requests": {"cpu": "2"}}


def test_a_resize_changes_processors_and_memory_alone(api: ApiServer, path: str) -> None:
    def resized(resources: dict[str, Any]) -> Any:
        return patched(
            api, f"{path}/resize", {"containers": [{"name": "main", "resources": resources}]}
        )

    reply = resized({"requests": {"cpu": "250m", "memory": "1Gi"}})
    assert reply.code == 200 and reply.json["metadata"]["generation"] == 2
    assert reply.headers["Warning"] is None
    requests = reply.json["spec"]["containers"][0]["resources"]["requests"]
    assert requests == {"cpu": "250m", "memory": "1Gi"}
    other = resized({"requests": {"ephemeral-storage": "1Gi"}})
    assert other.code == 422
    assert "only cpu and memory resources are mutable" in other.json["message"]
    better = resized(
        {
            "requests": {"cpu": "1", "memory": "1Gi"},
            "limits": {"cpu": "1", "memory": "1Gi"},
        }
    )
    assert "Pod QOS Class may not change as a result of resizing" in better.json["message"]


def test_a_binding_is_created_for_the_pod_of_its_name(
    api: ApiServer, path: str, namespace: str
) -> None:
    bindings = f"/api/v1/namespaces/{namespace}/bindings"
    binding = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n1"}}
    assert api.post(bindings, binding).code == 201
    assert api.get(path).json["spec"]["nodeName"] == "n1"
    assert api.post(bindings, binding).code == 409
    nameless = api.post(bindings, {"target": binding["target"]})
    assert (nameless.code, nameless.json["reason"]) == (400, "BadRequest")
    assert api.post(bindings, binding | {"metadata": {"name": "nope"}}).code == 404
    assert api.get(bindings).code == 405


def test_components_are_well_and_deprecated(api: ApiServer, kubectl: Kubectl) -> None:
    shown = kubectl("get", "cs").splitlines()
    assert [line.split() for line in shown[1:]] == [
        [name, "Healthy", "ok"] for name in ("controller-manager", "etcd-0", "scheduler")
    ]
    one = api.get("/api/v1/componentstatuses/scheduler")
    assert one.json["conditions"] == [{"type": "Healthy", "status": "True", "message": "ok"}]
    assert "v1 ComponentStatus is deprecated in v1.19+" in one.headers["Warning"]
    assert api.get("/api/v1/componentstatuses/x").code == 404


def use(seconds: int) -> dict[str, Any]:
    cpu = {"time": AT, "usageNanoCores": 1, "usageCoreNanoSeconds": seconds * 10**9}
    memory = {"time": AT, "workingSetBytes": 4096, "usageBytes": 8192, "rssBytes": 1}
    return {"cpu": cpu, "memory": memory}


@pytest.fixture(scope="module")
def node(api: ApiServer) -> Iterator[str]:
    """The proxy of a node that measures one container, and has an address."""
    body = {"metadata": {"name": "n1"}}
    api.create("/api/v1/nodes", body)
    status = {"addresses": [{"type": "InternalIP", "address": "10.1.2.3"}]}
    assert api.request("PUT", "/api/v1/nodes/n1/status", body | {"status": status}).code == 200
    ref = {"name": "p", "namespace": "default", "uid": "u"}
    container = {"name": "main", **use(5)}
    summary = {
        "node": {"nodeName": "n1", **use(9)},
        "pods": [{"podRef": ref, "containers": [container], **use(5)}],
    }
    api.pod_streams.measured["n1"] = {"windowSeconds": 1.0, "summary": summary}
    yield "/api/v1/nodes/n1/proxy"


def test_a_nodes_agent_has_pages_of_the_kubelet(api: ApiServer, node: str, namespace: str) -> None:
    body = pod("here")
    body["spec"]["nodeName"] = "n1"
    api.create(f"/api/v1/namespaces/{namespace}/pods", body)
    assert api.get(f"{node}/healthz").data == b"ok"
    assert api.get(f"{node}/stats/summary").json["node"]["nodeName"] == "n1"
    assert "here" in [one["metadata"]["name"] for one in api.get(f"{node}/pods").json["items"]]
    text = api.get(f"{node}/metrics/resource").data.decode()
    sample = 'container_cpu_usage_seconds_total{container="main",namespace="default",pod="p"} 5.0'
    assert sample in text.splitlines()
    assert "node_memory_working_set_bytes 4096" in text.splitlines()
    text = api.get(f"{node}/metrics/cadvisor").data.decode()
    sample = "container_cpu_usage_seconds_total{" + (
        'container="main",cpu="total",namespace="default",pod="p"} 5.0'
    )
    assert sample in text.splitlines()
    assert api.get(f"{node}/configz").json == {"kubeletconfig": {"maxPods": 2}}
    [pull] = api.get(f"{node}/pulls").json["pulls"]
    assert (pull["image"], pull["downloadedBytes"], pull["totalBytes"]) == ("image-of-n1", 3, 8)
    waits = api.get(f"{node}/containerLogs/{namespace}/here/main")
    assert (waits.code, "ContainerCreating" in waits.json["message"]) == (400, True)
    assert api.get(f"{node}/containerLogs/{namespace}/gone/main").code == 404
    missing = api.get(f"{node}/logs/")
    assert missing.code == 404 and "/stats/summary" in missing.json["message"]
    assert api.post(f"{node}/healthz", {}).code == 405


def test_a_port_of_a_node_is_reached(api: ApiServer, node: str) -> None:
    sockets = SocketStreams(api.pod_streams)
    with backend() as web:
        assert _port(api, web).json["path"] == "/x"
        assert sockets.asked == [("n1", "10.1.2.3", web.port)]


def _port(api: ApiServer, web: Backend) -> Any:
    return api.get(f"/api/v1/nodes/n1:{web.port}/proxy/x")

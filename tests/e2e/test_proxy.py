"""The proxy subresources, to real pods."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support.cluster import Cluster
from tests.support.tutorial import EXAMPLES
from tests.support.wait import until

SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "front"},
    "spec": {
        "selector": {"app": "front"},
        "ports": [{"name": "http", "port": 8080, "targetPort": 80}],
    },
}
PODS = "/api/v1/namespaces/default/pods"
SERVICES = "/api/v1/namespaces/default/services"


@pytest.fixture(scope="module")
def front(cluster: Cluster) -> Iterator[Cluster]:
    """A cluster with the tutorial's `my-nginx-pod` behind the service `front`."""
    cluster.kubectl("apply", "-f", str(EXAMPLES / "nginx-pod.yaml")).ok()
    cluster.kubectl("label", "pod", "my-nginx-pod", "app=front", "--overwrite").ok()
    cluster.kubectl("apply", "-f", "-", input=json.dumps(SERVICE)).ok()
    cluster.ready_pods(1)
    yield cluster
    cluster.kubectl("delete", "svc/front", "pod/my-nginx-pod", "--now").ok()
    until("no pods left", lambda: not cluster.pods(), 60)


def test_a_pod_answers_through_the_api(front: Cluster) -> None:
    for name in ("my-nginx-pod", "my-nginx-pod:80", "http:my-nginx-pod:80"):
        page = front.kubectl("get", "--raw", f"{PODS}/{name}/proxy/").ok()
        assert "Welcome to nginx!" in page


def test_a_service_answers_through_the_api(front: Cluster) -> None:
    def answers() -> bool:
        done = front.kubectl("get", "--raw", f"{SERVICES}/front:http/proxy/")
        return "Welcome to nginx!" in done.out

    until("the endpoint is there", answers, 30)
    front.kubectl("get", "--raw", f"{SERVICES}/front:8080/proxy/").ok()


def test_a_port_that_nobody_listens_on_is_told_with_its_address(front: Cluster) -> None:
    done = front.kubectl("get", "--raw", f"{PODS}/my-nginx-pod:81/proxy/")
    assert done.code != 0
    address = front.pods()[0]["status"]["podIP"]
    why = f"dial tcp {address}:81: connect: connection refused"
    assert f"error trying to reach service: {why}" in done.err

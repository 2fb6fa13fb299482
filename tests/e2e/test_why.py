"""`mk8s why` on a real cluster: the causes that it tells are those that were made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.manifests import container, pod
from tests.support.wait import until

NAME = "why-web"


@pytest.fixture(scope="module")
def troubled(cluster: Cluster) -> Iterator[str]:
    """A Deployment whose second revision has an image that there is not; its waiting pod's name."""
    cluster.kubectl("create", "deployment", NAME, "--image=nginx:1.10", "--replicas=2").ok()
    cluster.kubectl("rollout", "status", f"deployment/{NAME}", "--timeout=60s").ok()
    cluster.kubectl("set", "image", f"deployment/{NAME}", "nginx=nginx:no-such", "--record").ok()

    def waiting() -> str:
        found = [
            one["metadata"]["name"]
            for one in cluster.get("pods", "-l", f"app={NAME}")["items"]
            for status in one["status"].get("containerStatuses", [])
            if "ImagePull" in status["state"].get("waiting", {}).get("reason", "")
        ]
        return found[0] if found else ""

    yield until("a pod waits for its image", waiting)
    cluster.kubectl("delete", "deployment", NAME).ok()


def test_a_pod_without_its_image_is_explained_from_its_deployment_down(
    cluster: Cluster, troubled: str
) -> None:
    text = cluster.mk8s("why", f"pod/{troubled}").ok()
    assert f"Pod {troubled} in namespace default is Pending" in text
    assert f"Deployment {NAME} wants 2 pods of nginx:no-such (revision 2, kubectl" in text
    assert f"(SuccessfulCreate: Created pod: {troubled})" in text
    assert "Container nginx waits:" in text
    assert "Correct the image's name and tag (nginx:no-such)" in text


def test_its_deployment_names_the_pods_that_hold_it_up(cluster: Cluster, troubled: str) -> None:
    text = cluster.mk8s("why", "deploy", NAME).ok()
    assert f"Deployment {NAME} in namespace default has 2 of 2 pods ready." in text
    assert "1 of its 3 pods" in text
    assert troubled in text
    assert "It was created directly" in text


def test_a_pod_that_no_node_takes_is_told_what_would_have_to_change(cluster: Cluster) -> None:
    lonely = pod("why-lonely", container(image="busybox"), nodeSelector={"disk": "ssd"})
    cluster.kubectl("apply", "-f", "-", input=manifests.text(lonely)).ok()
    sentence = "didn't match Pod's node affinity/selector"
    until("it was refused", lambda: sentence in cluster.mk8s("why", "pod/why-lonely").out)
    text = cluster.mk8s("why", "pod/why-lonely").ok()
    assert "kubectl label node NODE" in text
    cluster.kubectl("label", "node", "node1", "disk=ssd").ok()
    try:
        until("it has a node", lambda: cluster.get("pod", "why-lonely")["spec"].get("nodeName"))
        text = cluster.mk8s("why", "pod/why-lonely").ok()
        assert "The scheduler chose node1" in text
        assert "it was the only one that fits, of 1 node." in text
        assert "It asks for a node with disk=ssd." in text
    finally:
        cluster.kubectl("label", "node", "node1", "disk-").ok()
        cluster.kubectl("delete", "pod", "why-lonely", "--now").ok()


def test_nodes_and_services_explain_themselves_too(cluster: Cluster) -> None:
    assert "Node node1 is ready." in cluster.mk8s("why", "node/node1").ok()
    text = cluster.mk8s("why", "svc/kubernetes", "namespace/default").ok()
    assert "Service kubernetes in namespace default leads to 1 ready endpoint." in text
    assert "Namespace default is Active." in text


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("pod/nobody",), 'Error from server (NotFound): pods "nobody" not found'),
        (("pods",), "name the objects, as TYPE NAME or TYPE/NAME"),
        (("deploi/x",), 'the server doesn\'t have a resource type "deploi"'),
        ((), "You must specify the type of resource"),
    ],
)
def test_what_is_not_there_is_told_in_one_line(
    cluster: Cluster, words: tuple[str, ...], error: str
) -> None:
    answer = cluster.mk8s("why", *words)
    assert answer.code == 1
    assert error in answer.err
    assert "Traceback" not in answer.err

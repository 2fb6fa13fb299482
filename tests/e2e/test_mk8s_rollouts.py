"""New versions of a Deployment, there and back with mk8s, on real pods."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support.cluster import Cluster
from tests.support.wait import until

NAME = "versions-by-mk8s"
MANIFEST = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": NAME},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": NAME}},
        "template": {
            "metadata": {"labels": {"app": NAME}},
            "spec": {
                "terminationGracePeriodSeconds": 1,
                "containers": [{"name": "nginx", "image": "nginx:1.10"}],
            },
        },
    },
}


@pytest.fixture
def deployment(cluster: Cluster) -> Iterator[str]:
    yield f"deployment/{NAME}"
    cluster.mk8s("delete", "deployment", NAME, "--ignore-not-found").ok()
    until("no pods left", lambda: not cluster.pods(f"app={NAME}"), 60)


def images(cluster: Cluster) -> set[str]:
    """What runs, of the pods that nobody ends."""
    return {
        pod["spec"]["containers"][0]["image"]
        for pod in cluster.pods(f"app={NAME}")
        if "deletionTimestamp" not in pod["metadata"]
    }


def test_versions_are_rolled_out_recorded_and_rolled_back(
    cluster: Cluster, deployment: str
) -> None:
    def mk8s(*arguments: str) -> str:
        out: str = cluster.mk8s(*arguments).ok()
        return out.removesuffix("\n")

    rolled_out = f'deployment "{NAME}" successfully rolled out'
    applied = cluster.mk8s("apply", "-f", "-", "--record", input=json.dumps(MANIFEST))
    assert applied.ok() == f"deployment.apps/{NAME} created\n"
    assert "--record has been deprecated" in applied.err
    assert mk8s("rollout", "status", deployment).endswith(rolled_out)

    set_image = ("set", "image", deployment, "nginx=nginx:1.11", "--record")
    assert mk8s(*set_image) == f"deployment.apps/{NAME} image updated"
    told = mk8s("rollout", "status", deployment, "--timeout=60s").splitlines()
    assert told[0].startswith("Waiting for deployment") and told[-1] == rolled_out
    assert images(cluster) == {"nginx:1.11"}

    history = mk8s("rollout", "history", deployment)
    assert [" ".join(line.split()) for line in history.splitlines() if line][1:] == [
        "REVISION CHANGE-CAUSE",
        "1 mk8s apply --filename=- --record=true",
        f"2 mk8s set image {deployment} nginx=nginx:1.11 --record=true",
    ]
    assert cluster.kubectl("rollout", "history", deployment).ok() == f"{history}\n"

    undone = mk8s("rollout", "undo", deployment, "--to-revision", "1")
    assert undone == f"deployment.apps/{NAME} rolled back"
    assert mk8s("rollout", "status", deployment, "--timeout=60s").endswith(rolled_out)
    assert images(cluster) == {"nginx:1.10"}

    scaled = mk8s("scale", deployment, "--replicas=1", "--timeout=60s")
    assert scaled == f"deployment.apps/{NAME} scaled"

"""What a pod's token promises: it is there, the API takes it for the pod's account, it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import manifests
from tests.support.cluster import Cluster, Result
from tests.support.manifests import SLEEP, container, pod
from tests.support.wait import until

PLACE = "/var/run/secrets/kubernetes.io/serviceaccount"


@pytest.fixture(autouse=True)
def empty(cluster: Cluster) -> Iterator[None]:
    """Each test leaves no pod behind."""
    yield
    cluster.kubectl("delete", "pod", "--all", "--now").ok()
    until("no pods left", lambda: not cluster.pods())


def apply(cluster: Cluster, *objects: Any) -> None:
    """`kubectl apply` of ``objects``."""
    cluster.kubectl("apply", "-f", "-", input=manifests.text(*objects)).ok()


def in_pod(cluster: Cluster, name: str, script: str) -> str:
    """What a shell in a running pod prints."""
    return cluster.kubectl("exec", name, "--", "sh", "-c", script).ok()


def running(cluster: Cluster, name: str) -> None:
    until(f"{name} runs", lambda: cluster.get("pod", name)["status"]["phase"] == "Running")


def as_bearer(cluster: Cluster, token: str, *arguments: str) -> Result:
    """kubectl as somebody who has nothing but the token."""
    config = json.loads(cluster.kubectl("config", "view", "--raw", "-o", "json").ok())
    server = config["clusters"][0]["cluster"]["server"]
    authority = cluster.home.parent / "bearer-ca.crt"
    authority.write_text(in_pod(cluster, "bearer", f"cat {PLACE}/ca.crt"))
    options = ("--kubeconfig=/dev/null", f"--server={server}", f"--token={token}")
    return cluster.kubectl(*options, f"--certificate-authority={authority}", *arguments)


def review(cluster: Cluster, token: str, *audiences: str) -> dict[str, Any]:
    """What a TokenReview says of a token."""
    asked = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": {"token": token, "audiences": list(audiences)},
    }
    said = cluster.kubectl("create", "-f", "-", "-o", "json", input=json.dumps(asked)).ok()
    status: dict[str, Any] = json.loads(said)["status"]
    return status


def test_a_pods_token_makes_it_its_account_and_ends_with_the_pod(cluster: Cluster) -> None:
    cluster.kubectl("create", "serviceaccount", "robot").ok()
    vault = {
        "name": "vault",
        "projected": {
            "sources": [{"serviceAccountToken": {"path": "vault-token", "audience": "vault"}}]
        },
    }
    mounts = [{"name": "vault", "mountPath": "/vault"}]
    apply(
        cluster,
        pod(
            "bearer",
            container(*SLEEP, volumeMounts=mounts),
            serviceAccountName="robot",
            volumes=[vault],
        ),
        pod("plain", automountServiceAccountToken=False),
    )
    running(cluster, "bearer")
    assert in_pod(cluster, "bearer", f"ls {PLACE}; cat {PLACE}/namespace").split() == [
        "ca.crt", "namespace", "token", "default"
    ]  # fmt: skip
    token = in_pod(cluster, "bearer", f"cat {PLACE}/token")
    user = json.loads(as_bearer(cluster, token, "auth", "whoami", "-o", "json").ok())
    assert user["status"]["userInfo"]["username"] == "system:serviceaccount:default:robot"
    assert "cannot list" in as_bearer(cluster, token, "get", "pods").fails()
    said = review(cluster, token)["user"]
    uid = cluster.get("pod", "bearer")["metadata"]["uid"]
    assert said["extra"]["authentication.kubernetes.io/pod-name"] == ["bearer"]
    assert said["extra"]["authentication.kubernetes.io/pod-uid"] == [uid]
    assert said["extra"]["authentication.kubernetes.io/node-name"] == ["node1"]
    other = in_pod(cluster, "bearer", "cat /vault/vault-token")
    assert review(cluster, other, "vault")["authenticated"]
    assert not review(cluster, other).get("authenticated")
    running(cluster, "plain")
    assert in_pod(cluster, "plain", f"test -e {PLACE} || echo none").strip() == "none"
    cluster.kubectl("delete", "pod", "bearer", "--now").ok()
    assert not review(cluster, token).get("authenticated")
    cluster.kubectl("delete", "serviceaccount", "robot").ok()


def test_the_first_pod_of_a_new_namespace_has_its_token(cluster: Cluster) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "fresh"}}
    first = pod("first")
    first["metadata"]["namespace"] = "fresh"
    apply(cluster, namespace, first)
    until("it runs", lambda: cluster.pods(namespace="fresh")[0]["status"]["phase"] == "Running")
    said = cluster.kubectl("exec", "-n", "fresh", "first", "--", "cat", f"{PLACE}/namespace")
    assert said.ok() == "fresh"
    cluster.kubectl("delete", "namespace", "fresh").ok()

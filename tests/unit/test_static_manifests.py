"""From files to static pods."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mk8s_agent.static.manifests import BadManifest, StaticPod, static_pod

PATH, SEEN = "/etc/manifests/web.yaml", "2026-01-01T00:00:00Z"
YAML = b"""
apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: {app: web}
spec:
  containers:
  - name: main
    image: busybox
    command: [sleep, "60"]
"""


def made(data: bytes, path: str = PATH, node: str = "node1") -> StaticPod:
    return static_pod(data, path, node, SEEN)


def with_spec(**spec: Any) -> bytes:
    containers = spec.pop("containers", [{"name": "main", "image": "busybox"}])
    metadata = spec.pop("metadata", {"name": "web"})
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}
    return json.dumps({**pod, "spec": {"containers": containers, **spec}}).encode()


def test_a_static_pod_is_named_after_its_node_and_tells_where_it_comes_from() -> None:
    pod = made(YAML).pod
    assert (pod.metadata.namespace, pod.metadata.name) == ("default", "web-node1")
    assert pod.metadata.labels == {"app": "web"}
    assert pod.metadata.annotations == {
        "kubernetes.io/config.source": "file",
        "kubernetes.io/config.hash": pod.metadata.uid,
        "kubernetes.io/config.seen": SEEN,
    }
    assert pod.spec.node_name == "node1"
    assert [(one.effect, one.operator) for one in pod.spec.tolerations] == [("NoExecute", "Exists")]


def test_it_has_the_defaults_of_the_api() -> None:
    pod = made(YAML).pod
    assert pod.spec.termination_grace_period_seconds == 30
    assert pod.spec.containers[0].image_pull_policy == "Always"


def test_the_same_content_is_the_same_pod_however_it_is_written() -> None:
    spelled = json.dumps(
        {
            "kind": "Pod",
            "apiVersion": "v1",
            "metadata": {"labels": {"app": "web"}, "name": "web"},
            "spec": {
                "containers": [{"name": "main", "command": ["sleep", "60"], "image": "busybox"}]
            },
        }
    ).encode()
    uid = made(YAML).pod.metadata.uid
    assert made(spelled).pod.metadata.uid == uid
    assert static_pod(YAML, PATH, "node1", "2027-01-01T00:00:00Z").pod.metadata.uid == uid
    assert made(YAML.replace(b"60", b"61")).pod.metadata.uid != uid
    assert made(YAML, path="/etc/manifests/other.yaml").pod.metadata.uid != uid
    assert made(YAML, node="node2").pod.metadata.uid != uid


def test_a_file_does_not_say_what_becomes_of_its_pod() -> None:
    obj = json.loads(with_spec(metadata={"name": "web", "deletionTimestamp": SEEN}))
    pod = made(json.dumps({**obj, "status": {"phase": "Failed"}}).encode()).pod
    assert pod.metadata.deletion_timestamp is None and not pod.terminal


def test_labels_written_as_numbers_are_texts() -> None:
    data = YAML.replace(b"{app: web}", b"{1: one, app: web}")
    assert made(data).pod.metadata.labels == {"1": "one", "app": "web"}


SECRET_ENV = {"valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
BAD = {
    "no YAML": (b"a: [", "neither YAML nor JSON"),
    "a list": (b"[]", "does not describe an object"),
    "nothing": (b"", "does not describe an object"),
    "another kind": (b"apiVersion: v1\nkind: Service", "does not describe a v1 Pod"),
    "no spec": (b"apiVersion: v1\nkind: Pod\nmetadata: {name: a}", "have to be mappings"),
    "an unknown field": (with_spec(restartPolice="Never"), "restartPolice"),
    "what the API would refuse": (with_spec(containers=[{"name": "main"}]), "image"),
    "a bad name": (with_spec(metadata={"name": "Web"}), "metadata.name"),
    "an account": (
        with_spec(serviceAccountName="robot"),
        "static pods may not reference service accounts",
    ),
    "a secret in a variable": (
        with_spec(
            containers=[{"name": "main", "image": "busybox", "env": [{"name": "A", **SECRET_ENV}]}]
        ),
        "static pods may not reference secrets",
    ),
    "annotations that are none": (
        YAML.replace(b"metadata:", b"metadata:\n  annotations: text"),
        "metadata.annotations has to be a mapping",
    ),
    "a cycle": (b"&a {kind: *a}", "it cannot be put as JSON"),
    "a file without end": (b" " * ((10 << 20) + 1), "it has more than"),
    "a ConfigMap in a volume": (
        with_spec(volumes=[{"name": "v", "configMap": {"name": "c"}}]),
        "static pods may not reference configmaps",
    ),
    "a claim": (
        with_spec(volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]),
        "static pods may not reference persistentvolumeclaims",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_says_what_is_wrong(case: str) -> None:
    data, why = BAD[case]
    with pytest.raises(BadManifest) as caught:
        made(data)
    assert why in str(caught.value)

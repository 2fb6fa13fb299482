"""mk8s describes what really runs as the newest kubectl does, Events and all."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import pytest

from tests.support.cluster import Cluster, kubectls
from tests.support.wait import until

SAID = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: said}
spec:
  replicas: 2
  selector: {matchLabels: {app: said}}
  template:
    metadata: {labels: {app: said}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: web
        image: nginx
        ports: [{containerPort: 80}]
        resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 64Mi}}
        readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1}
        env: [{name: WHO, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
---
apiVersion: v1
kind: Pod
metadata: {name: said-ended, labels: {app: said}}
spec:
  restartPolicy: Never
  containers: [{name: main, image: busybox, command: [sh, -c, "echo gone; exit 3"]}]
---
apiVersion: v1
kind: Service
metadata: {name: said}
spec: {type: NodePort, selector: {app: said}, ports: [{port: 80}]}
"""
KINDS = (
    ["pods", "-l", "app=said"],
    ["deploy", "said"],
    ["rs", "-l", "app=said"],
    ["svc", "said"],
    ["endpointslices", "-l", "kubernetes.io/service-name=said"],
    ["endpoints", "said"],
    ["node"],
    ["ns", "default"],
    ["lease", "-n", "kube-node-lease"],
    ["sa,cm", "-n", "kube-system"],
    ["clusterroles"],
    ["priorityclasses,storageclasses"],
)


@pytest.fixture(scope="module")
def said(cluster: Cluster) -> Iterator[Cluster]:
    cluster.kubectl("apply", "-f", "-", input=SAID).ok()
    cluster.kubectl("rollout", "status", "deploy/said", "--timeout=60s").ok()
    until("the pod has ended", lambda: ended(cluster), 60)
    yield cluster
    cluster.kubectl("delete", "-f", "-", "--now", input=SAID).ok()
    until("no pods left", lambda: not cluster.pods("app=said"), 60)


def ended(cluster: Cluster) -> bool:
    return bool(cluster.get("pod", "said-ended")["status"]["phase"] == "Failed")


@pytest.mark.parametrize("words", KINDS, ids=lambda words: words[0])
def test_what_runs_is_described_as_kubectl_describes_it(said: Cluster, words: list[str]) -> None:
    newest = list(kubectls())[-1]
    told: dict[str, str] = {}

    def agree() -> bool:
        theirs = said.kubectl("describe", *words, version=newest).ok()
        told.update(mk8s=settled(said.mk8s("describe", *words).ok()), kubectl=settled(theirs))
        return told["mk8s"] == told["kubectl"]

    # something may happen between the two
    try:
        until("both say the same", agree)
    except AssertionError:
        assert told["mk8s"] == told["kubectl"]
        raise


def settled(text: str) -> str:
    """The text without what differs each time: ages, heartbeats, their columns, a map's order."""
    text = re.sub(r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} [+-]\d{4}", "<time>", text)
    text = re.sub(r"(?m)^(  Renew Time:).*$", r"\1", text)
    text = re.sub(r"(?s)(?<=\nData\n====\n).*?(?=\nBinaryData\n)", in_order, text)
    text = re.sub(r"(?:^  (?:Normal|Warning) .*\n?)+", by_age, text, flags=re.MULTILINE)
    return re.sub(r" +(?:\d+[smhd])+(?: \(x\d+ over \w+\))? *", " <age> ", text)


def by_age(rows: re.Match[str]) -> str:
    """Events; which of those of one age comes first is chance where kubectl has many to sort."""
    groups = itertools.groupby(rows[0].splitlines(), lambda row: re.split(r" {2,}", row.strip())[2])
    return "".join(f"{row}\n" for _, group in groups for row in sorted(group))


def in_order(data: re.Match[str]) -> str:
    """A ConfigMap's data by its keys: kubectl shows them in the order of chance."""
    return "".join(sorted(re.split(r"(?m)^(?=\S+:\n----\n)", data[0])))

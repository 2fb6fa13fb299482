"""The API server as pods of every node reach it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support import manifests
from tests.support.lab import NODES, Lab, pinned
from tests.support.manifests import SLEEP, container

NAME = "asks-the-api"
PLACE = "/var/run/secrets/kubernetes.io/serviceaccount"
ASK = (
    f"curl -sS -m 10 --cacert {PLACE}/ca.crt "
    f'-H "Authorization: Bearer $(cat {PLACE}/token)" https://'
)


@pytest.fixture(scope="module")
def asking(lab: Lab) -> Iterator[Lab]:
    """A pod with curl on each node."""
    bare = container(*SLEEP, image="ubuntu:16.04")
    objects = [
        pinned(manifests.pod(f"{NAME}-{node}", bare, labels={"app": NAME}), node) for node in NODES
    ]
    lab.apply(*objects)
    lab.cluster.ready_pods(len(NODES), f"app={NAME}")
    yield lab
    lab.cluster.kubectl("delete", "pod", "-l", f"app={NAME}", "--now").ok()


@pytest.mark.parametrize("node", NODES)
def test_a_pod_reaches_the_api_by_environment_name_and_published_endpoint(
    asking: Lab, node: str
) -> None:
    (subset,) = asking.cluster.get("endpoints", "kubernetes")["subsets"]
    published = f"{subset['addresses'][0]['ip']}:{subset['ports'][0]['port']}"
    assert published.startswith(asking.address("node1"))
    places = ("$KUBERNETES_SERVICE_HOST", "kubernetes.default.svc", published)
    script = "; echo; ".join(f"{ASK}{place}/api" for place in places)
    said = asking.cluster.kubectl("exec", f"{NAME}-{node}", "--", "sh", "-c", script).ok()
    decoder, rest, kinds = json.JSONDecoder(), said.strip(), []
    while rest:
        value, end = decoder.raw_decode(rest)
        kinds.append(value["kind"])
        rest = rest[end:].strip()
    assert kinds == ["APIVersions"] * len(places)

"""What pods use, as their nodes tell it."""

from typing import Any

import msgspec
import pytest

from minikube8s.server.computed.metrics import PodUse
from minikube8s.store.entry import Entry

Json = dict[str, Any]


def answer(pod: str) -> Json:
    measured = {
        "cpu": {"usageNanoCores": 5_000_000, "time": "2026-01-01T00:00:00Z"},
        "memory": {"workingSetBytes": 4096},
    }
    told = {"podRef": {"uid": f"uid-{pod}"}, "containers": [{"name": "c", **measured}]}
    return {"windowSeconds": 15, "summary": {"node": measured, "pods": [told]}}


class Streams:
    """Two nodes, of which `bad` answers with nonsense."""

    def __init__(self, nonsense: Json) -> None:
        self._answers = {"good": answer("good"), "bad": nonsense}

    async def stats(self, node: str) -> Json:
        return self._answers[node]


def pod_on(node: str) -> Entry:
    metadata = {"name": node, "namespace": "default", "uid": f"uid-{node}"}
    body = {"metadata": metadata, "spec": {"nodeName": node}}
    return Entry(f"pods/default/{node}", msgspec.json.encode(body), 1)


@pytest.mark.parametrize(
    "nonsense",
    [
        {"any": 1},
        {"summary": {"node": {}, "pods": [{}]}},
        {"summary": {"pods": [{"podRef": None}]}},
        {"summary": {"pods": None}},
    ],
)
async def test_a_node_that_answers_with_nonsense_does_not_hide_what_others_pods_use(
    nonsense: Json,
) -> None:
    streams: Any = Streams(nonsense)
    found = await PodUse(streams).measure([pod_on("bad"), pod_on("good")])
    assert [one["metadata"]["name"] for one in found] == ["good"]

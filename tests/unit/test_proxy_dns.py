"""The cluster's DNS is answered on the node itself: no rule leads it away, none refuses it."""

from __future__ import annotations

import json

import pytest
from mk8s_agent.assignments import Assigned, Assignments, ClusterInfo
from mk8s_agent.proxy.fixed import TableConfig
from mk8s_agent.proxy.services import Services


@pytest.mark.parametrize(("dns", "parts"), [("10.96.0.10", 0), ("", 1), ("10.96.0.11", 1)])
def test_only_the_service_that_the_node_answers_has_no_rules(dns: str, parts: int) -> None:
    assignments = Assignments()
    assignments.set_cluster(
        ClusterInfo("t", "10.244.0.0/24", "10.244.0.0/16", "10.96.0.0/12", "cluster.local", dns, 10)
    )
    body = {
        "metadata": {"name": "kube-dns", "namespace": "kube-system"},
        "spec": {"clusterIP": "10.96.0.10", "ports": [{"port": 53, "protocol": "UDP"}]},
    }
    key = ("kube-system", "kube-dns")
    assignments.replace([Assigned("services", key, 1, json.dumps(body).encode())], 1)
    table = TableConfig("t", "node1", "10.244.0.0/16", "10.96.0.0/12")
    assert len(Services(table, "127.0.0.1:6444", assignments, lambda *_: None).parts(key)) == parts

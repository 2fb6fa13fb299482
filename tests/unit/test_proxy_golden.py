"""The whole table of some Services as text, to be read: tests/unit/proxy_table.nft.

Where it shall be another: python -m tests.unit.test_proxy_golden > tests/unit/proxy_table.nft
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from mk8s_agent.proxy.table import ServiceTable

from tests.support.servedservices import CONFIG, endpoint, parts, service, slice_of

GOLDEN = Path(__file__).with_name("proxy_table.nft")
LOCAL, REMOTE = endpoint("10.244.1.2"), endpoint("10.244.2.2", "n2")


def table_text() -> str:
    table = ServiceTable(CONFIG)
    both = slice_of(LOCAL, REMOTE)
    six = slice_of(endpoint("fd44::2"), addressType="IPv6")
    for served in (
        parts(service("plain", clusterIP="10.96.0.1"), both),
        parts(service("a-node-port", clusterIP="10.96.0.2", type="NodePort", nodePort=30080), both),
        parts(service("without-endpoints", clusterIP="10.96.0.3", type="NodePort", nodePort=30081)),
        parts(
            service(
                "a-balancer",
                clusterIP="10.96.0.4",
                type="LoadBalancer",
                ingress=[{"ip": "203.0.113.200"}],
                externalTrafficPolicy="Local",
                loadBalancerSourceRanges=["198.51.100.0/24"],
            ),
            both,
        ),
        parts(service("sticky", clusterIP="10.96.0.5", sessionAffinity="ClientIP"), both),
        parts(
            service("own-node-only", clusterIP="10.96.0.6", internalTrafficPolicy="Local"),
            slice_of(REMOTE),
        ),
        parts(service("of-two-families", clusterIPs=["10.96.0.10", "fd96::10"]), both, six),
    ):
        table.update(served)
    return table.full()


def test_the_table_of_some_services_reads_as_it_should() -> None:
    assert table_text().splitlines() == GOLDEN.read_text().splitlines()


@pytest.mark.skipif(os.geteuid() != 0, reason="nft needs root, even in a namespace of its own")
def test_the_kernel_takes_the_table_that_was_read() -> None:
    done = subprocess.run(
        ["unshare", "--net", "nft", "-f", str(GOLDEN)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


if __name__ == "__main__":
    print(table_text(), end="")

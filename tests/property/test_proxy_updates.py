"""However Services change, the kernel ends up with what a full build would have given it.

Runs against the real nftables, in a network namespace of the test's own.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from collections import ChainMap
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mk8s_agent.proxy.desired import Backend, PortKey, ServicePort
from mk8s_agent.proxy.fixed import TableConfig
from mk8s_agent.proxy.nftables import Nftables
from mk8s_agent.proxy.parts import PartKey
from mk8s_agent.proxy.rules import PortPart
from mk8s_agent.proxy.table import ServiceTable

from tests.support.netlab import empty_space, inside
from tests.support.proxytables import having, without

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")

CONFIG = TableConfig("mk8s", "n1", "10.244.0.0/16", "10.96.0.0/12")

backends = st.sets(
    st.builds(
        Backend, st.sampled_from([f"10.244.0.{n}" for n in range(2, 6)]), st.just(80), st.booleans()
    ),
    max_size=4,
).map(lambda found: tuple({b.address: b for b in sorted(found)}.values()))


@st.composite
def service_port(draw: st.DrawFn) -> ServicePort:
    name = draw(st.sampled_from(["api", "db", "web"]))
    usable = draw(backends)
    balancers = draw(st.sampled_from([(), ("203.0.113.200",)]))
    return ServicePort(
        key=PortKey("default", name, "http"),
        protocol=draw(st.sampled_from(["tcp", "udp"])),
        port=80,
        cluster_ips=(f"10.96.0.{len(name)}",),
        external_ips=draw(st.sampled_from([(), ("203.0.113.7",)])),
        node_port=draw(st.sampled_from([0, 30080])),
        affinity_seconds=draw(st.sampled_from([0, 60])),
        internal_local=draw(st.booleans()),
        external_local=draw(st.booleans()),
        backends=usable,
        local=tuple(backend for backend in usable if backend.here),
        load_balancer_ips=balancers,
        source_ranges=draw(st.sampled_from([(), ("198.51.100.0/24",)])) if balancers else (),
    )


change = st.one_of(
    service_port().map(having),
    st.sampled_from(["api", "db", "web"]).map(lambda n: without(PortKey("default", n, "http"))),
)
batches = st.lists(
    st.lists(change, min_size=1, max_size=3).map(lambda found: dict(ChainMap(*found))),
    min_size=1,
    max_size=5,
)


@pytest.fixture(scope="module")
def namespace() -> Iterator[None]:
    with empty_space() as space, inside(space):
        yield


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(batches=batches)
def test_updates_one_by_one_equal_a_full_build(
    namespace: None, batches: list[dict[PartKey, PortPart | None]]
) -> None:
    asyncio.run(_compare(batches))


async def _compare(batches: list[dict[PartKey, PortPart | None]]) -> None:
    nft = Nftables()
    try:
        table, last = ServiceTable(CONFIG), dict[PartKey, PortPart | None]()
        await nft.run(table.full())
        for batch in batches:
            for transaction in table.update(batch).transactions():
                await nft.run(transaction)
            last |= batch
        updated = _listing()
        await nft.run(table.full())
        assert _listing() == updated
        fresh = ServiceTable(CONFIG)
        fresh.update(last)
        await nft.run(fresh.full())
        assert _without_generations(_listing()) == _without_generations(updated)
    finally:
        await nft.close()


def _listing() -> list[str]:
    """The table's content in an order that does not depend on its history."""
    output = subprocess.run(
        ["nft", "-j", "list", "table", "inet", "mk8s"], capture_output=True, text=True, check=True
    ).stdout
    return sorted(
        json.dumps(_normal(item), sort_keys=True) for item in json.loads(output)["nftables"]
    )


def _normal(item: object) -> object:
    if isinstance(item, dict):
        kept = {key: _normal(value) for key, value in item.items() if key != "handle"}
        if isinstance(kept.get("elem"), list):
            kept["elem"] = sorted(kept["elem"], key=json.dumps)
        return kept
    return [_normal(each) for each in item] if isinstance(item, list) else item


def _without_generations(listing: list[str]) -> list[str]:
    return sorted(
        re.sub(r"((?:svc|ext|lb|all|ep)_[^\"]*)\.\d+\"", r'\1"', line) for line in listing
    )

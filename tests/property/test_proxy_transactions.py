"""However Services change: nothing dangles after a transaction, and no packet meets half a change.

Runs without a kernel, on a table that refuses what the kernel would; packets are traced after each
transaction.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from mk8s_agent.proxy.parts import Owner, Part, PartKey
from mk8s_agent.proxy.table import ServiceTable

from tests.support.faketable import FakeTable
from tests.support.servedservices import CONFIG, endpoint, parts, service, slice_of
from tests.support.tracer import Packet, TracedNode

NAMES = {"api": "10.96.0.1", "db": "10.96.0.2", "web": "10.96.0.3"}
EXTERNAL, BALANCER, NODE = "203.0.113.7", "203.0.113.200", "192.0.2.1"
PLACES = [*((address, 80) for address in (*NAMES.values(), EXTERNAL, BALANCER)), (NODE, 30080)]
SOURCES = [("10.244.1.9", "mk8s9"), (NODE, ""), ("198.51.100.9", "uplink")]
PACKETS = [
    Packet(source, address, port, iif=iif) for address, port in PLACES for source, iif in SOURCES
]

addresses = st.sampled_from(["10.244.1.2", "10.244.1.3", "10.244.2.2"])
states = st.sampled_from(["ready", "ready", "unready", "terminating"])


@st.composite
def served(draw: st.DrawFn) -> tuple[Owner, dict[str, Part]]:
    """A Service as it is from now on, or is no more."""
    name = draw(st.sampled_from(sorted(NAMES)))
    owner = Owner("service", ("shop", name))
    if draw(st.integers(0, 4)) == 0:
        return owner, {}
    pods = draw(st.dictionaries(addresses, states, max_size=3))
    spec: dict[str, Any] = {
        "type": "LoadBalancer",
        "externalTrafficPolicy": draw(st.sampled_from(["Cluster", "Local"])),
        "internalTrafficPolicy": draw(st.sampled_from(["Cluster", "Local"])),
        "sessionAffinity": draw(st.sampled_from(["None", "ClientIP"])),
        "externalIPs": draw(st.sampled_from([[], [EXTERNAL]])),
        "loadBalancerSourceRanges": draw(st.sampled_from([[], ["198.51.100.0/24"]])),
        "nodePort": draw(st.sampled_from([0, 30080])),
        "protocol": draw(st.sampled_from(["TCP", "TCP", "UDP"])),
    }
    ingress = draw(st.sampled_from([[], [{"ip": BALANCER}]]))
    made = service(name, ingress=ingress, clusterIP=NAMES[name], **spec)
    found = [
        endpoint(address, "n2" if address.startswith("10.244.2") else "n1", state=state)
        for address, state in pods.items()
    ]
    kept = parts(made, slice_of(*found, protocol=spec["protocol"]))
    return owner, {key.name: part for key, part in kept.items() if part}


batches = st.lists(st.lists(served(), min_size=1, max_size=3), min_size=1, max_size=6)


def seen(kernel: FakeTable) -> list[set[str]]:
    assert kernel.content is not None
    pods = frozenset({"10.244.1.2", "10.244.1.3", "10.244.1.9"})
    node = TracedNode(kernel.content, frozenset({NODE}), pods)
    return [node.outcomes(packet) for packet in PACKETS]


@settings(max_examples=30, deadline=None)
@given(batches=batches)
def test_every_transaction_is_taken_and_every_packet_meets_the_old_or_the_new(
    batches: list[list[tuple[Owner, dict[str, Part]]]],
) -> None:
    table, kernel = ServiceTable(CONFIG), FakeTable(CONFIG.table)
    kernel.run(table.full())
    for batch in batches:
        changes: dict[PartKey, Part | None] = {}
        for owner, wanted in dict(batch).items():
            changes |= table.differences(owner, wanted)
        old = seen(kernel)
        update = table.update(changes)
        fresh = FakeTable(CONFIG.table)
        fresh.run(table.full())
        new = seen(fresh)
        for transaction in update.transactions():
            kernel.run(transaction)
            for packet, before, now, after in zip(PACKETS, old, seen(kernel), new, strict=True):
                assert now in (before, after), (packet, before, now, after)
        assert kernel.content == fresh.content

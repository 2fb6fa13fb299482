"""Other nodes' addresses in the table: what pods send to them keeps its source."""

from __future__ import annotations

from mk8s_agent.assignments import NO_KEY, Assignments, Key, NodeRoute
from mk8s_agent.proxy.fixed import TableConfig
from mk8s_agent.proxy.node_addresses import KIND, NodeAddresses
from mk8s_agent.proxy.parts import Owner
from mk8s_agent.proxy.table import ServiceTable

OWNER = Owner(KIND, NO_KEY)


def test_a_changed_address_of_a_node_changes_its_elements_alone() -> None:
    assignments, woken = Assignments(), list[tuple[str, Key]]()
    source = NodeAddresses(assignments, lambda kind, key: woken.append((kind, key)))
    assignments.subscribe(source.notice)
    table = ServiceTable(TableConfig("blue", "one", "10.244.0.0/16", "10.96.0.0/12"))
    two = NodeRoute("two", ("10.244.1.0/24",), ("192.0.2.2", "2001:db8::2"))
    three = NodeRoute("three", ("10.244.2.0/24",), ("192.0.2.3",))

    assignments.set_routes([two, three])
    assert woken == [(KIND, NO_KEY)]
    assert source.known() == [NO_KEY]
    table.update(table.differences(OWNER, source.parts(NO_KEY)))
    whole = table.full()
    assert "add element inet mk8s-blue node-ips { 192.0.2.2, 192.0.2.3 }" in whole
    assert "add element inet mk8s-blue node-ips6 { 2001:db8::2 }" in whole

    assignments.set_routes([two._replace(addresses=("192.0.2.9", "2001:db8::2")), three])
    update = table.update(table.differences(OWNER, source.parts(NO_KEY)))
    assert update.transactions() == [
        "delete element inet mk8s-blue node-ips { 192.0.2.2 }\n"
        "add element inet mk8s-blue node-ips { 192.0.2.9 }\n"
    ]


def test_nothing_else_wakes_it() -> None:
    woken: list[str] = []
    NodeAddresses(Assignments(), lambda kind, key: woken.append(kind)).notice("services", NO_KEY)
    assert woken == []

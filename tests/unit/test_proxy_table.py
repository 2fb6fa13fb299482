"""How the table changes: what is made, what switches over, what is swept."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mk8s_agent.proxy.desired import Backend, PortKey, ServicePort
from mk8s_agent.proxy.fixed import POLICY_INGRESS, TableConfig
from mk8s_agent.proxy.parts import Element, Fragment, Owner, PartKey
from mk8s_agent.proxy.table import ServiceTable

from tests.support.proxytables import having, without

CONFIG = TableConfig("mk8s", "n1", "10.244.0.0/16", "10.96.0.0/12")


def port(name: str, *addresses: str, external_ip: str = "203.0.113.7") -> ServicePort:
    found = tuple(Backend(address, 80, here=False) for address in addresses)
    return ServicePort(
        key=PortKey("default", name, "80"),
        protocol="tcp",
        port=80,
        cluster_ips=(),
        external_ips=(external_ip,),
        node_port=0,
        affinity_seconds=0,
        internal_local=False,
        external_local=False,
        backends=found,
        local=found,
    )


WEB = port("web", "10.244.0.2")


def test_a_new_service_has_its_chains_before_anything_leads_to_them() -> None:
    update = ServiceTable(CONFIG).update(having(WEB))
    assert update.make.splitlines() == [
        "table inet mk8s {",
        "\tchain svc_default_web_80.1 {",
        "\t\tmeta l4proto tcp dnat ip to 10.244.0.2:80",
        "\t}",
        "\tchain ext_default_web_80.1 {",
        "\t\tmeta mark set meta mark or 0x2000",
        "\t\tgoto svc_default_web_80.1",
        "\t}",
        "}",
    ]
    assert update.switch == (
        "add element inet mk8s service-ips { 203.0.113.7 . tcp . 80 : goto ext_default_web_80.1 }\n"
    )
    assert update.sweep == ""


def test_a_changed_service_switches_in_one_transaction_and_is_swept_after() -> None:
    table = ServiceTable(CONFIG)
    table.update(having(WEB))
    changed = replace(WEB, backends=(*WEB.backends, Backend("10.244.0.3", 80, here=False)))
    update = table.update(having(changed))
    assert update.switch.splitlines() == [
        "delete element inet mk8s service-ips { 203.0.113.7 . tcp . 80 }",
        "add element inet mk8s service-ips { 203.0.113.7 . tcp . 80 : goto ext_default_web_80.2 }",
    ]
    assert update.sweep.splitlines()[-1] == "delete chain inet mk8s ext_default_web_80.1"


def test_what_did_not_change_costs_nothing() -> None:
    table = ServiceTable(CONFIG)
    table.update(having(WEB))
    assert table.update(having(WEB)).transactions() == []
    assert table.update(without(PortKey("default", "none", "80"))).transactions() == []


def test_of_two_services_that_claim_an_address_the_first_by_name_has_it_and_hands_over() -> None:
    table = ServiceTable(CONFIG)
    api = port("api", "10.244.0.9")
    table.update(having(WEB))
    taken = table.update(having(api))
    assert "goto ext_default_api_80.2" in taken.switch
    handed_over = table.update(without(api.key))
    assert handed_over.switch.splitlines() == [
        "delete element inet mk8s service-ips { 203.0.113.7 . tcp . 80 }",
        "add element inet mk8s service-ips { 203.0.113.7 . tcp . 80 : goto ext_default_web_80.1 }",
    ]


@dataclass(frozen=True)
class Watched:
    """A part that has a set of its own and one that lives on."""

    ranges: str

    def fragment(self, generation: int) -> Fragment:
        chain = f"judge.{generation}"
        own = f"ranges.{generation}"
        return Fragment(
            chains={chain: (f"ip saddr @{own} return", "drop")},
            sets={
                own: f"type ipv4_addr; flags interval; elements = {{ {self.ranges} }}",
                "seen": "type ipv4_addr : verdict; size 10",
            },
            elements={Element(POLICY_INGRESS, "10.244.0.2"): f"jump {chain}"},
        )


def test_a_part_of_another_kind_has_sets_of_its_own_that_go_with_it() -> None:
    table, key = ServiceTable(CONFIG), PartKey(Owner("policy", ("default", "deny")), "")
    made = table.update({key: Watched("10.0.0.0/8")})
    assert made.make.splitlines()[1:3] == [
        "\tset ranges.1 { type ipv4_addr; flags interval; elements = { 10.0.0.0/8 }; }",
        "\tmap seen { type ipv4_addr : verdict; size 10; }",
    ]
    changed = table.update({key: Watched("192.168.0.0/16")})
    assert "seen" not in changed.make
    assert changed.sweep.splitlines() == [
        "flush chain inet mk8s judge.1",
        "delete set inet mk8s ranges.1",
        "delete chain inet mk8s judge.1",
    ]
    assert "delete map inet mk8s seen" in table.update({key: None}).sweep


def test_what_an_owner_has_no_longer_is_found_by_its_owner_alone() -> None:
    table, owner = ServiceTable(CONFIG), Owner("policy", ("default", "deny"))
    first, second = Watched("10.0.0.0/8"), Watched("10.0.0.0/9")
    table.update(table.differences(owner, {"a": first, "b": second}))
    assert table.differences(owner, {"a": first, "c": second}) == {
        PartKey(owner, "b"): None,
        PartKey(owner, "c"): second,
    }
    table.update(table.differences(owner, {}))
    assert table.owners() == []


def test_clusters_have_tables_of_their_own() -> None:
    other = TableConfig("lab", "n1", "10.244.0.0/16", "10.96.0.0/12")
    assert (
        ServiceTable(other)
        .full()
        .startswith("add table inet mk8s-lab\ndelete table inet mk8s-lab\n")
    )
